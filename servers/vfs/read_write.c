// SPDX-License-Identifier: MIT
// The read and write calls in all their forms, parking when the file has nothing to give or no room; lseek.

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux_arch.h>
#include "calls.h"
#include "file.h"
#include "shortage.h"
#include "tmpfs.h"

#define TRANSFER_LIMIT 0x7ffff000ul // read(2)

// What an operation's result means for the call.
static long transferred(const struct transfer *transfer, long error)
{
    if (error == 0 || (error != -EAGAIN && error != -EFIBER && transfer->done > 0))
        return (long)transfer->done;
    return error;
}

static long try_transfer(struct client *caller, struct file *file, struct transfer *transfer,
                         uint64_t *position, bool writing)
{
    long error = writing ? file->operations->write(caller, file, transfer, position)
                         : file->operations->read(caller, file, transfer, position);
    return transferred(transfer, error);
}

// A reader is content with something, a writer goes on until all is gone.
static long io_retry(struct client *caller)
{
    struct parked *parked = &caller->parked;
    struct file *file = parked->io.file;
    uint64_t *position = parked->io.positioned ? &parked->io.position : &file->position;
    long result = try_transfer(caller, file, &parked->io.transfer, position, parked->io.writing);
    if (caller->starved)
        return -EFAULT; // and it goes on later
    if (result != -EAGAIN)
        return result;
    if (parked->io.transfer.done > 0 && !parked->io.writing)
        return (long)parked->io.transfer.done;
    if (!parked->io.writing && file->operations->read_deadline && !parked->timer.armed && !parked->timed_out)
        timer_set(&parked->timer, file->operations->read_deadline(file, &parked->io.transfer));
    return NO_REPLY;
}

static long io_expired(struct client *caller)
{
    caller->parked.io.transfer.expired = true;
    caller->parked.timed_out = false;
    long result = io_retry(caller);
    return result == NO_REPLY ? 0 : result;
}

static long io_interrupted(struct client *caller)
{
    struct transfer *transfer = &caller->parked.io.transfer;
    return transfer->done > 0 ? (long)transfer->done : -EINTR;
}

static void io_release(struct client *caller)
{
    transfer_release(&caller->parked.io.transfer);
    file_put(caller->parked.io.file);
}

static const struct park_kind park_io = {
    .retry = io_retry,
    .expired = io_expired,
    .interrupted = io_interrupted,
    .release = io_release,
    .divert = DIVERT_RESTARTSYS,
};

// The rest of the transfer is made when woken, or when there is memory.
static long park_transfer(struct client *caller, struct file *file, const struct transfer *transfer,
                          const uint64_t *position, bool writing)
{
    struct parked *parked = &caller->parked;
    parked->io.file = file;
    parked->io.transfer = *transfer;
    parked->io.position = position ? *position : 0;
    parked->io.positioned = position != NULL;
    parked->io.writing = writing;
    uint64_t deadline = NO_DEADLINE;
    if (!writing && file->operations->read_deadline)
        deadline = file->operations->read_deadline(file, transfer);
    long result =
        park(caller, &park_io, file->queue, writing ? POLL_WRITABLE : POLL_READABLE | POLLRDHUP, deadline);
    if (result == NO_REPLY && caller->starved)
        shortage_wait(caller);
    return result;
}

// After a first attempt that moved nothing, or not all; *own is where it got, of a transfer with a position of its own.
static __attribute__((noinline)) long finish_transfer(struct client *caller, struct file *file,
                                                      struct transfer *transfer, uint64_t *own, bool writing,
                                                      long error)
{
    long result = transferred(transfer, error);
    if (caller->starved && result != -EFIBER)
        return park_transfer(caller, file, transfer, own, writing);
    if (result == -EAGAIN && (file->flags & O_NONBLOCK || (!writing && transfer->done > 0)))
        result = transfer->done > 0 ? (long)transfer->done : -EAGAIN;
    else if (result == -EAGAIN && file->queue)
        return park_transfer(caller, file, transfer, own, writing);
    transfer_release(transfer);
    file_put(file);
    return result;
}

long file_transfer(struct client *caller, struct file *file, struct transfer *transfer,
                   const uint64_t *position, bool writing)
{
    uint64_t own = position ? *position : 0;
    // An operation may wait on a fiber, during which another thread may close the file.
    file_get(file);
    uint64_t *place = position ? &own : &file->position;
    long error = writing ? file->operations->write(caller, file, transfer, place)
                         : file->operations->read(caller, file, transfer, place);
    if (error != 0 || caller->starved)
        return finish_transfer(caller, file, transfer, position ? &own : NULL, writing, error);
    transfer_release(transfer);
    file_put(file);
    return (long)transfer->done;
}

// The file of a descriptor for reading or writing. -> 0, -EBADF, -EISDIR, -EINVAL, -ESPIPE
static long io_file(struct client *caller, int fd, bool writing, bool positioned, struct file **result)
{
    struct file *file = files_get(caller, fd);
    if (!file || !(writing ? file_writable(file) : file_readable(file)))
        return -EBADF;
    if (positioned && file->operations->stream)
        return -ESPIPE;
    if (!writing && S_ISDIR(file->inode->mode))
        return -EISDIR;
    if (!(writing ? (void *)file->operations->write : (void *)file->operations->read))
        return -EINVAL;
    *result = file;
    return 0;
}

static long simple(struct client *caller, const unsigned long args[6], const uint64_t *position, bool writing)
{
    struct file *file;
    struct transfer transfer;
    long error = io_file(caller, (int)args[0], writing, position != NULL, &file);
    if (error < 0)
        return error;
    if (position && (int64_t)*position < 0)
        return -EINVAL;
    if ((long)args[2] < 0)
        return -EINVAL;
    size_t length = args[2] < TRANSFER_LIMIT ? args[2] : TRANSFER_LIMIT;
    transfer_init(&transfer, caller, args[1], length);
    return file_transfer(caller, file, &transfer, position, writing);
}

static long vector(struct client *caller, const unsigned long args[6], const uint64_t *position, bool writing)
{
    struct file *file;
    struct transfer transfer;
    long error = io_file(caller, (int)args[0], writing, position != NULL, &file);
    if (error < 0)
        return error;
    if (position && (int64_t)*position < 0)
        return -EINVAL;
    error = transfer_vector(&transfer, caller, args[1], args[2]);
    if (error < 0)
        return error;
    return file_transfer(caller, file, &transfer, position, writing);
}

long call_read(struct client *caller, const unsigned long args[6])
{
    return simple(caller, args, NULL, false);
}
long call_write(struct client *caller, const unsigned long args[6])
{
    return simple(caller, args, NULL, true);
}
long call_readv(struct client *caller, const unsigned long args[6])
{
    return vector(caller, args, NULL, false);
}
long call_writev(struct client *caller, const unsigned long args[6])
{
    return vector(caller, args, NULL, true);
}

long call_pread64(struct client *caller, const unsigned long args[6])
{
    uint64_t position = ARG64(args, 3);
    return simple(caller, args, &position, false);
}

long call_pwrite64(struct client *caller, const unsigned long args[6])
{
    uint64_t position = ARG64(args, 3);
    return simple(caller, args, &position, true);
}

// preadv and pwritev pass the position as two `long`s, low one first, on every architecture.
static uint64_t split_position(const unsigned long args[6])
{
    return sizeof(long) == 8 ? args[3] : (uint64_t)args[3] | (uint64_t)args[4] << 32;
}

long call_preadv(struct client *caller, const unsigned long args[6])
{
    uint64_t position = split_position(args);
    return vector(caller, args, &position, false);
}

long call_pwritev(struct client *caller, const unsigned long args[6])
{
    uint64_t position = split_position(args);
    return vector(caller, args, &position, true);
}

// Of the RWF_* flags only those without effect here are accepted: HIPRI, DSYNC, SYNC.
static long vector2(struct client *caller, const unsigned long args[6], bool writing)
{
    uint64_t position = split_position(args);
    if (args[5] & ~7ul)
        return -EOPNOTSUPP;
    return vector(caller, args, (int64_t)position == -1 ? NULL : &position, writing);
}

long call_preadv2(struct client *caller, const unsigned long args[6]) { return vector2(caller, args, false); }
long call_pwritev2(struct client *caller, const unsigned long args[6]) { return vector2(caller, args, true); }

// --- lseek
static long seek_target(struct file *file, int64_t offset, int whence, uint64_t *target)
{
    int64_t base = 0, size = (int64_t)file->inode->size;
    switch (whence) {
    case SEEK_SET: break;
    case SEEK_CUR: base = (int64_t)file->position; break;
    case SEEK_END: base = size; break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (offset < 0 || offset >= size)
            return -ENXIO;
        if (S_ISREG(file->inode->mode) && !file->inode->operations)
            return tmpfs_seek(file->inode, (uint64_t)offset, whence == SEEK_HOLE, target);
        // All of a file counts as data, and its end as the only hole.
        *target = (uint64_t)(whence == SEEK_DATA ? offset : size);
        return 0;
    default: return -EINVAL;
    }
    int64_t sum;
    if (__builtin_add_overflow(base, offset, &sum) || sum < 0)
        return -EINVAL;
    *target = (uint64_t)sum;
    return 0;
}

static long seek(struct client *caller, int fd, int64_t offset, int whence, uint64_t *position)
{
    struct file *file = files_get(caller, fd);
    if (!file)
        return -EBADF;
    long error;
    if (file->operations->seek)
        error = file->operations->seek(file, offset, whence, position);
    else if (!file->operations->seekable)
        error = -ESPIPE;
    else
        error = seek_target(file, offset, whence, position);
    if (error == 0)
        file->position = *position;
    return error;
}

long call_lseek(struct client *caller, const unsigned long args[6])
{
    uint64_t position;
    long error = seek(caller, (int)args[0], (long)args[1], (int)args[2], &position);
    if (error < 0)
        return error;
    return position > (~0ul >> 1) ? -EOVERFLOW : (long)position;
}

long call__llseek(struct client *caller, const unsigned long args[6])
{
    uint64_t position;
    int64_t offset = (int64_t)((uint64_t)args[1] << 32 | (uint32_t)args[2]);
    long error = seek(caller, (int)args[0], offset, (int)args[4], &position);
    return error < 0 ? error : user_write(caller, args[3], &position, sizeof(position));
}
