// SPDX-License-Identifier: MIT
// getdents(2), getdents64(2) and i386's readdir(2); the working directory.

#include "dirs.h"
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/dirent.h>
#include <linux/fcntl.h>
#include <string.h>
#include "calls.h"
#include "file.h"

#define BUFFER_SIZE 4096

struct user_sink {
    struct dir_sink sink;
    struct client *caller;
    unsigned long to;     // the caller's buffer
    size_t room, flushed; // bytes left there after what is in `buffer`; bytes written there
    size_t used;
    bool wide, single, full;
    long error;
    char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
};

static void flush(struct user_sink *out)
{
    if (out->used == 0 || out->error < 0)
        return;
    out->error = user_write(out->caller, out->to + out->flushed, out->buffer, out->used);
    out->flushed += out->used;
    out->used = 0;
}

static size_t record_size(const struct user_sink *out, size_t length)
{
    size_t header =
        out->wide ? offsetof(struct linux_dirent64, d_name) : offsetof(struct linux_dirent, d_name);
    size_t alignment = out->wide ? 8 : sizeof(long);
    return (header + length + 2 - out->wide + alignment - 1) & ~(alignment - 1);
}

static void fill_record(const struct user_sink *out, char *at, size_t size, const char *name, size_t length,
                        uint64_t inode, uint32_t mode, uint64_t next)
{
    uint8_t type = (uint8_t)((mode & S_IFMT) >> 12);
    memset(at, 0, size);
    if (out->wide) {
        struct linux_dirent64 *record = (void *)at;
        *record = (struct linux_dirent64){ inode, (int64_t)next, (uint16_t)size, type };
        memcpy(at + offsetof(struct linux_dirent64, d_name), name, length);
        return;
    }
    struct linux_dirent *record = (void *)at;
    record->d_ino = (unsigned long)inode;
    record->d_off = (unsigned long)next;
    record->d_reclen = (uint16_t)(out->single ? length : size);
    memcpy(at + offsetof(struct linux_dirent, d_name), name, length);
    if (!out->single)
        at[size - 1] = (char)type;
}

static bool user_add(struct dir_sink *sink, const char *name, size_t length, uint64_t inode, uint32_t mode,
                     uint64_t next)
{
    struct user_sink *out = container_of(sink, struct user_sink, sink);
    size_t size = record_size(out, length);
    if (size > out->room || (out->single && out->used > 0)) {
        out->full = true;
        return false;
    }
    if (out->used + size > BUFFER_SIZE)
        flush(out);
    fill_record(out, out->buffer + out->used, size, name, length, inode, mode, next);
    out->used += size;
    out->room -= size;
    sink->position = next;
    return true;
}

static bool list_dots(struct dentry *directory, struct dir_sink *sink)
{
    struct dentry *parent = directory->parent ? directory->parent : directory;
    if (sink->position == 0 && !sink->add(sink, ".", 1, directory->inode->number, S_IFDIR, 1))
        return false;
    return sink->position != 1 || sink->add(sink, "..", 2, parent->inode->number, S_IFDIR, 2);
}

static int list_directory(struct client *caller, struct dentry *directory, struct dir_sink *sink)
{
    const struct inode_operations *operations = directory->inode->operations;
    if (!list_dots(directory, sink))
        return 0;
    if (sink->position < DYNAMIC_BASE)
        list_for_each(child, &directory->ordered, struct dentry, link)
        {
            if (child->sequence < sink->position)
                continue;
            struct inode *inode = child->inode;
            if (!sink->add(sink, child->name, child->length, inode->number, inode->mode, child->sequence + 1))
                return 0;
        }
    if (!operations || !operations->list)
        return 0;
    return operations->list(caller, directory, sink->position > DYNAMIC_BASE ? sink->position : DYNAMIC_BASE,
                            sink);
}

static long read_directory(struct client *caller, const unsigned long args[6], bool wide, bool single)
{
    struct file *file = files_get(caller, (int)args[0]);
    if (!file)
        return -EBADF;
    struct inode *inode = file->inode;
    if (!S_ISDIR(inode->mode))
        return -ENOTDIR;
    if (inode->links == 0 && !inode->operations)
        return -ENOENT;
    struct user_sink *out = heap_alloc(sizeof(*out));
    if (!out)
        return -ENOMEM;
    *out = (struct user_sink){ .sink = { user_add, file->position },
                               .caller = caller,
                               .to = args[1],
                               .room = single ? sizeof(struct linux_dirent) + NAME_MAX + 8 : args[2],
                               .wide = wide,
                               .single = single };
    file_get(file);
    long error = list_directory(caller, file->path.dentry, &out->sink);
    flush(out);
    if (error == 0)
        error = out->error;
    long done = (long)out->flushed;
    if (error == 0 && done == 0 && out->full)
        error = -EINVAL;
    if (error == 0) {
        file->position = out->sink.position;
        inode->atime = inode->operations ? inode->atime : time_now();
    }
    heap_free(out);
    file_put(file);
    return error < 0 ? error : done;
}

long call_getdents64(struct client *caller, const unsigned long args[6])
{
    return read_directory(caller, args, true, false);
}
long call_getdents(struct client *caller, const unsigned long args[6])
{
    return read_directory(caller, args, false, false);
}

long call_old_readdir(struct client *caller, const unsigned long args[6])
{
    long done = read_directory(caller, args, false, true);
    return done > 0 ? 1 : done;
}

// --- working directory, umask
static long change_directory(struct client *caller, struct path *path)
{
    int error =
        S_ISDIR(path->dentry->inode->mode) ? inode_permission(caller, path->dentry->inode, X_OK) : -ENOTDIR;
    if (error < 0) {
        path_put(path);
        return error;
    }
    path_put(&caller->fs->cwd);
    caller->fs->cwd = *path;
    return 0;
}

long call_chdir(struct client *caller, const unsigned long args[6])
{
    struct path path;
    int error = call_lookup(caller, AT_FDCWD, args[0], LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
    return error < 0 ? error : change_directory(caller, &path);
}

long call_fchdir(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get_any(caller, (int)args[0]);
    if (!file)
        return -EBADF;
    struct path path = file->path;
    path_get(&path);
    return change_directory(caller, &path);
}

long call_getcwd(struct client *caller, const unsigned long args[6])
{
    struct path *cwd = &caller->fs->cwd;
    bool reachable;
    if (!cwd->dentry->linked && cwd->dentry->parent != cwd->dentry && !cwd->dentry->inode->operations)
        return -ENOENT;
    char *buffer = path_buffer();
    if (!buffer)
        return -ENOMEM;
    char *text = path_text(cwd, &caller->fs->root, buffer, PATH_MAX, &reachable);
    long length = -ENAMETOOLONG;
    if (text && !reachable && text - buffer >= 13) {
        text -= 13;
        memcpy(text, "(unreachable)", 13);
    }
    if (text)
        length = (long)strlen(text) + 1;
    if (length > 0 && (size_t)length > args[1])
        length = -ERANGE;
    if (length > 0 && user_store(caller, args[0], text, (size_t)length) < 0)
        length = -EFAULT;
    path_name_put(buffer);
    return length;
}

long call_umask(struct client *caller, const unsigned long args[6])
{
    long old = (long)caller->fs->umask;
    caller->fs->umask = (unsigned)args[0] & 0777;
    return old;
}
