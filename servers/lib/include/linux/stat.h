// SPDX-License-Identifier: MIT
// File types, modes and the forms in which Linux reports a file's attributes (stat(2), statx(2), inode(7)).
#pragma once

#include <stddef.h>
#include <stdint.h>

#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u
#define S_ISUID 04000u
#define S_ISGID 02000u
#define S_ISVTX 01000u
#define S_IXUSR 0100u
#define S_IXGRP 0010u
#define S_IXOTH 0001u

#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define S_ISLNK(mode) (((mode) & S_IFMT) == S_IFLNK)
#define S_ISCHR(mode) (((mode) & S_IFMT) == S_IFCHR)
#define S_ISBLK(mode) (((mode) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(mode) (((mode) & S_IFMT) == S_IFSOCK)

// Device numbers in the kernel's 32-bit form: minor in bits 0-7 and 20-31, major in bits 8-19.
#define DEVICE(major, minor)                                                                                 \
    ((uint32_t)(((minor) & 0xffu) | ((uint32_t)(major) << 8) | (((uint32_t)(minor) & ~0xffu) << 12)))
#define DEVICE_MAJOR(device) (((device) >> 8) & 0xfffu)
#define DEVICE_MINOR(device) (((device) & 0xffu) | (((device) >> 12) & 0xfff00u))

// What is known about a file; each stat call's structure is packed from it. Times are ns since 1970.
struct attributes {
    uint64_t inode, size, blocks; // blocks of 512 bytes
    int64_t atime, mtime, ctime, btime;
    uint32_t device, rdev;
    uint32_t mode, links, uid, gid, block_size;
};

enum stat_format {
    STAT_OLD,    // oldstat: i386 alone
    STAT_NATIVE, // stat: fields of `long`
    STAT_64,     // stat64: i386; the same as native elsewhere
};
#define STAT_SIZE_LIMIT 160 // bytes of the largest of them

// arch/<arch>/user/linux_stat.c. -> bytes, or -EOVERFLOW if a value does not fit
long linux_stat_pack(enum stat_format format, const struct attributes *attributes, void *to);

// Seconds and nanoseconds of a time; nanoseconds are never negative.
static inline int64_t time_seconds(int64_t time)
{
    return time >= 0 ? time / 1000000000 : -((-time + 999999999) / 1000000000);
}
static inline uint32_t time_nanoseconds(int64_t time)
{
    return (uint32_t)(time - time_seconds(time) * 1000000000);
}

#define STATX_BASIC_STATS 0x7ffu
#define STATX_BTIME 0x800u
#define STATX_MNT_ID 0x1000u
#define STATX_RESERVED 0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u

struct linux_statx_time {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t unused;
};

struct linux_statx {
    uint32_t stx_mask, stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, unused0;
    uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct linux_statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align, stx_dio_offset_align;
    uint64_t spare[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "statx(2)");

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe
