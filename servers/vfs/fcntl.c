// SPDX-License-Identifier: MIT
// fcntl(2), and the ioctls that every descriptor understands; the rest goes to the file.

#include <errno.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/termios.h>
#include "async.h"
#include "calls.h"
#include "file.h"
#include "locks.h"
#include "pipe.h"
#include "tmpfs.h"

#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static long duplicate(struct client *caller, struct file *file, unsigned long lowest, bool cloexec)
{
    if (lowest >= caller->limits.open_files)
        return -EINVAL;
    long fd = files_add(caller, file, cloexec, (unsigned)lowest);
    if (fd >= 0)
        file_get(file);
    return fd;
}

static long set_flags(struct client *caller, struct file *file, int fd, unsigned flags)
{
    if (flags & O_NOATIME && !(file->flags & O_NOATIME) && !inode_owned(caller, file->inode))
        return -EPERM;
    bool changes = (flags ^ file->flags) & FASYNC;
    file_get(file);
    long error = changes && file->operations->async ? async_set(caller, file, fd, flags & FASYNC) : 0;
    if (error == 0)
        file->flags = (file->flags & ~SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    file_put(file);
    return error;
}

static long add_seals(struct file *file, unsigned seals)
{
    struct inode *inode = file->inode;
    if (!S_ISREG(inode->mode) || inode->operations || seals & ~0x1fu)
        return -EINVAL;
    if (!file_writable(file) || inode->seals & F_SEAL_SEAL)
        return -EPERM;
    if (seals & F_SEAL_WRITE && !(inode->seals & F_SEAL_WRITE) && tmpfs_mapped_writable(inode))
        return -EBUSY;
    inode->seals |= seals;
    return 0;
}

// Commands that an O_PATH descriptor allows too.
static long descriptor_command(struct client *caller, int fd, struct file *file, unsigned command,
                               unsigned long argument)
{
    struct descriptor *descriptor = &caller->files->table[fd];
    switch (command) {
    case F_DUPFD: return duplicate(caller, file, argument, false);
    case F_DUPFD_CLOEXEC: return duplicate(caller, file, argument, true);
    case F_GETFD: return descriptor->cloexec ? FD_CLOEXEC : 0;
    case F_SETFD: descriptor->cloexec = argument & FD_CLOEXEC; return 0;
    case F_GETFL: return (long)file->flags;
    default: return file->flags & O_PATH ? -EBADF : -ENOSYS;
    }
}

static long do_fcntl(struct client *caller, const unsigned long args[6])
{
    int fd = (int)args[0];
    unsigned command = (unsigned)args[1];
    struct file *file = files_get_any(caller, fd);
    if (!file)
        return -EBADF;
    long result = descriptor_command(caller, fd, file, command, args[2]);
    if (result != -ENOSYS)
        return result;
    switch (command) {
    case F_SETFL: return set_flags(caller, file, fd, (unsigned)args[2]);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return locks_fcntl(caller, file, command, args);
    case F_GETLK64:
    case F_SETLK64:
    case F_SETLKW64: return sizeof(long) == 8 ? -EINVAL : locks_fcntl(caller, file, command, args);
    case F_GETLEASE: return F_UNLCK;
    case F_SETPIPE_SZ: return pipe_resize(caller, file, args[2]);
    case F_GETPIPE_SZ: return pipe_size(file);
    case F_ADD_SEALS: return add_seals(file, (unsigned)args[2]);
    case F_GET_SEALS:
        return S_ISREG(file->inode->mode) && !file->inode->operations ? (long)file->inode->seals : -EINVAL;
    default: return async_fcntl(caller, file, command, args[2]);
    }
}

long call_fcntl(struct client *caller, const unsigned long args[6]) { return do_fcntl(caller, args); }
long call_fcntl64(struct client *caller, const unsigned long args[6]) { return do_fcntl(caller, args); }

static long bytes_left(struct client *caller, struct file *file, unsigned long to)
{
    if (!S_ISREG(file->inode->mode))
        return -ENOTTY;
    int left = (int)(file->inode->size - file->position); // negative behind the end
    return user_write(caller, to, &left, sizeof(left));
}

long call_ioctl(struct client *caller, const unsigned long args[6])
{
    int fd = (int)args[0], on;
    struct file *file = files_get(caller, fd);
    if (!file)
        return -EBADF;
    switch ((unsigned)args[1]) {
    case FIOCLEX:
    case FIONCLEX: caller->files->table[fd].cloexec = args[1] == FIOCLEX; return 0;
    case FIONBIO:
        if (user_read(caller, &on, args[2], sizeof(on)) < 0)
            return -EFAULT;
        file->flags = on ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK;
        return 0;
    case FIOASYNC:
        if (user_read(caller, &on, args[2], sizeof(on)) < 0)
            return -EFAULT;
        return !on == !(file->flags & FASYNC) ? 0 : async_set(caller, file, fd, on);
    }
    if (!file->operations->ioctl)
        return (unsigned)args[1] == FIONREAD ? bytes_left(caller, file, args[2]) : -ENOTTY;
    file_get(file);
    long result = file->operations->ioctl(caller, file, (unsigned)args[1], args[2]);
    file_put(file);
    return result;
}
