// SPDX-License-Identifier: MIT
// riscv64: struct stat as asm-generic/stat.h lays it out; it has only this one form.

#include <errno.h>
#include <linux/stat.h>
#include <string.h>

struct linux_stat {
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, pad1;
    int64_t st_size;
    int32_t st_blksize, pad2;
    int64_t st_blocks, st_atime;
    uint64_t st_atime_nsec;
    int64_t st_mtime;
    uint64_t st_mtime_nsec;
    int64_t st_ctime;
    uint64_t st_ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "asm-generic/stat.h");

long linux_stat_pack(enum stat_format format, const struct attributes *a, void *to)
{
    if (format == STAT_OLD)
        return -ENOSYS;
    struct linux_stat stat = {
        .st_dev = a->device,
        .st_ino = a->inode,
        .st_mode = a->mode,
        .st_nlink = a->links,
        .st_uid = a->uid,
        .st_gid = a->gid,
        .st_rdev = a->rdev,
        .st_size = (int64_t)a->size,
        .st_blksize = (int32_t)a->block_size,
        .st_blocks = (int64_t)a->blocks,
        .st_atime = time_seconds(a->atime),
        .st_atime_nsec = time_nanoseconds(a->atime),
        .st_mtime = time_seconds(a->mtime),
        .st_mtime_nsec = time_nanoseconds(a->mtime),
        .st_ctime = time_seconds(a->ctime),
        .st_ctime_nsec = time_nanoseconds(a->ctime),
    };
    memcpy(to, &stat, sizeof(stat));
    return sizeof(stat);
}
