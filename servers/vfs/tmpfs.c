// SPDX-License-Identifier: MIT
// tmpfs: file data lives in a memory object; reads and writes are one kernel call between it and the caller.
// The object is always whole pages: the file's size rounded up, so that a mapping faults beyond the end.

#include "tmpfs.h"
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/statfs.h>
#include <string.h>

#define FILE_SIZE_LIMIT 0x7ffffffffffff000ull

handle_t tmpfs_quota;

static uint64_t page_round(uint64_t size) { return (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1); }

int tmpfs_memory(struct inode *inode)
{
    if (inode->regular.memory)
        return 0;
    uint64_t size = page_round(inode->size);
    long memory = memory_create(tmpfs_quota, size, 0, 0);
    if (memory < 0)
        return -ENOSPC;
    inode->regular.memory = (handle_t)memory;
    inode->regular.allocated = size;
    return 0;
}

int tmpfs_reserve(struct inode *inode, uint64_t size)
{
    int error = tmpfs_memory(inode);
    if (error < 0)
        return error;
    size = page_round(size);
    if (size <= inode->regular.allocated)
        return 0;
    if (memory_resize(inode->regular.memory, size) < 0)
        return -ENOSPC;
    inode->regular.allocated = size;
    return 0;
}

// After a failed or short write: the object shrinks to the file again.
static void give_back(struct inode *inode)
{
    uint64_t size = page_round(inode->size);
    if (size < inode->regular.allocated && memory_resize(inode->regular.memory, size) >= 0)
        inode->regular.allocated = size;
}

static int zero(struct inode *inode, uint64_t offset, uint64_t length)
{
    static const char zeroes[4096];
    if (!inode->regular.memory || offset >= inode->regular.allocated)
        return 0;
    if (length > inode->regular.allocated - offset)
        length = inode->regular.allocated - offset;
    while (length > 0) {
        size_t part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));
        if (part > length)
            part = (size_t)length;
        if (memory_write(inode->regular.memory, offset, zeroes, part) != (long)part)
            return -ENOSPC;
        offset += part;
        length -= part;
    }
    return 0;
}

// A file system with a size limit (mount option) counts resident pages: to be called around what changes them.
static uint64_t count_before(struct inode *inode) { return inode->fs->limit ? tmpfs_resident(inode) : 0; }

static void count_after(struct inode *inode, uint64_t before)
{
    if (inode->fs->limit)
        inode->fs->used += tmpfs_resident(inode) - before;
}

int tmpfs_truncate(struct inode *inode, uint64_t size)
{
    uint64_t before = count_before(inode);
    if (size < inode->size && inode->regular.memory) {
        if (size & (PAGE_SIZE - 1))
            zero(inode, size, page_round(size) - size);
        inode->size = size;
        give_back(inode);
    } else if (size > inode->size) {
        if (inode->regular.memory && tmpfs_reserve(inode, size) < 0)
            return -ENOSPC;
        inode->size = size;
    }
    inode->size = size;
    inode->mtime = inode->ctime = time_now();
    count_after(inode, before);
    return 0;
}

// The first page there that ends behind offset; UINT64_MAX: none.
static uint64_t next_page(const struct inode *inode, uint64_t offset)
{
    if (!inode->regular.memory || memory_next(inode->regular.memory, offset) < 0)
        return UINT64_MAX;
    return message_page->result[0];
}

static bool room_for(const struct inode *inode, uint64_t pages)
{
    const struct file_system *fs = inode->fs;
    if (fs->limit && fs->used + pages > fs->limit)
        return false;
    return KCALL1(quota_info, tmpfs_quota) < 0 || message_page->result[1] + pages <= message_page->result[0];
}

// The pages of [offset, end) that are not there: each gets a frame if `add`. -> how many, -ENOSPC
static long missing(struct inode *inode, uint64_t offset, uint64_t end, bool add)
{
    long count = 0;
    for (uint64_t at = offset & ~(uint64_t)(PAGE_SIZE - 1); at < end; at += PAGE_SIZE) {
        for (uint64_t next = next_page(inode, at); at < end && at < next; at += PAGE_SIZE) {
            if (add && memory_write(inode->regular.memory, at, "", 1) != 1)
                return -ENOSPC;
            count++;
        }
    }
    return count;
}

int tmpfs_allocate(struct inode *inode, uint64_t offset, uint64_t end, bool grow)
{
    // What cannot fit is refused before its pages are counted one by one.
    uint64_t pages = page_round(end - offset) / PAGE_SIZE, resident = tmpfs_resident(inode);
    if ((pages > resident && !room_for(inode, pages - resident)) ||
        !room_for(inode, (uint64_t)missing(inode, offset, end, false)))
        return -ENOSPC;
    uint64_t before = count_before(inode), last = page_round(inode->size);
    if (!grow && end > last)
        end = last;
    if (end <= offset)
        return 0;
    int error = tmpfs_reserve(inode, end);
    if (error == 0 && missing(inode, offset, end, true) < 0)
        error = -ENOSPC;
    if (error < 0)
        give_back(inode);
    count_after(inode, before);
    return error;
}

int tmpfs_punch(struct inode *inode, uint64_t offset, uint64_t length)
{
    uint64_t before = count_before(inode), end = offset + length;
    uint64_t first = page_round(offset), last = end & ~(uint64_t)(PAGE_SIZE - 1);
    if (!inode->regular.memory)
        return 0;
    int error;
    if (first >= last) {
        error = zero(inode, offset, length);
    } else {
        error = zero(inode, offset, first - offset);
        if (error == 0)
            error = zero(inode, last, end - last);
        memory_evict(inode->regular.memory, first, last - first);
    }
    inode->mtime = inode->ctime = time_now();
    count_after(inode, before);
    return error;
}

int tmpfs_seek(const struct inode *inode, uint64_t offset, bool hole, uint64_t *target)
{
    if (offset >= inode->size)
        return -ENXIO;
    uint64_t at = offset;
    if (hole) {
        while (at < inode->size && next_page(inode, at) <= at)
            at = (at & ~(uint64_t)(PAGE_SIZE - 1)) + PAGE_SIZE;
    } else {
        uint64_t next = next_page(inode, at);
        at = next > at ? next : at;
        if (at >= inode->size)
            return -ENXIO;
    }
    *target = at < inode->size ? at : inode->size;
    return 0;
}

bool tmpfs_mapped_writable(const struct inode *inode)
{
    return inode->regular.memory && memory_info(inode->regular.memory) == 0 && message_page->result[5] > 0;
}

void tmpfs_release(struct inode *inode)
{
    inode->fs->used -= count_before(inode);
    if (inode->regular.memory)
        handle_close(inode->regular.memory);
}

uint64_t tmpfs_resident(struct inode *inode)
{
    if (!inode->regular.memory || memory_info(inode->regular.memory) < 0)
        return 0;
    return message_page->result[1];
}

static void touch_read(struct file *file, struct inode *inode)
{
    if (file->flags & O_NOATIME || (file->path.mount && file->path.mount->flags & (MS_NOATIME | MS_RDONLY)))
        return;
    if (inode->atime <= inode->mtime || inode->atime <= inode->ctime) // relatime
        inode->atime = time_now();
}

static long tmpfs_read(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    struct inode *inode = file->inode;
    touch_read(file, inode);
    while (transfer->left > 0 && *position < inode->size) {
        uint64_t rest = inode->size - *position;
        size_t length = rest < transfer->left ? (size_t)rest : transfer->left;
        long got = inode->regular.memory
                       ? transfer_object(transfer, inode->regular.memory, *position, length, false)
                       : transfer_zero(transfer, length);
        if (got < 0)
            return got;
        *position += (uint64_t)got;
    }
    return 0;
}

static bool over_limit(struct file_system *fs, uint64_t pages)
{
    return fs->limit && fs->used + pages > fs->limit;
}

// How much may be written at `position`: RLIMIT_FSIZE and the largest file. -> 0, -EFBIG (with SIGXFSZ)
static int write_limit(struct client *caller, uint64_t position, size_t *length)
{
    uint64_t limit =
        caller && caller->limits.file_size < FILE_SIZE_LIMIT ? caller->limits.file_size : FILE_SIZE_LIMIT;
    if (*length == 0)
        return 0;
    if (position >= limit) {
        if (caller && limit < FILE_SIZE_LIMIT)
            caller->divert = DIVERT_RAISE + 25; // SIGXFSZ
        return -EFBIG;
    }
    if (*length > limit - position)
        *length = (size_t)(limit - position);
    return 0;
}

static void written(struct client *caller, struct inode *inode)
{
    inode->mtime = inode->ctime = time_now();
    if (inode->mode & (S_ISUID | S_ISGID) && caller && !client_capable(caller, CAP_FSETID))
        inode->mode &= ~(S_ISUID | (inode->mode & 010 ? S_ISGID : 0));
}

// No frame for the file: is it the file systems' share that is full, or the machine?
static long no_frame(struct client *caller)
{
    bool full = KCALL1(quota_info, tmpfs_quota) < 0 || message_page->result[1] >= message_page->result[0];
    if (full || !caller)
        return -ENOSPC;
    caller->starved = true;
    return -EFAULT;
}

static long write_some(struct client *caller, struct inode *inode, struct transfer *transfer,
                       uint64_t *position, size_t length)
{
    while (length > 0) {
        long got = transfer_object(transfer, inode->regular.memory, *position, length, true);
        if (got <= 0)
            return got == -ENOMEM ? no_frame(caller) : -EFAULT;
        *position += (uint64_t)got;
        length -= (size_t)got;
        if (*position > inode->size)
            inode->size = *position;
    }
    return 0;
}

static long tmpfs_write(struct client *caller, struct file *file, struct transfer *transfer,
                        uint64_t *position)
{
    struct inode *inode = file->inode;
    if (file->flags & O_APPEND)
        *position = inode->size;
    size_t length = transfer->left;
    if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (inode->seals & F_SEAL_GROW && *position + length > inode->size)
        return -EPERM;
    long error = write_limit(caller, *position, &length);
    if (error < 0 || length == 0)
        return error;
    uint64_t before = count_before(inode);
    if (over_limit(inode->fs, page_round(length) / PAGE_SIZE) &&
        over_limit(inode->fs, page_round(*position + length) / PAGE_SIZE - before))
        return -ENOSPC;
    error = tmpfs_reserve(inode, *position + length);
    if (error == 0)
        error = write_some(caller, inode, transfer, position, length);
    if (error < 0)
        give_back(inode);
    count_after(inode, before);
    if (transfer->done > 0)
        written(caller, inode);
    return error;
}

static int tmpfs_map(struct client *caller, struct file *file, bool shared, handle_t *memory)
{
    int error = tmpfs_memory(file->inode);
    if (error < 0)
        return -ENOMEM;
    unsigned rights = RIGHT_READ | RIGHT_EXECUTE | RIGHT_TRANSFER;
    if (shared && file_writable(file) && !(file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        rights |= RIGHT_WRITE;
    long handle = handle_duplicate(file->inode->regular.memory, rights);
    if (handle < 0)
        return (int)handle;
    *memory = (handle_t)handle;
    return 0;
}

const struct file_operations tmpfs_file_operations = {
    .read = tmpfs_read,
    .write = tmpfs_write,
    .map = tmpfs_map,
    .seekable = true,
};

// One option "name=value" at *text, which is advanced past it. -> false at the end
static bool next_option(const char **text, char *name, size_t size, const char **value)
{
    while (**text == ',')
        (*text)++;
    if (!**text)
        return false;
    size_t length = 0;
    while (**text && **text != ',' && **text != '=') {
        if (length < size - 1)
            name[length++] = **text;
        (*text)++;
    }
    name[length] = 0;
    *value = **text == '=' ? ++*text : "";
    while (**text && **text != ',')
        (*text)++;
    return true;
}

static uint64_t scaled(const char *value)
{
    char *end;
    uint64_t number = strtoul(value, &end, 10);
    switch (*end | 0x20) {
    case 'g': return number << 30;
    case 'm': return number << 20;
    case 'k': return number << 10;
    default: return number;
    }
}

static void apply_options(struct file_system *fs, struct inode *root, const char *data)
{
    char name[16];
    const char *value;
    while (next_option(&data, name, sizeof(name), &value)) {
        if (!strcmp(name, "size"))
            fs->limit = page_round(scaled(value)) / PAGE_SIZE;
        else if (!strcmp(name, "nr_blocks"))
            fs->limit = scaled(value);
        else if (!strcmp(name, "nr_inodes"))
            fs->inode_limit = scaled(value);
        else if (!strcmp(name, "mode"))
            root->mode = S_IFDIR | (strtoul(value, NULL, 8) & 07777);
        else if (!strcmp(name, "uid"))
            root->uid = (uint32_t)strtoul(value, NULL, 10);
        else if (!strcmp(name, "gid"))
            root->gid = (uint32_t)strtoul(value, NULL, 10);
    }
}

static struct dentry *tmpfs_mount(struct file_system *fs, const char *data, int *error)
{
    struct inode *inode = inode_create(fs, S_IFDIR | 01777, 0, 0);
    struct dentry *root = inode ? dentry_create(NULL, "/", 1, inode) : NULL;
    if (!root) {
        if (inode)
            inode_put(inode);
        *error = -ENOMEM;
        return NULL;
    }
    root->parent = root;
    apply_options(fs, inode, data);
    return root;
}

const struct file_system_type tmpfs_type = { "tmpfs", true, TMPFS_MAGIC, tmpfs_mount };
const struct file_system_type devtmpfs_type = { "devtmpfs", true, TMPFS_MAGIC, tmpfs_mount };
