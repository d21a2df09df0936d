// SPDX-License-Identifier: MIT
// Pipes and fifos: a ring of bytes that grows up to the pipe's capacity, so that an idle pipe costs little.

#include "pipe.h"
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/termios.h>
#include <string.h>
#include "async.h"
#include "calls.h"

#define PIPE_BUF 4096u
#define PIPE_DEFAULT 65536u
#define PIPE_LIMIT (1u << 20) // fs.pipe-max-size
#define SIGPIPE 13

struct pipe {
    struct wait_queue queue;
    char *ring;
    size_t size, capacity; // allocated, and what it may grow to: powers of two
    size_t head, length;   // first byte, bytes in use
    unsigned readers, writers;
    unsigned reader_count, writer_count; // ever opened: waiting opens look for a change
};

static struct pipe *pipe_create(void)
{
    struct pipe *pipe = heap_alloc(sizeof(*pipe));
    if (!pipe)
        return NULL;
    queue_init(&pipe->queue);
    pipe->capacity = PIPE_DEFAULT;
    return pipe;
}

static struct pipe *pipe_of(const struct file *file) { return file->inode->fifo.pipe; }

// Moves the content to a ring of another size.
static bool reallocate(struct pipe *pipe, size_t size)
{
    char *ring = heap_alloc_raw(size);
    if (!ring)
        return false;
    size_t first = pipe->size - pipe->head;
    if (first > pipe->length)
        first = pipe->length;
    if (pipe->length > 0) {
        memcpy(ring, pipe->ring + pipe->head, first);
        memcpy(ring + first, pipe->ring, pipe->length - first);
    }
    heap_free(pipe->ring);
    pipe->ring = ring;
    pipe->size = size;
    pipe->head = 0;
    return true;
}

static bool make_room(struct pipe *pipe, size_t wanted)
{
    size_t needed = pipe->length + wanted;
    if (needed > pipe->capacity)
        needed = pipe->capacity;
    if (needed <= pipe->size)
        return true;
    size_t size = pipe->size ? pipe->size : PIPE_BUF;
    while (size < needed)
        size *= 2;
    return reallocate(pipe, size) || pipe->length < pipe->size;
}

static long drain(struct pipe *pipe, struct transfer *transfer)
{
    long error = 0;
    if (pipe->length == 0)
        return pipe->writers == 0 ? 0 : -EAGAIN;
    while (pipe->length > 0 && transfer->left > 0) {
        size_t part = pipe->size - pipe->head;
        long got = transfer_out(transfer, pipe->ring + pipe->head, part < pipe->length ? part : pipe->length);
        if (got < 0) {
            error = got;
            break;
        }
        pipe->head = (pipe->head + (size_t)got) & (pipe->size - 1);
        pipe->length -= (size_t)got;
    }
    if (pipe->length == 0)
        pipe->head = 0;
    if (transfer->done > 0)
        queue_wake(&pipe->queue, POLL_WRITABLE);
    return error;
}

// As in Linux, the owners of the other end get their signal even if this changes nothing.
static long pipe_read(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    struct pipe *pipe = pipe_of(file);
    if (transfer->left == 0)
        return 0;
    long error = drain(pipe, transfer);
    async_notify(&pipe->queue, ASYNC_OUT, file_writable);
    return error;
}

static long fill(struct pipe *pipe, struct transfer *transfer)
{
    while (transfer->left > 0 && pipe->length < pipe->size) {
        size_t tail = (pipe->head + pipe->length) & (pipe->size - 1);
        size_t end = tail < pipe->head ? pipe->head : pipe->size;
        long got = transfer_in(transfer, pipe->ring + tail, end - tail);
        if (got < 0)
            return got;
        pipe->length += (size_t)got;
    }
    return transfer->left > 0 ? -EAGAIN : 0;
}

static long put(struct pipe *pipe, struct transfer *transfer)
{
    if (pipe->readers == 0)
        return -EPIPE;
    size_t room = pipe->capacity - pipe->length;
    // Writes of up to PIPE_BUF bytes are never taken in parts (pipe(7)).
    if (room == 0 || (transfer->done == 0 && transfer->left <= PIPE_BUF && room < transfer->left))
        return -EAGAIN;
    if (!make_room(pipe, transfer->left))
        return pipe->length > 0 ? -EAGAIN : -ENOMEM;
    long error = fill(pipe, transfer);
    if (pipe->length > 0)
        queue_wake(&pipe->queue, POLL_READABLE);
    return error;
}

static long pipe_write(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    struct pipe *pipe = pipe_of(file);
    if (transfer->left == 0)
        return 0;
    long error = put(pipe, transfer);
    if (error == -EPIPE && caller)
        caller->divert = DIVERT_RAISE + SIGPIPE;
    async_notify(&pipe->queue, ASYNC_IN, file_readable);
    return error;
}

static unsigned pipe_poll(struct file *file)
{
    struct pipe *pipe = pipe_of(file);
    unsigned events = 0;
    if (file_readable(file)) {
        if (pipe->length > 0)
            events |= POLL_READABLE;
        if (pipe->writers == 0 && pipe->writer_count != (unsigned)(uintptr_t)file->state)
            events |= POLLHUP;
    }
    if (file_writable(file)) {
        if (pipe->capacity - pipe->length >= PIPE_BUF)
            events |= POLL_WRITABLE;
        if (pipe->readers == 0)
            events |= POLLERR;
    }
    return events;
}

static long pipe_ioctl(struct client *caller, struct file *file, unsigned long command,
                       unsigned long argument)
{
    if (command != FIONREAD)
        return -ENOTTY;
    int length = (int)pipe_of(file)->length;
    return user_write(caller, argument, &length, sizeof(length));
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = pipe_of(file);
    if (file_readable(file))
        pipe->readers--;
    if (file_writable(file))
        pipe->writers--;
    if (!pipe->readers != !pipe->writers) {
        async_notify(&pipe->queue, ASYNC_IN, file_readable);
        async_notify(&pipe->queue, ASYNC_OUT, file_writable);
    }
    if (pipe->readers + pipe->writers > 0) {
        queue_wake(&pipe->queue, POLL_READABLE | POLL_WRITABLE | POLLHUP);
        return;
    }
    queue_clear(&pipe->queue);
    file->inode->fifo.pipe = NULL;
    heap_free(pipe->ring);
    heap_free(pipe);
}

const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
    .async = async_any,
    .stream = true,
};

// The file becomes an end (or both ends) of the pipe.
static void attach(struct file *file, struct pipe *pipe)
{
    file->state = (void *)(uintptr_t)pipe->writer_count;
    if (file_readable(file)) {
        pipe->readers++;
        pipe->reader_count++;
    }
    if (file_writable(file)) {
        pipe->writers++;
        pipe->writer_count++;
    }
    file->queue = &pipe->queue;
    file->operations = &pipe_operations;
    queue_wake(&pipe->queue, POLL_READABLE | POLL_WRITABLE);
}

int fifo_open(struct client *caller, struct file *file)
{
    struct inode *inode = file->inode;
    bool other = inode->fifo.pipe && inode->fifo.pipe->readers > 0;
    if ((file->flags & O_ACCMODE) == O_WRONLY && file->flags & O_NONBLOCK && !other)
        return -ENXIO;
    if (!inode->fifo.pipe && !(inode->fifo.pipe = pipe_create()))
        return -ENOMEM;
    attach(file, inode->fifo.pipe);
    return 0;
}

// word[0]: count of the other end at the start, word[1]: open flags
static long open_retry(struct client *caller)
{
    struct file *file = caller->parked.file.file;
    struct pipe *pipe = pipe_of(file);
    unsigned count = file_readable(file) ? pipe->writer_count : pipe->reader_count;
    if (count == (unsigned)caller->parked.file.word[0])
        return NO_REPLY;
    long fd = files_add(caller, file, caller->parked.file.word[1] & O_CLOEXEC, 0);
    if (fd >= 0)
        file_get(file);
    return fd;
}

static void open_release(struct client *caller) { file_put(caller->parked.file.file); }

static const struct park_kind park_open = {
    .retry = open_retry,
    .release = open_release,
    .divert = DIVERT_RESTARTSYS,
};

long fifo_wait(struct client *caller, struct file *file, unsigned flags)
{
    if (file->operations != &pipe_operations || flags & (O_NONBLOCK | O_PATH))
        return 0;
    if (!file->path.mount) // a pipe, opened through /proc/PID/fd: its other end may be gone for good
        return 0;
    struct pipe *pipe = pipe_of(file);
    bool reading = file_readable(file);
    if ((reading ? pipe->writers : pipe->readers) > 0)
        return 0;
    caller->parked.file.file = file;
    caller->parked.file.word[0] = reading ? pipe->writer_count : pipe->reader_count;
    caller->parked.file.word[1] = flags;
    return park(caller, &park_open, file->queue, POLL_READABLE | POLL_WRITABLE, NO_DEADLINE);
}

long pipe_size(const struct file *file)
{
    return file->operations == &pipe_operations ? (long)pipe_of(file)->capacity : -EBADF;
}

long pipe_resize(struct client *caller, struct file *file, unsigned long wanted)
{
    if (file->operations != &pipe_operations)
        return -EBADF;
    struct pipe *pipe = pipe_of(file);
    size_t size = PIPE_BUF;
    if (wanted > 1u << 31)
        return -EINVAL;
    while (size < wanted)
        size *= 2;
    if (size > PIPE_LIMIT && size > pipe->capacity && !client_capable(caller, CAP_SYS_RESOURCE))
        return -EPERM;
    if (size < pipe->length)
        return -EBUSY;
    if (pipe->size > size && !reallocate(pipe, size))
        return -ENOMEM;
    bool grown = size > pipe->capacity;
    pipe->capacity = size;
    if (grown)
        queue_wake(&pipe->queue, POLL_WRITABLE);
    return (long)size;
}

// Two files on one inode. -> 0, -ENOMEM
static int make_pipe(unsigned flags, struct file *ends[2])
{
    ends[0] = file_anonymous("pipe:", S_IFIFO | 0600, O_RDONLY | flags, &pipe_operations);
    if (!ends[0])
        return -ENOMEM;
    struct path path = ends[0]->path;
    path_get(&path);
    ends[1] = file_create(&path, O_WRONLY | flags, &pipe_operations);
    struct pipe *pipe = ends[1] ? pipe_create() : NULL;
    if (!pipe) {
        static const struct file_operations none;
        ends[0]->operations = &none;
        if (ends[1])
            ends[1]->operations = &none;
        if (ends[1])
            file_put(ends[1]);
        else
            path_put(&path);
        file_put(ends[0]);
        return -ENOMEM;
    }
    ends[0]->inode->fifo.pipe = pipe;
    attach(ends[0], pipe);
    attach(ends[1], pipe);
    return 0;
}

static long do_pipe(struct client *caller, unsigned long to, unsigned flags)
{
    struct file *ends[2];
    int32_t fds[2] = { -1, -1 };
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    int error = make_pipe(flags & O_NONBLOCK, ends);
    if (error < 0)
        return error;
    for (unsigned i = 0; i < 2 && error == 0; i++) {
        fds[i] = (int32_t)files_add(caller, ends[i], flags & O_CLOEXEC, 0);
        error = fds[i] < 0 ? fds[i] : 0;
    }
    if (error == 0)
        error = user_write(caller, to, fds, sizeof(fds));
    for (unsigned i = 0; i < 2 && error < 0; i++) {
        if (fds[i] >= 0)
            files_close(caller, fds[i]);
        else
            file_put(ends[i]);
    }
    return error;
}

long call_pipe(struct client *caller, const unsigned long args[6]) { return do_pipe(caller, args[0], 0); }
long call_pipe2(struct client *caller, const unsigned long args[6])
{
    return do_pipe(caller, args[0], (unsigned)args[1]);
}
