// SPDX-License-Identifier: MIT
// Path resolution. A walk stands at a directory with the rest of the name; symbolic links replace the rest, magic
// links of /proc move the walk. Any step may return -EFIBER (a name that pm must be asked about); then all is undone.

#include "path.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include "file.h"

#define LINKS_LIMIT 40

union buffer {
    union buffer *next;
    char text[PATH_MAX];
};
static union buffer *spare_buffers;

char *path_buffer(void)
{
    union buffer *buffer = spare_buffers;
    if (buffer)
        spare_buffers = buffer->next;
    else
        buffer = heap_alloc(sizeof(*buffer));
    return buffer ? buffer->text : NULL;
}

void path_name_put(char *name)
{
    if (!name)
        return;
    union buffer *buffer = container_of(name, union buffer, text);
    buffer->next = spare_buffers;
    spare_buffers = buffer;
}

int path_name(struct client *caller, unsigned long address, char **name)
{
    *name = path_buffer();
    if (!*name)
        return -ENOMEM;
    long length = user_string(caller, *name, address, PATH_MAX);
    if (length >= 0)
        return 0;
    path_name_put(*name);
    *name = NULL;
    return (int)length;
}

void path_get(const struct path *path)
{
    if (path->mount)
        mount_get(path->mount);
    if (path->dentry)
        dentry_get(path->dentry);
}

void path_put(struct path *path)
{
    if (path->dentry)
        dentry_put(path->dentry);
    if (path->mount)
        mount_put(path->mount);
    *path = (struct path){ NULL, NULL };
}

bool path_equal(const struct path *a, const struct path *b)
{
    return a->mount == b->mount && a->dentry == b->dentry;
}

int path_writable(const struct path *path)
{
    return path->mount && path->mount->flags & MS_RDONLY ? -EROFS : 0;
}

// Replaces the path at *path by another, taking over the other's references.
static void path_move(struct path *path, struct path to)
{
    path_put(path);
    *path = to;
}

static void path_set(struct path *path, struct path to)
{
    path_get(&to);
    path_move(path, to);
}

static void follow_mounts(struct path *path)
{
    while (path->mount && path->dentry->mounted) {
        struct mount *mount = mount_on(path->mount, path->dentry);
        if (!mount)
            return;
        path_set(path, (struct path){ mount, mount->root });
    }
}

static const struct path *walk_root(const struct walk *walk)
{
    return walk->flags & LOOKUP_IN_ROOT ? &walk->bound : &walk->caller->fs->root;
}

static int step_up(struct walk *walk)
{
    struct path *at = &walk->at;
    if (walk->flags & LOOKUP_BENEATH && path_equal(at, &walk->bound))
        return -EXDEV;
    while (!path_equal(at, walk_root(walk))) {
        if (at->mount && at->dentry == at->mount->root) {
            if (!at->mount->parent)
                return 0;
            if (walk->flags & LOOKUP_NO_XDEV)
                return -EXDEV;
            path_set(at, (struct path){ at->mount->parent, at->mount->point });
            continue;
        }
        if (!at->dentry->parent)
            return 0;
        path_set(at, (struct path){ at->mount, at->dentry->parent });
        follow_mounts(at);
        return 0;
    }
    return 0;
}

int path_child(struct client *caller, const struct path *directory, const char *name, size_t length,
               struct path *child)
{
    struct dentry *parent = directory->dentry, *found = dentry_child(parent, name, length);
    const struct inode_operations *operations = parent->inode->operations;
    if (found) {
        dentry_get(found);
    } else {
        if (!operations || !operations->lookup)
            return -ENOENT;
        int error = operations->lookup(caller, parent, name, length, &found);
        if (error < 0 || !found)
            return error < 0 ? error : -ENOENT;
    }
    *child = (struct path){ directory->mount, found };
    if (child->mount)
        mount_get(child->mount);
    follow_mounts(child);
    return 0;
}

static int searchable(struct walk *walk)
{
    if (!walk->at.dentry)
        return -ENOENT;
    struct inode *inode = walk->at.dentry->inode;
    if (!S_ISDIR(inode->mode))
        return -ENOTDIR;
    return inode_permission(walk->caller, inode, X_OK);
}

int walk_start(struct walk *walk, struct client *caller, int dirfd, const char *name, unsigned flags)
{
    *walk = (struct walk){ .caller = caller, .rest = name, .flags = flags };
    if (!*name && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    const struct path *start = &caller->fs->cwd;
    bool confined = flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH);
    if (*name == '/' && !confined) {
        start = &caller->fs->root;
    } else if (dirfd != AT_FDCWD) {
        struct file *file = files_get_any(caller, dirfd);
        if (!file)
            return -EBADF;
        if (*name && !S_ISDIR(file->inode->mode))
            return -ENOTDIR;
        start = &file->path;
    }
    if (*name == '/' && flags & LOOKUP_BENEATH)
        return -EXDEV;
    path_set(&walk->at, *start);
    if (confined)
        path_set(&walk->bound, *start);
    return 0;
}

void walk_end(struct walk *walk)
{
    path_put(&walk->at);
    path_put(&walk->bound);
    path_name_put(walk->text);
    walk->text = NULL;
}

// Puts a link's target in front of what is left of the name.
static int expand(struct walk *walk, const struct path *link)
{
    struct inode *inode = link->dentry->inode;
    char *text = path_buffer();
    if (!text)
        return -ENOMEM;
    long length;
    if (inode->operations && inode->operations->readlink)
        length = inode->operations->readlink(walk->caller, link->dentry, text, PATH_MAX - 1);
    else
        length = (long)strlcpy(text, inode->link.target, PATH_MAX);
    size_t rest = strlen(walk->rest);
    long error = length < 0                             ? length
                 : length == 0                          ? -ENOENT
                 : (size_t)length + rest + 2 > PATH_MAX ? -ENAMETOOLONG
                                                        : 0;
    if (error < 0) {
        path_name_put(text);
        return (int)error;
    }
    if (rest > 0)
        text[length++] = '/';
    memcpy(text + length, walk->rest, rest + 1);
    text[length + (long)rest] = 0;
    path_name_put(walk->text);
    walk->text = text;
    walk->rest = text;
    if (text[0] != '/')
        return 0;
    if (walk->flags & LOOKUP_BENEATH)
        return -EXDEV;
    path_set(&walk->at, *walk_root(walk));
    return 0;
}

int walk_link(struct walk *walk, const struct path *link)
{
    struct inode *inode = link->dentry->inode;
    if (++walk->links > LINKS_LIMIT || walk->flags & LOOKUP_NO_SYMLINKS)
        return -ELOOP;
    if (!inode->operations || !inode->operations->follow)
        return expand(walk, link);
    if (walk->flags & (LOOKUP_NO_MAGIC | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
        return -ELOOP;
    struct path target = { NULL, NULL };
    int error = inode->operations->follow(walk->caller, link->dentry, &target);
    if (error < 0)
        return error;
    path_move(&walk->at, target);
    return 1;
}

static void take_component(struct walk *walk, const char **name, size_t *length)
{
    while (*walk->rest == '/')
        walk->rest++;
    *name = walk->rest;
    while (*walk->rest && *walk->rest != '/')
        walk->rest++;
    *length = (size_t)(walk->rest - *name);
}

static bool only_slashes(const char *text)
{
    while (*text == '/')
        text++;
    return !*text;
}

static enum last_kind component_kind(const char *name, size_t length)
{
    if (length == 0)
        return LAST_ROOT;
    if (name[0] != '.' || length > 2)
        return LAST_NAME;
    return length == 1 ? LAST_DOT : name[1] == '.' ? LAST_DOTDOT : LAST_NAME;
}

// An intermediate component: the walk moves to it.
static int step(struct walk *walk, const char *name, size_t length)
{
    enum last_kind kind = component_kind(name, length);
    if (kind == LAST_DOT)
        return 0;
    if (kind == LAST_DOTDOT)
        return step_up(walk);
    struct path child;
    int error = path_child(walk->caller, &walk->at, name, length, &child);
    if (error < 0)
        return error;
    if (S_ISLNK(child.dentry->inode->mode)) {
        error = walk_link(walk, &child);
        path_put(&child);
        return error < 0 ? error : 0;
    }
    if (walk->flags & LOOKUP_NO_XDEV && child.mount != walk->at.mount) {
        path_put(&child);
        return -EXDEV;
    }
    path_move(&walk->at, child);
    return 0;
}

int walk_parent(struct walk *walk, struct last *last)
{
    for (;;) {
        const char *name;
        size_t length;
        if (*walk->rest == '/' && only_slashes(walk->rest) && walk->at.dentry) {
            *last = (struct last){ .kind = LAST_ROOT, .slash = true };
            return 0;
        }
        int error = searchable(walk);
        if (error < 0)
            return error;
        take_component(walk, &name, &length);
        if (length > NAME_MAX)
            return -ENAMETOOLONG;
        if (only_slashes(walk->rest)) {
            last->kind = component_kind(name, length);
            last->slash = *walk->rest == '/';
            last->length = length;
            memcpy(last->name, name, length);
            last->name[length] = 0;
            walk->rest += strlen(walk->rest);
            return 0;
        }
        error = step(walk, name, length);
        if (error < 0)
            return error;
    }
}

int walk_special(struct walk *walk, const struct last *last)
{
    return last->kind == LAST_DOTDOT ? step_up(walk) : 0;
}

static int lookup(struct walk *walk, struct last *last)
{
    for (;;) {
        int error = walk_parent(walk, last);
        if (error < 0)
            return error;
        if (last->kind != LAST_NAME)
            return walk_special(walk, last);
        struct path child;
        error = path_child(walk->caller, &walk->at, last->name, last->length, &child);
        if (error < 0)
            return error;
        if (!S_ISLNK(child.dentry->inode->mode) || !(walk->flags & LOOKUP_FOLLOW || last->slash)) {
            bool crossed = child.mount != walk->at.mount;
            path_move(&walk->at, child);
            return crossed && walk->flags & LOOKUP_NO_XDEV ? -EXDEV : 0;
        }
        if (last->slash)
            walk->flags |= LOOKUP_DIRECTORY;
        error = walk_link(walk, &child);
        path_put(&child);
        if (error != 0)
            return error < 0 ? error : 0;
    }
}

int path_lookup(struct client *caller, int dirfd, const char *name, unsigned flags, struct path *result)
{
    struct walk walk;
    struct last last = { .slash = false };
    int error = walk_start(&walk, caller, dirfd, name, flags);
    if (error == 0 && *name)
        error = lookup(&walk, &last);
    bool directory = last.slash || walk.flags & LOOKUP_DIRECTORY;
    if (error == 0 && directory && !S_ISDIR(walk.at.dentry->inode->mode))
        error = -ENOTDIR;
    if (error == 0) {
        *result = walk.at;
        walk.at = (struct path){ NULL, NULL };
    }
    walk_end(&walk);
    return error;
}

int path_lookup_parent(struct client *caller, int dirfd, const char *name, unsigned flags,
                       struct path *directory, struct last *last)
{
    struct walk walk;
    int error = walk_start(&walk, caller, dirfd, name, flags);
    if (error == 0)
        error = walk_parent(&walk, last);
    if (error == 0) {
        *directory = walk.at;
        walk.at = (struct path){ NULL, NULL };
    }
    walk_end(&walk);
    return error;
}

// One name in front of what is in the buffer already. -> the new start, NULL: no room
static char *prepend(char *start, const char *buffer, const char *name, size_t length)
{
    if ((size_t)(start - buffer) < length)
        return NULL;
    return memcpy(start - length, name, length);
}

char *path_text(const struct path *path, const struct path *root, char *buffer, size_t size, bool *reachable)
{
    struct mount *mount = path->mount;
    struct dentry *dentry = path->dentry;
    char *start = buffer + size - 1;
    *start = 0;
    *reachable = true;
    bool rooted = dentry->parent == dentry;
    if (!mount) // anonymous: the name is all there is
        return prepend(start, buffer, dentry->name, dentry->length);
    if (!dentry->linked && !rooted && !dentry->inode->operations &&
        !(start = prepend(start, buffer, " (deleted)", 10)))
        return NULL;
    char *end = start;
    while (mount != root->mount || dentry != root->dentry) {
        if (dentry == mount->root) {
            if (!mount->parent) {
                *reachable =
                    mount == root_mount && path_equal(root, &(struct path){ root_mount, root_mount->root });
                break;
            }
            dentry = mount->point;
            mount = mount->parent;
            continue;
        }
        start = prepend(start, buffer, dentry->name, dentry->length);
        start = start ? prepend(start, buffer, "/", 1) : NULL;
        if (!start)
            return NULL;
        dentry = dentry->parent;
    }
    return start == end ? prepend(start, buffer, "/", 1) : start;
}
