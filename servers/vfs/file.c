// SPDX-License-Identifier: MIT
// Open file descriptions: making, opening by what the inode is, and the last reference.

#include "file.h"
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/statfs.h>
#include <printf.h>
#include <string.h>
#include "async.h"
#include "dev.h"
#include "locks.h"
#include "pipe.h"
#include "poll_set.h"
#include "tmpfs.h"

static const struct file_system_type anonymous_type = { "anon_inodefs", true, ANON_INODE_FS_MAGIC, NULL };
static struct file_system *anonymous_fs;

static const struct file_operations directory_operations = { .seekable = true };
static const struct file_operations path_operations = { .seekable = true };

struct file *file_create(struct path *path, unsigned flags, const struct file_operations *operations)
{
    struct file *file = heap_alloc(sizeof(*file));
    if (!file)
        return NULL;
    file->references = 1;
    file->flags = flags;
    file->operations = operations;
    file->path = *path;
    file->inode = path->dentry->inode;
    list_init(&file->watches);
    return file;
}

struct file *file_anonymous(const char *name, uint32_t mode, unsigned flags,
                            const struct file_operations *operations)
{
    char text[64];
    if (!anonymous_fs) {
        anonymous_fs = file_system_create(&anonymous_type);
        if (!anonymous_fs)
            return NULL;
        anonymous_fs->internal = true;
    }
    struct inode *inode = inode_create(anonymous_fs, mode, 0, 0);
    if (!inode)
        return NULL;
    size_t length = strlen(name);
    int written = snprintf(text, sizeof(text), name[length - 1] == ':' ? "%s[%llu]" : "%s", name,
                           (unsigned long long)inode->number);
    struct path path = { NULL, dentry_create(NULL, text, (size_t)written, inode) };
    if (!path.dentry) {
        inode_put(inode);
        return NULL;
    }
    struct file *file = file_create(&path, flags, operations);
    if (!file)
        path_put(&path);
    return file;
}

void file_release(struct file *file)
{
    poll_file_gone(file);
    async_release(file);
    locks_file_gone(file);
    if (file->operations->release)
        file->operations->release(file);
    if (file->writer)
        file->inode->writers--;
    path_put(&file->path);
    heap_free(file);
}

unsigned file_poll(struct file *file)
{
    if (!file->operations->poll)
        return POLL_READABLE | POLL_WRITABLE;
    return file->operations->poll(file);
}

static int open_device(struct client *caller, struct file *file)
{
    const struct mount *mount = file->path.mount;
    if (mount && mount->flags & MS_NODEV)
        return -EACCES;
    return S_ISCHR(file->inode->mode) ? device_open(caller, file) : -ENXIO;
}

// Gives the file its operations by what it is.
static int open_kind(struct client *caller, struct file *file)
{
    struct inode *inode = file->inode;
    if (inode->operations && inode->operations->open)
        return inode->operations->open(caller, file);
    switch (inode->mode & S_IFMT) {
    case S_IFREG: file->operations = &tmpfs_file_operations; return 0;
    case S_IFIFO: return fifo_open(caller, file);
    case S_IFCHR:
    case S_IFBLK: return open_device(caller, file);
    case S_IFDIR: return 0;
    default: return -ENXIO; // sockets
    }
}

int file_open(struct client *caller, const struct path *path, unsigned flags, struct file **result)
{
    struct inode *inode = path->dentry->inode;
    const struct file_operations *operations = flags & O_PATH ? &path_operations : &directory_operations;
    bool writing = (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
    if (writing && S_ISREG(inode->mode) && inode->execs > 0)
        return -ETXTBSY;
    struct path held = *path;
    struct file *file = file_create(&held, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), operations);
    if (!file)
        return -ENOMEM;
    path_get(&file->path);
    file->noctty = flags & O_NOCTTY;
    int error = flags & O_PATH ? 0 : open_kind(caller, file); // terminals look at O_NOCTTY
    file->flags &= ~O_NOCTTY;
    if (error < 0) {
        file->operations = &directory_operations; // nothing to release
        file_put(file);
        return error;
    }
    if (writing && S_ISREG(inode->mode)) {
        inode->writers++;
        file->writer = true;
    }
    *result = file;
    return 0;
}
