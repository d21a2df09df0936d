// SPDX-License-Identifier: MIT
// Mounts: the list of them, mount(2), umount2(2), chroot and pivot_root. One mount namespace.

#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "proc.h"
#include "pty.h"
#include "tmpfs.h"

struct mount *root_mount;
struct list mounts = { &mounts, &mounts };
static int next_id = 1;

const struct file_system_type *const file_system_types[] = {
    &tmpfs_type, &devtmpfs_type, &proc_type, &devpts_type, &sysfs_type, NULL,
};

struct mount *mount_get(struct mount *mount)
{
    mount->references++;
    return mount;
}

// The last mount of a file system went: all its names go, which nobody can reach any more.
static void forget_names(struct dentry *root)
{
    struct dentry *at = root;
    while (at->parent != at && at->parent)
        at = at->parent; // of a bind mount
    root = at;
    for (;;) {
        while (dentry_has_children(at))
            at = list_first(&at->ordered, struct dentry, link);
        if (at == root)
            return;
        struct dentry *parent = at->parent;
        dentry_unlink(at);
        at = parent;
    }
}

void mount_put(struct mount *mount)
{
    if (--mount->references > 0)
        return;
    if (--mount->fs->mounts == 0)
        forget_names(mount->root);
    dentry_put(mount->root);
    file_system_put(mount->fs);
    heap_free(mount->source);
    heap_free(mount);
}

struct mount *mount_on(const struct mount *parent, const struct dentry *point)
{
    list_for_each(mount, &mounts, struct mount,
                  link) if (mount->parent == parent && mount->point == point) return mount;
    return NULL;
}

// Hangs a mount into the tree. The list's reference is the caller's first one.
static void attach(struct mount *mount, const struct path *point)
{
    mount->id = next_id++;
    list_append(&mounts, &mount->link);
    if (!point)
        return;
    mount->parent = mount_get(point->mount);
    mount->point = dentry_get(point->dentry);
    point->dentry->mounted = true;
}

static void detach(struct mount *mount)
{
    list_remove(&mount->link);
    struct dentry *point = mount->point;
    struct mount *parent = mount->parent;
    mount->parent = NULL;
    mount->point = NULL;
    if (parent) {
        bool other = false;
        list_for_each(each, &mounts, struct mount, link) other = other || each->point == point;
        point->mounted = other;
        dentry_put(point);
        mount_put(parent);
    }
    mount_put(mount);
}

// Takes over the references of fs and root.
static struct mount *mount_create(struct file_system *fs, struct dentry *root, unsigned flags,
                                  const char *source)
{
    struct mount *mount = heap_alloc(sizeof(*mount));
    char *copy = mount ? heap_string(source) : NULL;
    if (!copy) {
        heap_free(mount);
        return NULL;
    }
    list_init(&mount->link);
    mount->references = 1;
    mount->fs = fs;
    fs->mounts++;
    mount->root = root;
    mount->flags = flags;
    mount->source = copy;
    return mount;
}

int mount_add(const struct file_system_type *type, const struct path *point, unsigned flags,
              const char *source, const char *data)
{
    int error = -ENOMEM;
    struct file_system *fs = file_system_create(type);
    if (!fs)
        return -ENOMEM;
    struct dentry *root = type->mount(fs, data, &error);
    if (!root) {
        file_system_put(fs);
        return error;
    }
    struct mount *mount = mount_create(fs, root, flags, source);
    if (!mount) {
        dentry_put(root);
        file_system_put(fs);
        return -ENOMEM;
    }
    if (!root_mount)
        root_mount = mount;
    attach(mount, point);
    return 0;
}

static int mount_bind(struct client *caller, const char *source, const struct path *point, unsigned flags)
{
    struct path from;
    int error = path_lookup(caller, AT_FDCWD, source, LOOKUP_FOLLOW, &from);
    if (error < 0)
        return error;
    if (!from.mount || S_ISDIR(from.dentry->inode->mode) != S_ISDIR(point->dentry->inode->mode)) {
        path_put(&from);
        return from.mount ? -ENOTDIR : -EINVAL;
    }
    struct mount *mount = mount_create(from.mount->fs, from.dentry, from.mount->flags, from.mount->source);
    if (mount) {
        from.mount->fs->references++;
        dentry_get(from.dentry);
        attach(mount, point);
    }
    path_put(&from);
    return mount ? 0 : -ENOMEM;
}

static int mount_new(const char *type_name, const struct path *point, unsigned flags, const char *source,
                     const char *data)
{
    for (unsigned i = 0; file_system_types[i]; i++) {
        const struct file_system_type *type = file_system_types[i];
        if (strcmp(type->name, type_name) != 0)
            continue;
        if (!S_ISDIR(point->dentry->inode->mode))
            return -ENOTDIR;
        return mount_add(type, point, flags, *source ? source : "none", data);
    }
    return -ENODEV;
}

#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME)

static int mount_move(struct client *caller, const char *source, const struct path *point)
{
    struct path from;
    int error = path_lookup(caller, AT_FDCWD, source, LOOKUP_FOLLOW, &from);
    if (error < 0)
        return error;
    struct mount *mount = from.mount;
    if (!mount || from.dentry != mount->root || !mount->parent)
        error = -EINVAL;
    for (const struct mount *above = point->mount; error == 0 && above; above = above->parent)
        if (above == mount)
            error = -ELOOP;
    if (error == 0) {
        mount_get(mount);
        detach(mount);
        attach(mount, point);
    }
    path_put(&from);
    return error;
}

static int mount_any(struct client *caller, const char *source, const char *target, const char *type,
                     unsigned flags, const char *data)
{
    struct path point;
    int error = path_lookup(caller, AT_FDCWD, target, LOOKUP_FOLLOW, &point);
    if (error < 0)
        return error;
    if (!point.mount)
        error = -EINVAL;
    else if (flags & MS_REMOUNT)
        error = point.dentry == point.mount->root ? 0 : -EINVAL;
    else if (flags & MS_BIND)
        error = mount_bind(caller, source, &point, flags);
    else if (flags & (MS_PRIVATE | MS_SHARED | MS_SLAVE | MS_UNBINDABLE))
        error = point.dentry == point.mount->root ? 0 : -EINVAL;
    else if (flags & MS_MOVE)
        error = mount_move(caller, source, &point);
    else
        error = mount_new(type, &point, flags & MOUNT_FLAGS, source, data);
    if (error == 0 && flags & MS_REMOUNT)
        point.mount->flags = flags & MOUNT_FLAGS;
    path_put(&point);
    return error;
}

// A string argument that may be NULL. -> 0 and a buffer, or an error
static int optional_name(struct client *caller, unsigned long address, char **name)
{
    if (address)
        return path_name(caller, address, name);
    *name = path_buffer();
    if (!*name)
        return -ENOMEM;
    **name = 0;
    return 0;
}

long call_mount(struct client *caller, const unsigned long args[6])
{
    char *text[4] = { NULL, NULL, NULL, NULL }; // source, target, type, data
    static const unsigned char from[4] = { 0, 1, 2, 4 };
    int error = 0;
    unsigned flags = (unsigned)args[3];
    if ((flags & 0xffff0000) == MS_MAGIC)
        flags &= 0xffff;
    for (unsigned i = 0; i < 4 && error == 0; i++)
        error = optional_name(caller, args[from[i]], &text[i]);
    if (error == 0)
        error = client_capable(caller, CAP_SYS_ADMIN)
                    ? mount_any(caller, text[0], text[1], text[2], flags, text[3])
                    : -EPERM;
    for (unsigned i = 0; i < 4; i++)
        path_name_put(text[i]);
    return error;
}

// In use: something is mounted below, or a file or a directory reference stands on it.
static bool mount_busy(const struct mount *mount)
{
    return mount->references > 2; // the list's, and the lookup's
}

static int unmount(struct client *caller, const char *name, unsigned flags)
{
    struct path path;
    int error = path_lookup(caller, AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
    if (error < 0)
        return error;
    struct mount *mount = path.mount;
    if (!mount || path.dentry != mount->root)
        error = -EINVAL;
    else if (mount == root_mount || (!(flags & MNT_DETACH) && mount_busy(mount)))
        error = -EBUSY;
    if (error == 0) {
        // What is mounted below goes with a lazy unmount; the last one first.
        for (struct list *link = mounts.previous, *before; link != &mounts; link = before) {
            struct mount *below = container_of(link, struct mount, link);
            before = link->previous;
            if (below->parent == mount)
                detach(below);
        }
        detach(mount);
    }
    path_put(&path);
    return error;
}

long call_umount2(struct client *caller, const unsigned long args[6])
{
    char *name;
    if (args[1] & ~(unsigned long)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (!client_capable(caller, CAP_SYS_ADMIN))
        return -EPERM;
    int error = path_name(caller, args[0], &name);
    if (error < 0)
        return error;
    error = unmount(caller, name, (unsigned)args[1]);
    path_name_put(name);
    return error;
}

long call_umount(struct client *caller, const unsigned long args[6])
{
    return call_umount2(caller, (const unsigned long[6]){ args[0], 0 });
}

long call_chroot(struct client *caller, const unsigned long args[6])
{
    struct path path;
    int error = call_lookup(caller, AT_FDCWD, args[0], LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
    if (error < 0)
        return error;
    error = inode_permission(caller, path.dentry->inode, X_OK);
    if (error == 0 && !client_capable(caller, CAP_SYS_CHROOT))
        error = -EPERM;
    if (error < 0) {
        path_put(&path);
        return error;
    }
    path_put(&caller->fs->root);
    caller->fs->root = path;
    return 0;
}
