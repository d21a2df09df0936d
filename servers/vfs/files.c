// SPDX-License-Identifier: MIT
// Descriptor tables, and the calls that only move descriptors: close, dup and close_range.

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "locks.h"

#define TABLE_LIMIT (1u << 20) // as Linux's fs.nr_open

struct files *files_create(void)
{
    struct files *files = heap_alloc(sizeof(*files));
    if (!files)
        return NULL;
    files->references = 1;
    files->table = files->few;
    files->size = FILES_FEW;
    return files;
}

static void files_free(struct files *files)
{
    if (files->table != files->few)
        heap_free(files->table);
    heap_free(files);
}

static bool files_grow(struct files *files, unsigned needed)
{
    if (needed <= files->size)
        return true;
    unsigned size = files->size;
    while (size < needed)
        size *= 2;
    struct descriptor *table = heap_alloc(size * sizeof(*table));
    if (!table)
        return false;
    memcpy(table, files->table, files->end * sizeof(*table));
    if (files->table != files->few)
        heap_free(files->table);
    files->table = table;
    files->size = size;
    return true;
}

static unsigned end_of(const struct files *files)
{
    unsigned end = files->end;
    while (end > 0 && !files->table[end - 1].file)
        end--;
    return end;
}

// The table is cut to what is in use, so that a fork after many open files copies little.
struct files *files_copy(const struct files *from)
{
    struct files *files = files_create();
    if (!files)
        return NULL;
    unsigned end = end_of(from);
    if (!files_grow(files, end)) {
        files_free(files);
        return NULL;
    }
    files->next = from->next;
    files->end = end;
    for (unsigned fd = 0; fd < end; fd++) {
        files->table[fd] = from->table[fd];
        if (files->table[fd].file)
            file_get(files->table[fd].file);
    }
    return files;
}

// One descriptor is gone: POSIX locks of the owner on the file go with it (fcntl(2)).
static void close_file(struct client *owner, struct files *files, struct file *file)
{
    if (owner && file->inode->locks)
        locks_files_closed(file->inode, files);
    if (file->operations->closed)
        file->operations->closed(owner, file);
    file_put(file);
}

void files_put(struct client *owner, struct files *files)
{
    if (--files->references > 0)
        return;
    for (unsigned fd = 0; fd < files->end; fd++)
        if (files->table[fd].file)
            close_file(owner, files, files->table[fd].file);
    files_free(files);
}

static void drop(struct client *owner, struct files *files, unsigned fd)
{
    struct file *file = files->table[fd].file;
    files->table[fd] = (struct descriptor){ NULL, false };
    if (fd < files->next)
        files->next = fd;
    close_file(owner, files, file);
}

void files_close_on_exec(struct client *owner, struct files *files)
{
    for (unsigned fd = 0; fd < files->end; fd++)
        if (files->table[fd].file && files->table[fd].cloexec)
            drop(owner, files, fd);
}

struct file *files_get_any(struct client *caller, int fd)
{
    struct files *files = caller->files;
    return (unsigned)fd < files->size ? files->table[fd].file : NULL;
}

struct file *files_get(struct client *caller, int fd)
{
    struct file *file = files_get_any(caller, fd);
    return file && !(file->flags & O_PATH) ? file : NULL;
}

static unsigned limit_of(const struct client *caller)
{
    return caller->limits.open_files < TABLE_LIMIT ? (unsigned)caller->limits.open_files : TABLE_LIMIT;
}

static void set(struct files *files, unsigned fd, struct file *file, bool cloexec)
{
    files->table[fd] = (struct descriptor){ file, cloexec };
    if (fd >= files->end)
        files->end = fd + 1;
}

long files_add(struct client *caller, struct file *file, bool cloexec, unsigned lowest)
{
    struct files *files = caller->files;
    unsigned fd = lowest > files->next ? lowest : files->next;
    while (fd < files->size && files->table[fd].file)
        fd++;
    if (fd >= limit_of(caller))
        return -EMFILE;
    if (!files_grow(files, fd + 1))
        return -ENOMEM;
    set(files, fd, file, cloexec);
    if (lowest <= files->next)
        files->next = fd + 1;
    return (long)fd;
}

long files_place(struct client *caller, struct file *file, bool cloexec, unsigned fd)
{
    struct files *files = caller->files;
    if (fd >= limit_of(caller))
        return -EBADF;
    if (!files_grow(files, fd + 1))
        return -ENOMEM;
    struct file *old = files->table[fd].file;
    set(files, fd, file, cloexec);
    if (old)
        close_file(caller, files, old);
    return (long)fd;
}

long files_close(struct client *caller, int fd)
{
    if (!files_get_any(caller, fd))
        return -EBADF;
    drop(caller, caller->files, (unsigned)fd);
    return 0;
}

long call_close(struct client *caller, const unsigned long args[6])
{
    return files_close(caller, (int)args[0]);
}

long call_dup(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get_any(caller, (int)args[0]);
    if (!file)
        return -EBADF;
    long fd = files_add(caller, file, false, 0);
    if (fd >= 0)
        file_get(file);
    return fd;
}

static long duplicate_to(struct client *caller, int from, int to, bool cloexec)
{
    struct file *file = files_get_any(caller, from);
    if (!file || to < 0)
        return -EBADF;
    file_get(file);
    long fd = files_place(caller, file, cloexec, (unsigned)to);
    if (fd < 0)
        file_put(file);
    return fd;
}

long call_dup2(struct client *caller, const unsigned long args[6])
{
    if (args[0] == args[1])
        return files_get_any(caller, (int)args[0]) ? (long)args[1] : -EBADF;
    return duplicate_to(caller, (int)args[0], (int)args[1], false);
}

long call_dup3(struct client *caller, const unsigned long args[6])
{
    if (args[2] & ~(unsigned long)O_CLOEXEC || (int)args[0] == (int)args[1])
        return -EINVAL;
    return duplicate_to(caller, (int)args[0], (int)args[1], args[2] & O_CLOEXEC);
}

long call_close_range(struct client *caller, const unsigned long args[6])
{
    unsigned first = (unsigned)args[0], last = (unsigned)args[1], flags = (unsigned)args[2];
    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE && caller->files->references > 1) {
        struct files *copy = files_copy(caller->files);
        if (!copy)
            return -ENOMEM;
        files_put(caller, caller->files);
        caller->files = copy;
    }
    struct files *files = caller->files;
    for (unsigned fd = first; fd <= last && fd < files->end; fd++) {
        if (!files->table[fd].file)
            continue;
        if (flags & CLOSE_RANGE_CLOEXEC)
            files->table[fd].cloexec = true;
        else
            drop(caller, files, fd);
    }
    return 0;
}
