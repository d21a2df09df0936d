// SPDX-License-Identifier: MIT
// i386: struct stat, stat64 and oldstat as asm/stat.h lays them out.

#include <errno.h>
#include <linux/stat.h>
#include <string.h>

struct linux_oldstat {
    uint16_t st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev;
    uint32_t st_size, st_atime, st_mtime, st_ctime;
};

struct linux_stat {
    uint32_t st_dev, st_ino;
    uint16_t st_mode, st_nlink, st_uid, st_gid;
    uint32_t st_rdev, st_size, st_blksize, st_blocks;
    uint32_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 64, "asm/stat.h");

struct linux_stat64 {
    uint64_t st_dev;
    uint8_t pad0[4];
    uint32_t st_ino_low, st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev;
    uint8_t pad3[4];
    int64_t st_size;
    uint32_t st_blksize;
    uint64_t st_blocks;
    uint32_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    uint64_t st_ino;
};
_Static_assert(sizeof(struct linux_stat64) == 96, "asm/stat.h");

static uint16_t id16(uint32_t id) { return id > 0xffff ? 65534 : (uint16_t)id; }

static long pack_old(const struct attributes *a, void *to)
{
    if (a->size > INT32_MAX || a->inode > 0xffff)
        return -EOVERFLOW;
    struct linux_oldstat stat = { (uint16_t)a->device,
                                  (uint16_t)a->inode,
                                  (uint16_t)a->mode,
                                  (uint16_t)a->links,
                                  id16(a->uid),
                                  id16(a->gid),
                                  (uint16_t)a->rdev,
                                  (uint32_t)a->size,
                                  (uint32_t)time_seconds(a->atime),
                                  (uint32_t)time_seconds(a->mtime),
                                  (uint32_t)time_seconds(a->ctime) };
    memcpy(to, &stat, sizeof(stat));
    return sizeof(stat);
}

static long pack_native(const struct attributes *a, void *to)
{
    if (a->size > INT32_MAX || a->inode > UINT32_MAX || a->links > 0xffff)
        return -EOVERFLOW;
    struct linux_stat stat = {
        .st_dev = a->device,
        .st_ino = (uint32_t)a->inode,
        .st_mode = (uint16_t)a->mode,
        .st_nlink = (uint16_t)a->links,
        .st_uid = id16(a->uid),
        .st_gid = id16(a->gid),
        .st_rdev = a->rdev,
        .st_size = (uint32_t)a->size,
        .st_blksize = a->block_size,
        .st_blocks = (uint32_t)a->blocks,
        .st_atime = (uint32_t)time_seconds(a->atime),
        .st_atime_nsec = time_nanoseconds(a->atime),
        .st_mtime = (uint32_t)time_seconds(a->mtime),
        .st_mtime_nsec = time_nanoseconds(a->mtime),
        .st_ctime = (uint32_t)time_seconds(a->ctime),
        .st_ctime_nsec = time_nanoseconds(a->ctime),
    };
    memcpy(to, &stat, sizeof(stat));
    return sizeof(stat);
}

static long pack_64(const struct attributes *a, void *to)
{
    struct linux_stat64 stat = {
        .st_dev = a->device,
        .st_ino_low = (uint32_t)a->inode,
        .st_mode = a->mode,
        .st_nlink = a->links,
        .st_uid = a->uid,
        .st_gid = a->gid,
        .st_rdev = a->rdev,
        .st_size = (int64_t)a->size,
        .st_blksize = a->block_size,
        .st_blocks = a->blocks,
        .st_atime = (uint32_t)time_seconds(a->atime),
        .st_atime_nsec = time_nanoseconds(a->atime),
        .st_mtime = (uint32_t)time_seconds(a->mtime),
        .st_mtime_nsec = time_nanoseconds(a->mtime),
        .st_ctime = (uint32_t)time_seconds(a->ctime),
        .st_ctime_nsec = time_nanoseconds(a->ctime),
        .st_ino = a->inode,
    };
    memcpy(to, &stat, sizeof(stat));
    return sizeof(stat);
}

long linux_stat_pack(enum stat_format format, const struct attributes *attributes, void *to)
{
    switch (format) {
    case STAT_OLD: return pack_old(attributes, to);
    case STAT_NATIVE: return pack_native(attributes, to);
    default: return pack_64(attributes, to);
    }
}
