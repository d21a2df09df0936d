// SPDX-License-Identifier: MIT
// cpio newc (the initramfs buffer format of Linux's early userspace documentation): a header of 6 + 13 * 8 hex digits,
// the name, the data, each padded to 4 bytes; "TRAILER!!!" ends one archive.

#include "cpio.h"
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <string.h>
#include "inode.h"
#include "tmpfs.h"

#define HEADER_SIZE 110

enum field {
    INO,
    MODE,
    UID,
    GID,
    LINKS,
    MTIME,
    SIZE,
    DEV_MAJOR,
    DEV_MINOR,
    RDEV_MAJOR,
    RDEV_MINOR,
    NAME_SIZE
};

struct entry {
    uint32_t field[13];
    const char *name, *data;
};

// Names of one inode in an archive: the data comes with one of them only.
struct hard_link {
    struct hard_link *next;
    uint32_t number;
    struct inode *inode;
};

static bool hex(const char *text, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'                     ? c - '0'
                    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                             : -1;
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static size_t pad(size_t offset) { return (offset + 3) & ~(size_t)3; }

// -> offset after the entry, 0: not a valid one
static size_t parse(const char *archive, size_t length, size_t at, struct entry *entry)
{
    if (length - at < HEADER_SIZE ||
        (memcmp(archive + at, "070701", 6) != 0 && memcmp(archive + at, "070702", 6) != 0))
        return 0;
    for (unsigned i = 0; i < 13; i++)
        if (!hex(archive + at + 6 + i * 8, &entry->field[i]))
            return 0;
    size_t name_size = entry->field[NAME_SIZE];
    size_t name = at + HEADER_SIZE, data = pad(name + name_size), end = pad(data + entry->field[SIZE]);
    if (name_size == 0 || name_size > length || data > length || entry->field[SIZE] > length - data ||
        archive[name + name_size - 1])
        return 0;
    entry->name = archive + name;
    entry->data = archive + data;
    return end < length ? end : length;
}

// The directory that holds the last component of *name, which is advanced to it; missing ones are made.
static struct dentry *parent_of(struct dentry *root, const char **name)
{
    struct dentry *directory = root;
    const char *slash;
    while ((slash = strchr(*name, '/'))) {
        size_t length = (size_t)(slash - *name);
        if (length > 0 && !(length == 1 && **name == '.')) {
            struct dentry *child = dentry_child(directory, *name, length);
            if (!child) {
                if (dentry_make(directory, *name, length, S_IFDIR | 0755, 0, 0, &child) < 0)
                    return NULL;
                dentry_put(child);
            }
            directory = child;
        }
        *name = slash + 1;
    }
    return directory;
}

static void set_attributes(struct inode *inode, const struct entry *entry)
{
    inode->mode = entry->field[MODE] & (S_IFMT | 07777);
    inode->uid = entry->field[UID];
    inode->gid = entry->field[GID];
    inode->mtime = (int64_t)entry->field[MTIME] * 1000000000;
    inode->atime = inode->ctime = inode->btime = inode->mtime;
    inode->rdev = DEVICE(entry->field[RDEV_MAJOR], entry->field[RDEV_MINOR]);
}

static int set_content(struct inode *inode, const struct entry *entry)
{
    size_t size = entry->field[SIZE];
    if (S_ISLNK(inode->mode)) {
        char *target = heap_alloc(size + 1);
        if (!target)
            return -ENOMEM;
        memcpy(target, entry->data, size);
        inode->link.target = target;
        inode->size = size;
        return 0;
    }
    if (!S_ISREG(inode->mode) || size == 0)
        return 0;
    if (tmpfs_reserve(inode, size) < 0 ||
        memory_write(inode->regular.memory, 0, entry->data, size) != (long)size)
        return -ENOSPC;
    inode->size = size;
    return 0;
}

static struct inode *linked_before(struct hard_link *links, const struct entry *entry)
{
    if (entry->field[LINKS] < 2 || S_ISDIR(entry->field[MODE]))
        return NULL;
    for (; links; links = links->next)
        if (links->number == entry->field[INO])
            return links->inode;
    return NULL;
}

static int remember(struct hard_link **links, const struct entry *entry, struct inode *inode)
{
    if (entry->field[LINKS] < 2 || S_ISDIR(entry->field[MODE]))
        return 0;
    struct hard_link *link = heap_alloc(sizeof(*link));
    if (!link)
        return -ENOMEM;
    *link = (struct hard_link){ *links, entry->field[INO], inode };
    *links = link;
    return 0;
}

static void forget(struct hard_link **links)
{
    while (*links) {
        struct hard_link *link = *links;
        *links = link->next;
        heap_free(link);
    }
}

static int add_name(struct dentry *directory, const char *name, struct inode *inode)
{
    struct dentry *dentry = dentry_create(directory, name, strlen(name), inode_get(inode));
    if (!dentry) {
        inode_put(inode);
        return -ENOMEM;
    }
    inode->links++;
    dentry_link(dentry);
    dentry_put(dentry);
    return 0;
}

static int unpack_entry(const struct entry *entry, struct dentry *root, struct hard_link **links)
{
    const char *name = entry->name;
    struct dentry *directory = parent_of(root, &name), *child;
    if (!directory)
        return -ENOMEM;
    if (!*name || !strcmp(name, "."))
        return 0;
    child = dentry_child(directory, name, strlen(name));
    if (child && S_ISDIR(child->inode->mode) && S_ISDIR(entry->field[MODE])) {
        set_attributes(child->inode, entry);
        return 0;
    }
    if (child) { // a later archive replaces files of an earlier one
        child->inode->links--;
        dentry_unlink(child);
    }
    struct inode *inode = linked_before(*links, entry);
    int error;
    if (inode) {
        error = add_name(directory, name, inode);
    } else {
        error = dentry_make(directory, name, strlen(name), entry->field[MODE], 0, 0, &child);
        if (error < 0)
            return error;
        inode = child->inode;
        set_attributes(inode, entry);
        error = remember(links, entry, inode);
        dentry_put(child);
    }
    if (error == 0 && entry->field[SIZE] > 0)
        error = set_content(inode, entry);
    return error;
}

int cpio_unpack(const char *archive, size_t length, struct dentry *root)
{
    struct hard_link *links = NULL;
    struct entry entry;
    size_t at = 0;
    int error = 0;
    while (at < length && error == 0) {
        if (!archive[at]) { // padding between archives
            at++;
            continue;
        }
        size_t next = parse(archive, length, at, &entry);
        if (next == 0)
            error = -EINVAL;
        else if (strcmp(entry.name, "TRAILER!!!") == 0)
            forget(&links);
        else if (strcmp(entry.name, "boot") != 0 && strncmp(entry.name, "boot/", 5) != 0)
            error = unpack_entry(&entry, root, &links);
        at = next;
    }
    forget(&links);
    return error;
}
