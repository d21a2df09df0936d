// SPDX-License-Identifier: MIT
// Inodes, file systems and who may do what with them.

#include "inode.h"
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include "client.h"
#include "locks.h"
#include "tmpfs.h"

static uint32_t next_device = 1;

struct file_system *file_system_create(const struct file_system_type *type)
{
    struct file_system *fs = heap_alloc(sizeof(*fs));
    if (!fs)
        return NULL;
    fs->type = type;
    fs->references = 1;
    fs->device = next_device++;
    fs->next_inode = 1;
    return fs;
}

void file_system_put(struct file_system *fs)
{
    if (--fs->references == 0)
        heap_free(fs);
}

int64_t time_now(void) { return (int64_t)clock_realtime(); }

struct inode *inode_create(struct file_system *fs, uint32_t mode, uint32_t uid, uint32_t gid)
{
    if (fs->inode_limit && fs->inodes >= fs->inode_limit)
        return NULL;
    struct inode *inode = heap_alloc(sizeof(*inode));
    if (!inode)
        return NULL;
    inode->references = 1;
    inode->fs = fs;
    fs->references++;
    fs->inodes++;
    inode->number = fs->next_inode++;
    inode->mode = mode;
    inode->uid = uid;
    inode->gid = gid;
    inode->links = S_ISDIR(mode) ? 2 : 1;
    inode->seals = F_SEAL_SEAL;
    if (!fs->internal)
        inode->atime = inode->mtime = inode->ctime = inode->btime = time_now();
    return inode;
}

struct inode *inode_get(struct inode *inode)
{
    inode->references++;
    return inode;
}

void inode_put(struct inode *inode)
{
    if (--inode->references > 0)
        return;
    locks_free(inode);
    if (inode->operations && inode->operations->release)
        inode->operations->release(inode);
    else if (S_ISREG(inode->mode))
        tmpfs_release(inode);
    else if (S_ISLNK(inode->mode))
        heap_free(inode->link.target);
    inode->fs->inodes--;
    file_system_put(inode->fs);
    heap_free(inode);
}

void inode_attributes(struct inode *inode, struct attributes *a)
{
    if (inode->operations && inode->operations->refresh)
        inode->operations->refresh(inode);
    *a = (struct attributes){
        .inode = inode->number,
        .size = inode->size,
        .device = inode->fs->device,
        .rdev = inode->rdev,
        .mode = inode->mode,
        .links = inode->links,
        .uid = inode->uid,
        .gid = inode->gid,
        .block_size = PAGE_SIZE,
        .atime = inode->atime,
        .mtime = inode->mtime,
        .ctime = inode->ctime,
        .btime = inode->btime,
    };
    if (S_ISREG(inode->mode) && !inode->operations)
        a->blocks = tmpfs_resident(inode) * (PAGE_SIZE / 512);
}

bool inode_owned(struct client *caller, const struct inode *inode)
{
    return caller->identity.fsuid == inode->uid || client_capable(caller, CAP_FOWNER);
}

int inode_permission(struct client *caller, struct inode *inode, unsigned mask)
{
    if (inode->operations && inode->operations->permission)
        return inode->operations->permission(caller, inode, mask);
    unsigned granted = inode->mode & 7;
    if (caller->identity.fsuid == inode->uid)
        granted = inode->mode >> 6 & 7;
    else if (client_in_group(caller, inode->gid))
        granted = inode->mode >> 3 & 7;
    if ((mask & ~granted) == 0)
        return 0;
    bool directory = S_ISDIR(inode->mode);
    if (client_capable(caller, CAP_DAC_OVERRIDE) && (directory || !(mask & X_OK) || inode->mode & 0111))
        return 0;
    if (client_capable(caller, CAP_DAC_READ_SEARCH) && (mask == R_OK || (directory && !(mask & W_OK))))
        return 0;
    return -EACCES;
}
