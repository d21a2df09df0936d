// SPDX-License-Identifier: MIT
// Changing attributes: mode, owner, times; access checks; extended attributes, which no file system here has.

#include <errno.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include "calls.h"
#include "file.h"

// Runs change(caller, inode, arguments) on what a name or a descriptor means.
typedef int change_function(struct client *caller, const struct path *path, const void *arguments);

static long change_name(struct client *caller, int dirfd, unsigned long name, unsigned lookup,
                        change_function *change, const void *arguments)
{
    struct path path;
    int error = call_lookup(caller, dirfd, name, lookup, &path);
    if (error < 0)
        return error;
    error = path_writable(&path);
    if (error == 0)
        error = change(caller, &path, arguments);
    path_put(&path);
    return error;
}

static long change_descriptor(struct client *caller, unsigned long fd, change_function *change,
                              const void *arguments)
{
    struct file *file = files_get(caller, (int)fd);
    if (!file)
        return -EBADF;
    int error = path_writable(&file->path);
    return error < 0 ? error : change(caller, &file->path, arguments);
}

// --- mode
static int change_mode(struct client *caller, const struct path *path, const void *arguments)
{
    struct inode *inode = path->dentry->inode;
    uint32_t mode = *(const unsigned long *)arguments & 07777;
    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    if (!inode_owned(caller, inode))
        return -EPERM;
    if (!client_in_group(caller, inode->gid) && !client_capable(caller, CAP_FSETID))
        mode &= ~S_ISGID;
    inode->mode = (inode->mode & S_IFMT) | mode;
    inode->ctime = time_now();
    return 0;
}

long call_chmod(struct client *caller, const unsigned long args[6])
{
    return change_name(caller, AT_FDCWD, args[0], LOOKUP_FOLLOW, change_mode, &args[1]);
}

long call_fchmodat(struct client *caller, const unsigned long args[6])
{
    return change_name(caller, (int)args[0], args[1], LOOKUP_FOLLOW, change_mode, &args[2]);
}

long call_fchmod(struct client *caller, const unsigned long args[6])
{
    return change_descriptor(caller, args[0], change_mode, &args[1]);
}

// --- owner
struct owner {
    uint32_t uid, gid; // -1: stays
};

static int change_owner(struct client *caller, const struct path *path, const void *arguments)
{
    struct inode *inode = path->dentry->inode;
    const struct owner *owner = arguments;
    bool uid_set = owner->uid != ~0u, gid_set = owner->gid != ~0u;
    bool own = caller->identity.fsuid == inode->uid;
    if (!client_capable(caller, CAP_CHOWN)) {
        if (uid_set && !(own && owner->uid == inode->uid))
            return -EPERM;
        if (gid_set && !(own && (client_in_group(caller, owner->gid) || owner->gid == inode->gid)))
            return -EPERM;
    }
    if (uid_set)
        inode->uid = owner->uid;
    if (gid_set)
        inode->gid = owner->gid;
    if (S_ISREG(inode->mode) && (uid_set || gid_set))
        inode->mode &= ~(S_ISUID | (inode->mode & 010 ? S_ISGID : 0));
    inode->ctime = time_now();
    return 0;
}

static struct owner owner_of(unsigned long uid, unsigned long gid)
{
    return (struct owner){ (uint32_t)uid, (uint32_t)gid };
}

static struct owner owner_of16(unsigned long uid, unsigned long gid)
{
    struct owner owner = { (uint16_t)uid, (uint16_t)gid };
    if (owner.uid == 0xffff)
        owner.uid = ~0u;
    if (owner.gid == 0xffff)
        owner.gid = ~0u;
    return owner;
}

#define OWNER_CALLS(suffix)                                                                                  \
    long call_chown##suffix(struct client *caller, const unsigned long args[6])                              \
    {                                                                                                        \
        struct owner owner = owner_of##suffix(args[1], args[2]);                                             \
        return change_name(caller, AT_FDCWD, args[0], LOOKUP_FOLLOW, change_owner, &owner);                  \
    }                                                                                                        \
    long call_lchown##suffix(struct client *caller, const unsigned long args[6])                             \
    {                                                                                                        \
        struct owner owner = owner_of##suffix(args[1], args[2]);                                             \
        return change_name(caller, AT_FDCWD, args[0], 0, change_owner, &owner);                              \
    }                                                                                                        \
    long call_fchown##suffix(struct client *caller, const unsigned long args[6])                             \
    {                                                                                                        \
        struct owner owner = owner_of##suffix(args[1], args[2]);                                             \
        return change_descriptor(caller, args[0], change_owner, &owner);                                     \
    }

OWNER_CALLS()
OWNER_CALLS(16)

long call_fchownat(struct client *caller, const unsigned long args[6])
{
    struct owner owner = owner_of(args[2], args[3]);
    unsigned flags = (unsigned)args[4];
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    return change_name(caller, (int)args[0], args[1], lookup, change_owner, &owner);
}

// --- times
struct times {
    bool now[2], omit[2];
    int64_t value[2]; // access, modification
};

static int change_times(struct client *caller, const struct path *path, const void *arguments)
{
    struct inode *inode = path->dentry->inode;
    const struct times *times = arguments;
    if (times->omit[0] && times->omit[1])
        return 0;
    if (!inode_owned(caller, inode)) {
        if (!times->now[0] || !times->now[1])
            return -EPERM;
        int error = inode_permission(caller, inode, W_OK);
        if (error < 0)
            return error;
    }
    int64_t now = time_now();
    if (!times->omit[0])
        inode->atime = times->now[0] ? now : times->value[0];
    if (!times->omit[1])
        inode->mtime = times->now[1] ? now : times->value[1];
    inode->ctime = now;
    return 0;
}

static int64_t time_value(int64_t seconds, int64_t nanoseconds)
{
    const int64_t limit = INT64_MAX / 1000000000 - 1;
    seconds = seconds > limit ? limit : seconds < -limit ? -limit : seconds;
    return seconds * 1000000000 + nanoseconds;
}

static int set_time(struct times *times, unsigned i, int64_t seconds, int64_t part, unsigned scale,
                    bool special)
{
    if (special && part == UTIME_NOW)
        times->now[i] = true;
    else if (special && part == UTIME_OMIT)
        times->omit[i] = true;
    else if (part < 0 || part >= 1000000000 / scale)
        return -EINVAL;
    else
        times->value[i] = time_value(seconds, part * scale);
    return 0;
}

// Two times in the caller's memory, as native pairs or 64-bit ones; address 0 means now.
static int read_times(struct client *caller, unsigned long from, bool wide, unsigned scale, bool special,
                      struct times *times)
{
    *times = (struct times){ .now = { !from, !from } };
    if (!from)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        struct linux_time_pair64 value;
        struct linux_time_pair narrow;
        int error = wide ? user_read(caller, &value, from + i * sizeof(value), sizeof(value))
                         : user_read(caller, &narrow, from + i * sizeof(narrow), sizeof(narrow));
        if (error < 0)
            return error;
        if (!wide)
            value = (struct linux_time_pair64){ narrow.seconds, narrow.part };
        else if (sizeof(long) == 4)
            value.part = (int32_t)value.part;
        error = set_time(times, i, value.seconds, value.part, scale, special);
        if (error < 0)
            return error;
    }
    return 0;
}

static long set_times(struct client *caller, int dirfd, unsigned long name, unsigned flags,
                      const struct times *times)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!name)
        return dirfd == AT_FDCWD ? -EFAULT
                                 : change_descriptor(caller, (unsigned long)dirfd, change_times, times);
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    return change_name(caller, dirfd, name, lookup, change_times, times);
}

long call_utimensat(struct client *caller, const unsigned long args[6])
{
    struct times times;
    int error = read_times(caller, args[2], false, 1, true, &times);
    return error < 0 ? error : set_times(caller, (int)args[0], args[1], (unsigned)args[3], &times);
}

long call_utimensat_time64(struct client *caller, const unsigned long args[6])
{
    struct times times;
    int error = read_times(caller, args[2], true, 1, true, &times);
    return error < 0 ? error : set_times(caller, (int)args[0], args[1], (unsigned)args[3], &times);
}

long call_futimesat(struct client *caller, const unsigned long args[6])
{
    struct times times;
    int error = read_times(caller, args[2], false, 1000, false, &times);
    return error < 0 ? error : set_times(caller, (int)args[0], args[1], 0, &times);
}

long call_utimes(struct client *caller, const unsigned long args[6])
{
    struct times times;
    int error = read_times(caller, args[1], false, 1000, false, &times);
    return error < 0 ? error : set_times(caller, AT_FDCWD, args[0], 0, &times);
}

long call_utime(struct client *caller, const unsigned long args[6])
{
    long seconds[2];
    struct times times = { .now = { !args[1], !args[1] } };
    if (args[1] && user_read(caller, seconds, args[1], sizeof(seconds)) < 0)
        return -EFAULT;
    for (unsigned i = 0; i < 2 && args[1]; i++)
        times.value[i] = time_value(seconds[i], 0);
    return set_times(caller, AT_FDCWD, args[0], 0, &times);
}

// --- access
// The check is made with the real ids; capabilities count only if the real user is root (access(2)).
static int check_real(struct client *caller, struct inode *inode, unsigned mask)
{
    struct vfs_identity saved = caller->identity;
    caller->identity.fsuid = saved.uid;
    caller->identity.fsgid = saved.gid;
    if (saved.uid != 0)
        caller->identity.capabilities = 0;
    else if (saved.euid != 0)
        caller->identity.capabilities = ~0ull;
    int error = inode_permission(caller, inode, mask);
    caller->identity = saved;
    return error;
}

static long do_access(struct client *caller, int dirfd, unsigned long name, unsigned mode, unsigned flags)
{
    struct path path;
    if (mode & ~(unsigned)(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = call_lookup(caller, dirfd, name, lookup, &path);
    if (error < 0)
        return error;
    struct inode *inode = path.dentry->inode;
    if (mode)
        error = flags & AT_EACCESS ? inode_permission(caller, inode, mode) : check_real(caller, inode, mode);
    bool plain = S_ISREG(inode->mode) || S_ISDIR(inode->mode) || S_ISLNK(inode->mode);
    if (error == 0 && mode & W_OK && plain)
        error = path_writable(&path);
    path_put(&path);
    return error;
}

long call_access(struct client *caller, const unsigned long args[6])
{
    return do_access(caller, AT_FDCWD, args[0], (unsigned)args[1], 0);
}

long call_faccessat(struct client *caller, const unsigned long args[6])
{
    return do_access(caller, (int)args[0], args[1], (unsigned)args[2], 0);
}

long call_faccessat2(struct client *caller, const unsigned long args[6])
{
    return do_access(caller, (int)args[0], args[1], (unsigned)args[2], (unsigned)args[3]);
}

// --- extended attributes: as on a file system without them, once the file is found
static long no_attributes(struct client *caller, unsigned long name, unsigned lookup, long result)
{
    struct path path;
    int error = call_lookup(caller, AT_FDCWD, name, lookup, &path);
    if (error == 0)
        path_put(&path);
    return error < 0 ? error : result;
}

#define NO_ATTRIBUTES(name, result)                                                                          \
    long call_##name(struct client *caller, const unsigned long args[6])                                     \
    {                                                                                                        \
        return no_attributes(caller, args[0], LOOKUP_FOLLOW, result);                                        \
    }                                                                                                        \
    long call_l##name(struct client *caller, const unsigned long args[6])                                    \
    {                                                                                                        \
        return no_attributes(caller, args[0], 0, result);                                                    \
    }                                                                                                        \
    long call_f##name(struct client *caller, const unsigned long args[6])                                    \
    {                                                                                                        \
        return files_get(caller, (int)args[0]) ? result : -EBADF;                                            \
    }

NO_ATTRIBUTES(setxattr, -EOPNOTSUPP)
NO_ATTRIBUTES(getxattr, -EOPNOTSUPP)
NO_ATTRIBUTES(listxattr, 0)
NO_ATTRIBUTES(removexattr, -EOPNOTSUPP)
