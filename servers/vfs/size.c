// SPDX-License-Identifier: MIT
// Sizes and whole-file operations: truncate, fallocate, sendfile, copy_file_range, the sync family.

#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include <linux_arch.h>
#include "calls.h"
#include "file.h"
#include "tmpfs.h"

#define SIGXFSZ 25
#define COPY_BUFFER 16384u

// May the file get this size? -> 0, -EFBIG (with SIGXFSZ), -EPERM
static long may_resize(struct client *caller, const struct inode *inode, uint64_t size)
{
    if (size > inode->size && size > caller->limits.file_size) {
        caller->divert = DIVERT_RAISE + SIGXFSZ;
        return -EFBIG;
    }
    unsigned seal = size < inode->size ? F_SEAL_SHRINK : size > inode->size ? F_SEAL_GROW : 0;
    return inode->seals & seal ? -EPERM : 0;
}

static long resize(struct client *caller, struct inode *inode, uint64_t size)
{
    if ((int64_t)size < 0)
        return -EINVAL;
    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode) || inode->operations)
        return -EINVAL;
    long error = may_resize(caller, inode, size);
    return error < 0 ? error : tmpfs_truncate(inode, size);
}

static long truncate_name(struct client *caller, unsigned long name, uint64_t size)
{
    struct path path;
    int error = call_lookup(caller, AT_FDCWD, name, LOOKUP_FOLLOW, &path);
    if (error < 0)
        return error;
    long result = inode_permission(caller, path.dentry->inode, W_OK);
    if (result == 0)
        result = path_writable(&path);
    if (result == 0 && path.dentry->inode->execs > 0)
        result = -ETXTBSY;
    if (result == 0)
        result = resize(caller, path.dentry->inode, size);
    path_put(&path);
    return result;
}

static long truncate_descriptor(struct client *caller, unsigned long fd, uint64_t size)
{
    struct file *file = files_get(caller, (int)fd);
    if (!file)
        return -EBADF;
    return file_writable(file) ? resize(caller, file->inode, size) : -EINVAL;
}

long call_truncate(struct client *caller, const unsigned long args[6])
{
    return truncate_name(caller, args[0], (uint64_t)(long)args[1]);
}

long call_ftruncate(struct client *caller, const unsigned long args[6])
{
    return truncate_descriptor(caller, args[0], (uint64_t)(long)args[1]);
}

long call_truncate64(struct client *caller, const unsigned long args[6])
{
    return truncate_name(caller, args[0], ARG64(args, 1));
}

long call_ftruncate64(struct client *caller, const unsigned long args[6])
{
    return truncate_descriptor(caller, args[0], ARG64(args, 1));
}

// KEEP_SIZE gives frames to what is within the file only: its object is as long as the file.
static long allocate(struct client *caller, struct inode *inode, uint64_t offset, uint64_t end,
                     bool keep_size)
{
    bool grows = !keep_size && end > inode->size;
    long error = grows ? may_resize(caller, inode, end) : 0;
    if (error == 0)
        error = tmpfs_allocate(inode, offset, end, grows);
    return error == 0 && grows ? tmpfs_truncate(inode, end) : error;
}

long call_fallocate(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get(caller, (int)args[0]);
    unsigned mode = (unsigned)args[1];
    uint64_t offset = ARG64(args, 2), length = ARG64(args, ARG_AFTER64(2)), end;
    if (!file || !file_writable(file))
        return -EBADF;
    if (S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    if (!S_ISREG(file->inode->mode) || file->inode->operations)
        return -ENODEV;
    if ((int64_t)offset < 0 || (int64_t)length <= 0)
        return -EINVAL;
    if (__builtin_add_overflow(offset, length, &end) || (int64_t)end < 0)
        return -EFBIG;
    if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
        return file->inode->seals & F_SEAL_WRITE ? -EPERM : tmpfs_punch(file->inode, offset, length);
    if (mode & ~FALLOC_FL_KEEP_SIZE)
        return -EOPNOTSUPP;
    return allocate(caller, file->inode, offset, end, mode & FALLOC_FL_KEEP_SIZE);
}

// --- copying inside vfs
struct copy {
    struct file *from, *to;
    uint64_t *from_position, *to_position;
    char *buffer;
};

// One buffer. -> bytes written, 0: end; what was read and not written is not consumed, because only seekable
// files are read from.
static long copy_some(struct client *caller, struct copy *copy, size_t length)
{
    struct transfer transfer;
    uint64_t position = *copy->from_position;
    transfer_local(&transfer, copy->buffer, length);
    long error = copy->from->operations->read(caller, copy->from, &transfer, &position);
    if (error < 0 && transfer.done == 0)
        return error;
    if (transfer.done == 0)
        return 0;
    transfer_local(&transfer, copy->buffer, transfer.done);
    error = copy->to->operations->write(caller, copy->to, &transfer, copy->to_position);
    *copy->from_position += transfer.done;
    return transfer.done > 0 ? (long)transfer.done : error;
}

static long copy_all(struct client *caller, struct copy *copy, size_t length)
{
    size_t done = 0;
    long error = 0;
    while (done < length) {
        size_t part = length - done < COPY_BUFFER ? length - done : COPY_BUFFER;
        error = copy_some(caller, copy, part);
        if (error <= 0)
            break;
        done += (size_t)error;
        if ((size_t)error < part && copy->to->operations->stream)
            break;
    }
    return done > 0 ? (long)done : error;
}

static bool copy_ready(const struct file *from, const struct file *to)
{
    return from->operations->read && from->operations->seekable && to->operations->write;
}

static long send_file(struct client *caller, const unsigned long args[6], uint64_t *position,
                      call_handler *again)
{
    struct file *from = files_get(caller, (int)args[1]), *to = files_get(caller, (int)args[0]);
    if (!from || !to || !file_readable(from) || !file_writable(to))
        return -EBADF;
    if (!copy_ready(from, to) || to->flags & O_APPEND || (position && (int64_t)*position < 0))
        return -EINVAL;
    struct copy copy = { from, to, position ? position : &from->position, &to->position,
                         heap_alloc(COPY_BUFFER) };
    if (!copy.buffer)
        return -ENOMEM;
    size_t length = args[3] < 0x7ffff000 ? args[3] : 0x7ffff000;
    file_get(from);
    file_get(to);
    long done = copy_all(caller, &copy, length);
    heap_free(copy.buffer);
    if (done == -EAGAIN && !(to->flags & O_NONBLOCK))
        done = park_redo(caller, again, args, to, NULL, POLL_WRITABLE);
    file_put(from);
    file_put(to);
    return done;
}

long call_sendfile(struct client *caller, const unsigned long args[6])
{
    long offset;
    uint64_t position = 0;
    if (args[2] && user_read(caller, &offset, args[2], sizeof(offset)) < 0)
        return -EFAULT;
    if (args[2])
        position = (uint64_t)offset;
    long done = send_file(caller, args, args[2] ? &position : NULL, call_sendfile);
    offset = (long)position;
    if (done > 0 && args[2] && user_write(caller, args[2], &offset, sizeof(offset)) < 0)
        return -EFAULT;
    return done;
}

long call_sendfile64(struct client *caller, const unsigned long args[6])
{
    uint64_t position = 0;
    if (args[2] && user_read(caller, &position, args[2], sizeof(position)) < 0)
        return -EFAULT;
    long done = send_file(caller, args, args[2] ? &position : NULL, call_sendfile64);
    if (done > 0 && args[2] && user_write(caller, args[2], &position, sizeof(position)) < 0)
        return -EFAULT;
    return done;
}

static long range_positions(struct client *caller, const unsigned long args[6], uint64_t position[2])
{
    for (unsigned i = 0; i < 2; i++)
        if (args[2 * i + 1] && user_read(caller, &position[i], args[2 * i + 1], sizeof(position[i])) < 0)
            return -EFAULT;
    return 0;
}

long call_copy_file_range(struct client *caller, const unsigned long args[6])
{
    struct file *from = files_get(caller, (int)args[0]), *to = files_get(caller, (int)args[2]);
    if (!from || !to || !file_readable(from) || !file_writable(to) || to->flags & O_APPEND)
        return -EBADF;
    if (S_ISDIR(from->inode->mode) || S_ISDIR(to->inode->mode))
        return -EISDIR;
    if (!S_ISREG(from->inode->mode) || !S_ISREG(to->inode->mode) || args[5] || !copy_ready(from, to))
        return -EINVAL;
    uint64_t position[2] = { from->position, to->position };
    if (range_positions(caller, args, position) < 0)
        return -EFAULT;
    size_t length = args[4] < 0x7ffff000 ? args[4] : 0x7ffff000;
    if (from->inode == to->inode && position[0] < position[1] + length && position[1] < position[0] + length)
        return -EINVAL;
    struct copy copy = { from, to, &position[0], &position[1], heap_alloc(COPY_BUFFER) };
    if (!copy.buffer)
        return -ENOMEM;
    long done = copy_all(caller, &copy, length);
    heap_free(copy.buffer);
    if (done <= 0)
        return done;
    struct file *files[2] = { from, to };
    for (unsigned i = 0; i < 2; i++) {
        if (!args[2 * i + 1])
            files[i]->position = position[i];
        else if (user_write(caller, args[2 * i + 1], &position[i], sizeof(position[i])) < 0)
            return -EFAULT;
    }
    return done;
}

// --- nothing is ever behind the pages of a memory object
long call_sync(struct client *caller, const unsigned long args[6]) { return 0; }

static long sync_descriptor(struct client *caller, unsigned long fd)
{
    struct file *file = files_get(caller, (int)fd);
    if (!file)
        return -EBADF;
    return S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode) || S_ISBLK(file->inode->mode) ? 0
                                                                                                  : -EINVAL;
}

long call_fsync(struct client *caller, const unsigned long args[6])
{
    return sync_descriptor(caller, args[0]);
}
long call_fdatasync(struct client *caller, const unsigned long args[6])
{
    return sync_descriptor(caller, args[0]);
}
long call_sync_file_range(struct client *caller, const unsigned long args[6])
{
    return sync_descriptor(caller, args[0]);
}

long call_syncfs(struct client *caller, const unsigned long args[6])
{
    return files_get(caller, (int)args[0]) ? 0 : -EBADF;
}

static long advise(struct client *caller, unsigned long fd, unsigned long advice)
{
    struct file *file = files_get(caller, (int)fd);
    if (!file)
        return -EBADF;
    return S_ISFIFO(file->inode->mode) ? -ESPIPE : advice > 5 ? -EINVAL : 0;
}

long call_fadvise64(struct client *caller, const unsigned long args[6])
{
    return advise(caller, args[0], args[ARG_AFTER64(1) + 1]);
}

long call_fadvise64_64(struct client *caller, const unsigned long args[6])
{
    return advise(caller, args[0], args[ARG_AFTER64(ARG_AFTER64(1))]);
}

long call_readahead(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get(caller, (int)args[0]);
    if (!file || !file_readable(file))
        return -EBADF;
    return S_ISREG(file->inode->mode) ? 0 : -EINVAL;
}
