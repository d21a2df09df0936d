// SPDX-License-Identifier: MIT
// Making and removing names: mkdir, mknod, symlink, link, unlink, rmdir; readlink. Rename is in rename.c.

#include "names.h"
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "names_check.h"
#include "pty.h"

int call_lookup(struct client *caller, int dirfd, unsigned long address, unsigned flags, struct path *path)
{
    char *name;
    int error = path_name(caller, address, &name);
    if (error < 0)
        return error;
    error = path_lookup(caller, dirfd, name, flags, path);
    path_name_put(name);
    return error;
}

int call_lookup_parent(struct client *caller, int dirfd, unsigned long address, struct path *directory,
                       struct last *last)
{
    char *name;
    int error = path_name(caller, address, &name);
    if (error < 0)
        return error;
    error = path_lookup_parent(caller, dirfd, name, 0, directory, last);
    path_name_put(name);
    return error;
}

int names_may_change(struct client *caller, const struct path *directory)
{
    struct inode *inode = directory->dentry->inode;
    if (path_writable(directory) < 0)
        return -EROFS;
    int error = inode_permission(caller, inode, W_OK | X_OK);
    if (error < 0)
        return error;
    if (inode->operations) // /proc: names are not made or removed
        return -EPERM;
    if (!directory->dentry->linked && directory->dentry->parent != directory->dentry)
        return -ENOENT; // removed while somebody stands in it
    return 0;
}

int names_may_remove(struct client *caller, const struct path *directory, const struct inode *victim)
{
    const struct inode *inode = directory->dentry->inode;
    int error = names_may_change(caller, directory);
    if (error < 0)
        return error;
    uint32_t uid = caller->identity.fsuid;
    if (inode->mode & S_ISVTX && victim->uid != uid && inode->uid != uid &&
        !client_capable(caller, CAP_FOWNER))
        return -EPERM;
    return 0;
}

static uint32_t new_group(struct client *caller, const struct inode *directory)
{
    return directory->mode & S_ISGID ? directory->gid : caller->identity.fsgid;
}

static uint32_t new_mode(struct client *caller, const struct inode *directory, uint32_t mode)
{
    if (!S_ISLNK(mode))
        mode &= ~(caller->fs->umask & 0777);
    if (S_ISDIR(mode) && directory->mode & S_ISGID)
        mode |= S_ISGID;
    return mode;
}

int name_create(struct client *caller, const struct path *directory, const struct last *last, uint32_t mode,
                uint32_t device, struct dentry **child)
{
    struct inode *parent = directory->dentry->inode;
    if (parent->fs->type == &devpts_type)
        return S_ISREG(mode) ? -EACCES : -EPERM;
    if (parent->operations) // /proc looks a name up before it refuses to make it
        return -ENOENT;
    int error = names_may_change(caller, directory);
    if (error == 0 && (S_ISCHR(mode) || S_ISBLK(mode)) && !client_capable(caller, CAP_MKNOD))
        error = -EPERM;
    if (error < 0)
        return error;
    error = dentry_make(directory->dentry, last->name, last->length, new_mode(caller, parent, mode),
                        caller->identity.fsuid, new_group(caller, parent), child);
    if (error == 0)
        (*child)->inode->rdev = device;
    return error;
}

int name_temporary(struct client *caller, const struct path *directory, uint32_t mode, struct dentry **child)
{
    struct inode *parent = directory->dentry->inode;
    int error = names_may_change(caller, directory);
    if (error < 0)
        return error == -EPERM ? -EOPNOTSUPP : error;
    struct inode *inode = inode_create(parent->fs, new_mode(caller, parent, mode), caller->identity.fsuid,
                                       new_group(caller, parent));
    if (!inode)
        return -ENOSPC;
    *child = dentry_create(directory->dentry, "#tmpfile", 8, inode);
    if (!*child) {
        inode_put(inode);
        return -ENOMEM;
    }
    inode->links = 0;
    return 0;
}

// Common start of what makes a name: the place must be free. -> 0 and a reference to the directory
static int free_place(struct client *caller, int dirfd, unsigned long name, bool directory_wanted,
                      struct path *directory, struct last *last)
{
    int error = call_lookup_parent(caller, dirfd, name, directory, last);
    if (error < 0)
        return error;
    struct path child;
    error =
        last->kind != LAST_NAME ? -EEXIST : path_child(caller, directory, last->name, last->length, &child);
    if (error == 0) {
        path_put(&child);
        error = -EEXIST;
    } else if (error == -ENOENT) {
        error = last->slash && !directory_wanted ? -ENOENT : 0;
    }
    if (error < 0)
        path_put(directory);
    return error;
}

static long make_node(struct client *caller, int dirfd, unsigned long name, uint32_t mode, uint32_t device)
{
    struct path directory;
    struct last last;
    struct dentry *child;
    int error = free_place(caller, dirfd, name, S_ISDIR(mode), &directory, &last);
    if (error < 0)
        return error;
    error = name_create(caller, &directory, &last, mode, device, &child);
    if (error == 0)
        dentry_put(child);
    path_put(&directory);
    return error;
}

long call_mkdirat(struct client *caller, const unsigned long args[6])
{
    return make_node(caller, (int)args[0], args[1], S_IFDIR | (args[2] & 01777), 0);
}

long call_mkdir(struct client *caller, const unsigned long args[6])
{
    return make_node(caller, AT_FDCWD, args[0], S_IFDIR | (args[1] & 01777), 0);
}

static long do_mknod(struct client *caller, int dirfd, unsigned long name, uint32_t mode, uint32_t device)
{
    switch (mode & S_IFMT) {
    case 0: mode |= S_IFREG; break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK: break;
    case S_IFCHR:
    case S_IFBLK: return make_node(caller, dirfd, name, mode & (S_IFMT | 07777), device);
    case S_IFDIR: return -EPERM;
    default: return -EINVAL;
    }
    return make_node(caller, dirfd, name, mode & (S_IFMT | 07777), 0);
}

long call_mknodat(struct client *caller, const unsigned long args[6])
{
    return do_mknod(caller, (int)args[0], args[1], (uint32_t)args[2], (uint32_t)args[3]);
}

long call_mknod(struct client *caller, const unsigned long args[6])
{
    return do_mknod(caller, AT_FDCWD, args[0], (uint32_t)args[1], (uint32_t)args[2]);
}

static long make_link(struct client *caller, const char *target, int dirfd, unsigned long name)
{
    struct path directory;
    struct last last;
    struct dentry *child = NULL;
    if (!*target)
        return -ENOENT;
    char *copy = heap_string(target);
    if (!copy)
        return -ENOMEM;
    int error = free_place(caller, dirfd, name, false, &directory, &last);
    if (error == 0) {
        error = name_create(caller, &directory, &last, S_IFLNK | 0777, 0, &child);
        path_put(&directory);
    }
    if (error < 0 || !child) {
        heap_free(copy);
        return error;
    }
    child->inode->link.target = copy;
    child->inode->size = strlen(copy);
    dentry_put(child);
    return 0;
}

long call_symlinkat(struct client *caller, const unsigned long args[6])
{
    char *target;
    int error = path_name(caller, args[0], &target);
    if (error < 0)
        return error;
    long result = make_link(caller, target, (int)args[1], args[2]);
    path_name_put(target);
    return result;
}

long call_symlink(struct client *caller, const unsigned long args[6])
{
    return call_symlinkat(caller, (const unsigned long[6]){ args[0], (unsigned long)AT_FDCWD, args[1] });
}

static int link_allowed(struct client *caller, const struct path *from, const struct path *directory)
{
    const struct inode *inode = from->dentry->inode;
    if (from->mount != directory->mount)
        return -EXDEV;
    if (S_ISDIR(inode->mode))
        return -EPERM;
    if (inode->links == 0 && (from->dentry->linked || inode->unlinkable))
        return -ENOENT;
    return names_may_change(caller, directory);
}

static int link_to(struct client *caller, const struct path *from, const struct path *directory,
                   const struct last *last)
{
    int error = link_allowed(caller, from, directory);
    if (error < 0)
        return error;
    struct inode *inode = from->dentry->inode;
    struct dentry *dentry = dentry_create(directory->dentry, last->name, last->length, inode_get(inode));
    if (!dentry) {
        inode_put(inode);
        return -ENOMEM;
    }
    dentry_link(dentry);
    dentry_put(dentry);
    inode->links++;
    inode->ctime = directory->dentry->inode->mtime = directory->dentry->inode->ctime = time_now();
    return 0;
}

long call_linkat(struct client *caller, const unsigned long args[6])
{
    struct path from, directory;
    struct last last;
    unsigned flags = (unsigned)args[4];
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned lookup =
        (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = call_lookup(caller, (int)args[0], args[1], lookup, &from);
    if (error < 0)
        return error;
    error = free_place(caller, (int)args[2], args[3], false, &directory, &last);
    if (error == 0) {
        error = link_to(caller, &from, &directory, &last);
        path_put(&directory);
    }
    path_put(&from);
    return error;
}

long call_link(struct client *caller, const unsigned long args[6])
{
    return call_linkat(caller, (const unsigned long[6]){ (unsigned long)AT_FDCWD, args[0],
                                                         (unsigned long)AT_FDCWD, args[1], 0 });
}

static int unlink_allowed(struct client *caller, const struct path *directory, const struct path *child,
                          const struct last *last, bool remove_directory)
{
    struct inode *inode = child->dentry->inode;
    bool is_directory = S_ISDIR(inode->mode);
    int error = names_may_remove(caller, directory, inode);
    if (error < 0)
        return error;
    if (child->dentry->mounted || child->mount != directory->mount)
        return -EBUSY;
    if (remove_directory)
        return !is_directory ? -ENOTDIR : dentry_has_children(child->dentry) ? -ENOTEMPTY : 0;
    if (is_directory)
        return -EISDIR;
    return last->slash ? -ENOTDIR : 0;
}

void name_remove(struct dentry *dentry)
{
    struct inode *directory = dentry->parent->inode, *inode = dentry->inode;
    directory->mtime = directory->ctime = inode->ctime = time_now();
    if (S_ISDIR(inode->mode)) {
        directory->links--;
        inode->links = 0;
    } else if (inode->links > 0) {
        inode->links--;
    }
    dentry_unlink(dentry);
}

static long remove_name(struct client *caller, int dirfd, unsigned long name, bool remove_directory)
{
    struct path directory, child;
    struct last last;
    int error = call_lookup_parent(caller, dirfd, name, &directory, &last);
    if (error < 0)
        return error;
    if (last.kind == LAST_NAME)
        error = path_child(caller, &directory, last.name, last.length, &child);
    else if (!remove_directory)
        error = -EISDIR;
    else
        error = last.kind == LAST_DOT ? -EINVAL : last.kind == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
    if (error == 0) {
        error = unlink_allowed(caller, &directory, &child, &last, remove_directory);
        if (error == 0)
            name_remove(child.dentry);
        path_put(&child);
    }
    path_put(&directory);
    return error;
}

long call_unlink(struct client *caller, const unsigned long args[6])
{
    return remove_name(caller, AT_FDCWD, args[0], false);
}

long call_rmdir(struct client *caller, const unsigned long args[6])
{
    return remove_name(caller, AT_FDCWD, args[0], true);
}

long call_unlinkat(struct client *caller, const unsigned long args[6])
{
    if (args[2] & ~(unsigned long)AT_REMOVEDIR)
        return -EINVAL;
    return remove_name(caller, (int)args[0], args[1], args[2] & AT_REMOVEDIR);
}

static long read_link(struct client *caller, int dirfd, unsigned long name, unsigned long to, size_t size)
{
    struct path path;
    if ((long)size <= 0)
        return -EINVAL;
    int error = call_lookup(caller, dirfd, name, LOOKUP_EMPTY, &path);
    if (error < 0)
        return error;
    struct inode *inode = path.dentry->inode;
    char *buffer = NULL;
    long length = -EINVAL;
    if (S_ISLNK(inode->mode) && !(buffer = path_buffer()))
        length = -ENOMEM;
    else if (buffer && inode->operations)
        length = inode->operations->readlink(caller, path.dentry, buffer, PATH_MAX);
    else if (buffer)
        length = (long)strlcpy(buffer, inode->link.target, PATH_MAX);
    if (length > (long)size)
        length = (long)size;
    if (length > 0 && user_store(caller, to, buffer, (size_t)length) < 0)
        length = -EFAULT;
    path_name_put(buffer);
    path_put(&path);
    return length;
}

long call_readlink(struct client *caller, const unsigned long args[6])
{
    return read_link(caller, AT_FDCWD, args[0], args[1], args[2]);
}

long call_readlinkat(struct client *caller, const unsigned long args[6])
{
    return read_link(caller, (int)args[0], args[1], args[2], args[3]);
}
