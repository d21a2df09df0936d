// SPDX-License-Identifier: MIT
// rename(2) in its three forms.

#include <errno.h>
#include <linux/fcntl.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "names.h"
#include "names_check.h"

struct rename {
    struct path from_directory, to_directory, from, to; // to.dentry NULL: free
    struct last from_last, to_last;
    unsigned flags;
};

static bool is_ancestor(const struct dentry *above, const struct dentry *dentry)
{
    for (;; dentry = dentry->parent) {
        if (dentry == above)
            return true;
        if (!dentry->parent || dentry->parent == dentry)
            return false;
    }
}

static int find(struct client *caller, struct rename *rename)
{
    if (rename->from_directory.mount != rename->to_directory.mount)
        return -EXDEV;
    if (rename->from_last.kind != LAST_NAME)
        return -EBUSY;
    if (rename->to_last.kind != LAST_NAME)
        return rename->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    int error = path_child(caller, &rename->from_directory, rename->from_last.name, rename->from_last.length,
                           &rename->from);
    if (error < 0)
        return error;
    error =
        path_child(caller, &rename->to_directory, rename->to_last.name, rename->to_last.length, &rename->to);
    if (error < 0 && error != -ENOENT)
        return error;
    if (error == 0 && rename->flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (error < 0 && rename->flags & RENAME_EXCHANGE)
        return -ENOENT;
    return 0;
}

static int check_kinds(const struct rename *rename)
{
    struct dentry *from = rename->from.dentry, *to = rename->to.dentry;
    bool directory = S_ISDIR(from->inode->mode), exchange = rename->flags & RENAME_EXCHANGE;
    if (from->mounted || rename->from.mount != rename->from_directory.mount ||
        (to && (to->mounted || rename->to.mount != rename->to_directory.mount)))
        return -EBUSY;
    if (!directory && (rename->from_last.slash || (!exchange && rename->to_last.slash)))
        return -ENOTDIR;
    if (is_ancestor(from, rename->to_directory.dentry))
        return -EINVAL;
    if (to && is_ancestor(to, rename->from_directory.dentry))
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (!to || exchange)
        return 0;
    if (directory && !S_ISDIR(to->inode->mode))
        return -ENOTDIR;
    if (!directory && S_ISDIR(to->inode->mode))
        return -EISDIR;
    return directory && dentry_has_children(to) ? -ENOTEMPTY : 0;
}

static int check(struct client *caller, const struct rename *rename)
{
    struct inode *from = rename->from.dentry->inode;
    int error = check_kinds(rename);
    if (error == 0)
        error = names_may_remove(caller, &rename->from_directory, from);
    if (error == 0)
        error = rename->to.dentry ? names_may_remove(caller, &rename->to_directory, rename->to.dentry->inode)
                                  : names_may_change(caller, &rename->to_directory);
    if (error == 0 && S_ISDIR(from->mode) && rename->from_directory.dentry != rename->to_directory.dentry)
        error = inode_permission(caller, from, W_OK);
    return error;
}

// Moves a linked dentry; whoever holds it (a working directory, an open file) moves with it.
static int place(struct dentry *dentry, struct dentry *directory, const struct last *last)
{
    struct dentry *old = dentry->parent;
    int error = dentry_move(dentry, directory, last->name, last->length);
    if (error == 0 && S_ISDIR(dentry->inode->mode) && old != directory) {
        old->inode->links--;
        directory->inode->links++;
    }
    return error;
}

static void stamp(struct rename *rename)
{
    int64_t now = time_now();
    struct inode *a = rename->from_directory.dentry->inode, *b = rename->to_directory.dentry->inode;
    a->mtime = a->ctime = b->mtime = b->ctime = rename->from.dentry->inode->ctime = now;
}

static int exchange(struct rename *rename)
{
    static const struct last aside = { .length = 1, .name = "/" }; // no name in a directory can be this
    struct dentry *from = rename->from.dentry, *to = rename->to.dentry;
    int error = place(to, to->parent, &aside);
    if (error == 0)
        error = place(from, rename->to_directory.dentry, &rename->to_last);
    if (error == 0)
        error = place(to, rename->from_directory.dentry, &rename->from_last);
    return error;
}

static int apply(struct client *caller, struct rename *rename)
{
    int error = find(caller, rename);
    if (error == 0 && rename->to.dentry && rename->to.dentry->inode == rename->from.dentry->inode)
        return 0; // two names of one file: nothing is done
    if (error == 0)
        error = check(caller, rename);
    if (error < 0)
        return error;
    stamp(rename);
    if (rename->flags & RENAME_EXCHANGE)
        return exchange(rename);
    // The place must be free before the move; put the target back if there is no memory for the new name.
    struct dentry *target = rename->to.dentry;
    static const struct last aside = { .length = 1, .name = "/" }; // no name in a directory can be this
    if (target && (error = dentry_move(target, target->parent, aside.name, aside.length)) < 0)
        return error;
    error = place(rename->from.dentry, rename->to_directory.dentry, &rename->to_last);
    if (error == 0 && target)
        name_remove(target);
    else if (target)
        dentry_move(target, target->parent, rename->to_last.name, rename->to_last.length);
    return error;
}

static long do_rename(struct client *caller, int from_fd, unsigned long from, int to_fd, unsigned long to,
                      unsigned flags)
{
    struct rename rename = { .flags = flags };
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    int error = call_lookup_parent(caller, from_fd, from, &rename.from_directory, &rename.from_last);
    if (error < 0)
        return error;
    error = call_lookup_parent(caller, to_fd, to, &rename.to_directory, &rename.to_last);
    if (error == 0)
        error = apply(caller, &rename);
    path_put(&rename.from);
    path_put(&rename.to);
    path_put(&rename.to_directory);
    path_put(&rename.from_directory);
    return error;
}

long call_rename(struct client *caller, const unsigned long args[6])
{
    return do_rename(caller, AT_FDCWD, args[0], AT_FDCWD, args[1], 0);
}

long call_renameat(struct client *caller, const unsigned long args[6])
{
    return do_rename(caller, (int)args[0], args[1], (int)args[2], args[3], 0);
}

long call_renameat2(struct client *caller, const unsigned long args[6])
{
    return do_rename(caller, (int)args[0], args[1], (int)args[2], args[3], (unsigned)args[4]);
}
