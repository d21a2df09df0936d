// SPDX-License-Identifier: MIT
// The stat calls in all their forms, statx(2), statfs(2).

#include <errno.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/statfs.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "tmpfs.h"

static long put_stat(struct client *caller, enum stat_format format, struct inode *inode, unsigned long to)
{
    char buffer[STAT_SIZE_LIMIT] __attribute__((aligned(8)));
    struct attributes attributes;
    inode_attributes(inode, &attributes);
    long size = linux_stat_pack(format, &attributes, buffer);
    return size < 0 ? size : user_store(caller, to, buffer, (size_t)size);
}

static long stat_name(struct client *caller, enum stat_format format, int dirfd, unsigned long name,
                      unsigned long to, unsigned lookup)
{
    struct path path;
    int error = call_lookup(caller, dirfd, name, lookup, &path);
    if (error < 0)
        return error;
    long result = put_stat(caller, format, path.dentry->inode, to);
    path_put(&path);
    return result;
}

static long stat_descriptor(struct client *caller, enum stat_format format, const unsigned long args[6])
{
    struct file *file = files_get_any(caller, (int)args[0]);
    return file ? put_stat(caller, format, file->inode, args[1]) : -EBADF;
}

#define STAT_CALLS(prefix, suffix, format)                                                                   \
    long call_##prefix##stat##suffix(struct client *caller, const unsigned long args[6])                     \
    {                                                                                                        \
        return stat_name(caller, format, AT_FDCWD, args[0], args[1], LOOKUP_FOLLOW);                         \
    }                                                                                                        \
    long call_##prefix##lstat##suffix(struct client *caller, const unsigned long args[6])                    \
    {                                                                                                        \
        return stat_name(caller, format, AT_FDCWD, args[0], args[1], 0);                                     \
    }                                                                                                        \
    long call_##prefix##fstat##suffix(struct client *caller, const unsigned long args[6])                    \
    {                                                                                                        \
        return stat_descriptor(caller, format, args);                                                        \
    }

STAT_CALLS(old, , STAT_OLD)
STAT_CALLS(, , STAT_NATIVE)
STAT_CALLS(, 64, STAT_64)

static long stat_at(struct client *caller, enum stat_format format, const unsigned long args[6])
{
    unsigned flags = (unsigned)args[3];
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    return stat_name(caller, format, (int)args[0], args[1], args[2], lookup);
}

long call_fstatat64(struct client *caller, const unsigned long args[6])
{
    return stat_at(caller, STAT_64, args);
}
long call_newfstatat(struct client *caller, const unsigned long args[6])
{
    return stat_at(caller, STAT_NATIVE, args);
}

static struct linux_statx_time statx_time(int64_t time)
{
    return (struct linux_statx_time){ time_seconds(time), time_nanoseconds(time), 0 };
}

static void fill_statx(const struct path *path, struct linux_statx *out)
{
    struct attributes a;
    inode_attributes(path->dentry->inode, &a);
    *out = (struct linux_statx){
        .stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
        .stx_blksize = a.block_size,
        .stx_nlink = a.links,
        .stx_uid = a.uid,
        .stx_gid = a.gid,
        .stx_mode = (uint16_t)a.mode,
        .stx_ino = a.inode,
        .stx_size = a.size,
        .stx_blocks = a.blocks,
        .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .stx_atime = statx_time(a.atime),
        .stx_btime = statx_time(a.btime),
        .stx_ctime = statx_time(a.ctime),
        .stx_mtime = statx_time(a.mtime),
        .stx_rdev_major = DEVICE_MAJOR(a.rdev),
        .stx_rdev_minor = DEVICE_MINOR(a.rdev),
        .stx_dev_major = DEVICE_MAJOR(a.device),
        .stx_dev_minor = DEVICE_MINOR(a.device),
        .stx_mnt_id = path->mount ? (uint64_t)path->mount->id : 0,
    };
    if (path->mount && path->dentry == path->mount->root)
        out->stx_attributes = STATX_ATTR_MOUNT_ROOT;
}

long call_statx(struct client *caller, const unsigned long args[6])
{
    struct path path;
    struct linux_statx out;
    unsigned flags = (unsigned)args[2];
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || args[3] & STATX_RESERVED)
        return -EINVAL;
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = call_lookup(caller, (int)args[0], args[1], lookup, &path);
    if (error < 0)
        return error;
    fill_statx(&path, &out);
    path_put(&path);
    return user_store(caller, args[4], &out, sizeof(out));
}

// --- statfs
struct space {
    uint64_t blocks, free, files, files_free;
    uint32_t magic, flags, device;
};

static uint32_t magic_of(const struct inode *inode)
{
    if (!inode->fs->internal)
        return inode->fs->type->magic;
    switch (inode->mode & S_IFMT) {
    case S_IFREG: return TMPFS_MAGIC; // a memfd
    case S_IFIFO: return PIPEFS_MAGIC;
    case S_IFSOCK: return SOCKFS_MAGIC;
    default: return ANON_INODE_FS_MAGIC;
    }
}

static void measure(const struct path *path, struct space *space)
{
    const struct file_system *fs = path->dentry->inode->fs;
    *space = (struct space){ .magic = magic_of(path->dentry->inode),
                             .device = fs->device,
                             .flags = ST_VALID | ST_RELATIME };
    if (path->mount)
        space->flags |= path->mount->flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    if (fs->type->magic != TMPFS_MAGIC)
        return;
    if (fs->limit) {
        space->blocks = fs->limit;
        space->free = fs->used < fs->limit ? fs->limit - fs->used : 0;
    } else if (KCALL1(quota_info, tmpfs_quota) == 0) {
        space->blocks = message_page->result[0];
        space->free = space->blocks - message_page->result[1];
    }
    space->files = fs->inode_limit ? fs->inode_limit : 1u << 20;
    space->files_free = space->files > fs->inodes ? space->files - fs->inodes : 0;
}

static long put_statfs(struct client *caller, const struct path *path, unsigned long to)
{
    struct space space;
    measure(path, &space);
    struct linux_statfs out = {
        .f_type = (long)space.magic,
        .f_bsize = PAGE_SIZE,
        .f_blocks = (unsigned long)space.blocks,
        .f_bfree = (unsigned long)space.free,
        .f_bavail = (unsigned long)space.free,
        .f_files = (unsigned long)space.files,
        .f_ffree = (unsigned long)space.files_free,
        .f_fsid = { (int32_t)space.device, 0 },
        .f_namelen = NAME_MAX,
        .f_frsize = PAGE_SIZE,
        .f_flags = (long)space.flags,
    };
    return user_store(caller, to, &out, sizeof(out));
}

static long put_statfs64(struct client *caller, const struct path *path, unsigned long to)
{
    struct space space;
    measure(path, &space);
    struct linux_statfs64 out = {
        .f_type = space.magic,
        .f_bsize = PAGE_SIZE,
        .f_blocks = space.blocks,
        .f_bfree = space.free,
        .f_bavail = space.free,
        .f_files = space.files,
        .f_ffree = space.files_free,
        .f_fsid = { (int32_t)space.device, 0 },
        .f_namelen = NAME_MAX,
        .f_frsize = PAGE_SIZE,
        .f_flags = space.flags,
    };
    return user_store(caller, to, &out, sizeof(out));
}

typedef long put_function(struct client *caller, const struct path *path, unsigned long to);

static long statfs_name(struct client *caller, unsigned long name, unsigned long to, put_function *put)
{
    struct path path;
    int error = call_lookup(caller, AT_FDCWD, name, LOOKUP_FOLLOW, &path);
    if (error < 0)
        return error;
    long result = put(caller, &path, to);
    path_put(&path);
    return result;
}

static long statfs_descriptor(struct client *caller, unsigned long fd, unsigned long to, put_function *put)
{
    struct file *file = files_get_any(caller, (int)fd);
    return file ? put(caller, &file->path, to) : -EBADF;
}

long call_statfs(struct client *caller, const unsigned long args[6])
{
    return statfs_name(caller, args[0], args[1], put_statfs);
}

long call_fstatfs(struct client *caller, const unsigned long args[6])
{
    return statfs_descriptor(caller, args[0], args[1], put_statfs);
}

long call_statfs64(struct client *caller, const unsigned long args[6])
{
    if (args[1] != sizeof(struct linux_statfs64))
        return -EINVAL;
    return statfs_name(caller, args[0], args[2], put_statfs64);
}

long call_fstatfs64(struct client *caller, const unsigned long args[6])
{
    if (args[1] != sizeof(struct linux_statfs64))
        return -EINVAL;
    return statfs_descriptor(caller, args[0], args[2], put_statfs64);
}
