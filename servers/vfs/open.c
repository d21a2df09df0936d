// SPDX-License-Identifier: MIT
// open(2), openat2(2) and creat(2); O_TMPFILE; memfd_create(2).

#include <errno.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "names.h"
#include "pipe.h"
#include "tmpfs.h"

struct open_request {
    int dirfd;
    unsigned flags, mode, lookup;
};

static unsigned access_mask(unsigned flags)
{
    static const unsigned char masks[4] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };
    return masks[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0);
}

// May an existing file be opened so?
static int may_open(struct client *caller, const struct path *path, unsigned flags)
{
    struct inode *inode = path->dentry->inode;
    unsigned mask = access_mask(flags);
    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (S_ISDIR(inode->mode) && (mask & W_OK || flags & O_CREAT))
        return -EISDIR;
    if (mask & W_OK && S_ISREG(inode->mode) && path_writable(path) < 0)
        return -EROFS;
    int error = inode_permission(caller, inode, mask);
    if (error < 0)
        return error;
    if (flags & O_NOATIME && !inode_owned(caller, inode))
        return -EPERM;
    return 0;
}

static int truncate_opened(struct client *caller, struct inode *inode)
{
    if (!S_ISREG(inode->mode) || inode->operations)
        return 0;
    return tmpfs_truncate(inode, 0);
}

static long install(struct client *caller, const struct path *path, unsigned flags)
{
    struct file *file;
    int error = file_open(caller, path, flags, &file);
    if (error < 0)
        return error;
    if (flags & O_TRUNC && (error = truncate_opened(caller, file->inode)) < 0) {
        file_put(file);
        return error;
    }
    // A fifo whose other end is missing waits with the file, and gets its descriptor when that comes.
    long fd = fifo_wait(caller, file, flags);
    if (fd != 0)
        return fd;
    fd = files_add(caller, file, flags & O_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

static long open_existing(struct client *caller, const struct path *path, unsigned flags)
{
    if (flags & O_PATH) {
        if (flags & O_DIRECTORY && !S_ISDIR(path->dentry->inode->mode))
            return -ENOTDIR;
        return install(caller, path, flags & (O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW));
    }
    if (flags & O_DIRECTORY && !S_ISDIR(path->dentry->inode->mode))
        return -ENOTDIR;
    int error = may_open(caller, path, flags);
    return error < 0 ? error : install(caller, path, flags);
}

static long open_plain(struct client *caller, const struct open_request *request, const char *name)
{
    struct path path;
    unsigned follow = request->flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    unsigned directory = request->flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0;
    int error = path_lookup(caller, request->dirfd, name, request->lookup | follow | directory, &path);
    if (error < 0)
        return error;
    long fd = open_existing(caller, &path, request->flags);
    path_put(&path);
    return fd;
}

static long create_and_open(struct client *caller, const struct open_request *request, struct path *directory,
                            const struct last *last)
{
    struct path path = { directory->mount, NULL };
    int error = name_create(caller, directory, last, S_IFREG | (request->mode & 07777), 0, &path.dentry);
    if (error < 0)
        return error;
    path.mount = mount_get(directory->mount);
    struct file *file;
    error = file_open(caller, &path, request->flags, &file);
    long fd = error;
    if (error == 0) {
        fd = files_add(caller, file, request->flags & O_CLOEXEC, 0);
        if (fd < 0)
            file_put(file);
    }
    path_put(&path);
    return fd;
}

// One look at the last component. -> 1: it was a link, go on
static long open_last(struct client *caller, const struct open_request *request, struct walk *walk,
                      const struct last *last)
{
    unsigned flags = request->flags;
    if (last->kind != LAST_NAME || last->slash)
        return -EISDIR;
    struct path child;
    int error = path_child(caller, &walk->at, last->name, last->length, &child);
    if (error == -ENOENT)
        return create_and_open(caller, request, &walk->at, last);
    if (error < 0)
        return error;
    long result;
    if (flags & O_EXCL)
        result = -EEXIST;
    else if (S_ISLNK(child.dentry->inode->mode) && !(flags & O_NOFOLLOW)) {
        error = walk_link(walk, &child);
        result = error < 0 ? error : error == 0 ? 1 : open_existing(caller, &walk->at, flags);
    } else
        result = open_existing(caller, &child, flags);
    path_put(&child);
    return result;
}

static long open_create(struct client *caller, const struct open_request *request, const char *name)
{
    struct walk walk;
    struct last last;
    long result = walk_start(&walk, caller, request->dirfd, name, request->lookup);
    if (result == 0)
        do {
            result = walk_parent(&walk, &last);
            if (result == 0)
                result = open_last(caller, request, &walk, &last);
        } while (result == 1 && walk.rest && *walk.rest);
    walk_end(&walk);
    return result;
}

static long open_temporary(struct client *caller, const struct open_request *request, const char *name)
{
    struct path directory;
    int error = path_lookup(caller, request->dirfd, name, request->lookup | LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
                            &directory);
    if (error < 0)
        return error;
    struct path path = { NULL, NULL };
    error = name_temporary(caller, &directory, S_IFREG | (request->mode & 07777), &path.dentry);
    long fd = error;
    if (error == 0) {
        path.mount = mount_get(directory.mount);
        if (request->flags & O_EXCL)
            path.dentry->inode->unlinkable = true;
        fd = install(caller, &path, request->flags & ~(O_CREAT | O_EXCL | O_TRUNC));
        path_put(&path);
    }
    path_put(&directory);
    return fd;
}

static long open_name(struct client *caller, const struct open_request *request, unsigned long address)
{
    char *name;
    int error = path_name(caller, address, &name);
    if (error < 0)
        return error;
    long fd;
    if (request->flags & O_PATH)
        fd = open_plain(caller, request, name);
    else if (request->flags & O_TMPFILE_BIT)
        fd = request->flags & O_ACCMODE ? open_temporary(caller, request, name) : -EINVAL;
    else if (request->flags & O_CREAT)
        fd = request->flags & O_DIRECTORY ? -EINVAL : open_create(caller, request, name);
    else
        fd = open_plain(caller, request, name);
    path_name_put(name);
    return fd;
}

#define OPEN_FLAGS                                                                                           \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | FASYNC |           \
     O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE_BIT)

static long do_open(struct client *caller, int dirfd, unsigned long name, unsigned flags, unsigned mode)
{
    struct open_request request = { .dirfd = dirfd,
                                    .flags = (flags & OPEN_FLAGS) | O_LARGEFILE,
                                    .mode = mode };
    if (flags & O_TMPFILE_BIT && !(flags & O_DIRECTORY))
        request.flags &= ~O_TMPFILE_BIT;
    return open_name(caller, &request, name);
}

long call_open(struct client *caller, const unsigned long args[6])
{
    return do_open(caller, AT_FDCWD, args[0], (unsigned)args[1], (unsigned)args[2]);
}

long call_openat(struct client *caller, const unsigned long args[6])
{
    return do_open(caller, (int)args[0], args[1], (unsigned)args[2], (unsigned)args[3]);
}

long call_creat(struct client *caller, const unsigned long args[6])
{
    return do_open(caller, AT_FDCWD, args[0], O_CREAT | O_WRONLY | O_TRUNC, (unsigned)args[1]);
}

long call_openat2(struct client *caller, const unsigned long args[6])
{
    struct linux_open_how how;
    static const unsigned resolve[6] = {
        LOOKUP_NO_XDEV, LOOKUP_NO_MAGIC, LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGIC,
        LOOKUP_BENEATH, LOOKUP_IN_ROOT,  0
    };
    if (args[3] < sizeof(how))
        return -EINVAL;
    if (args[3] > PAGE_SIZE)
        return -E2BIG;
    int error = user_read(caller, &how, args[2], sizeof(how));
    if (error < 0)
        return error;
    for (unsigned long at = sizeof(how); at < args[3]; at++) {
        char byte;
        if (user_read(caller, &byte, args[2] + at, 1) < 0)
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    if (how.flags & ~(uint64_t)OPEN_FLAGS || how.resolve >> 6 || how.mode & ~07777ull)
        return -EINVAL;
    if (how.mode && !(how.flags & (O_CREAT | O_TMPFILE_BIT)))
        return -EINVAL;
    struct open_request request = { (int)args[0], (unsigned)how.flags | O_LARGEFILE, (unsigned)how.mode, 0 };
    for (unsigned bit = 0; bit < 6; bit++)
        if (how.resolve >> bit & 1)
            request.lookup |= resolve[bit];
    return open_name(caller, &request, args[1]);
}

long call_memfd_create(struct client *caller, const unsigned long args[6])
{
    char name[NAME_MAX + 8] = "/memfd:";
    if (args[1] & ~(unsigned long)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    long length = user_string(caller, name + 7, args[0], NAME_MAX - 6);
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    struct file *file = file_anonymous(name, S_IFREG | 0777, O_RDWR | O_LARGEFILE, &tmpfs_file_operations);
    if (!file)
        return -ENOMEM;
    file->inode->uid = caller->identity.fsuid;
    file->inode->gid = caller->identity.fsgid;
    if (args[1] & MFD_ALLOW_SEALING)
        file->inode->seals = 0;
    long fd = files_add(caller, file, args[1] & MFD_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}
