// SPDX-License-Identifier: MIT
// Names. A linked dentry is in its parent's tree (by name) and list (by age, what getdents walks); being linked
// counts as one reference. An unlinked one lives on while somebody uses it.

#include <errno.h>
#include <heap.h>
#include <string.h>
#include "inode.h"

struct dentry *dentry_create(struct dentry *parent, const char *name, size_t length, struct inode *inode)
{
    struct dentry *dentry = heap_alloc(sizeof(*dentry) + length + 1);
    if (!dentry)
        return NULL;
    dentry->references = 1;
    dentry->inode = inode;
    dentry->parent = parent ? dentry_get(parent) : NULL;
    dentry->name = dentry->first_name;
    dentry->length = dentry->room = (uint16_t)length;
    memcpy(dentry->name, name, length);
    list_init(&dentry->ordered);
    list_init(&dentry->link);
    dentry->next_sequence = 3; // after "." and ".."
    return dentry;
}

struct dentry *dentry_get(struct dentry *dentry)
{
    dentry->references++;
    return dentry;
}

// Frees a chain of parents in a loop: paths may be deep. A root is its own parent without a reference.
void dentry_put(struct dentry *dentry)
{
    while (dentry && --dentry->references == 0) {
        struct dentry *parent = dentry->parent;
        inode_put(dentry->inode);
        if (dentry->name != dentry->first_name)
            heap_free(dentry->name);
        heap_free(dentry);
        dentry = parent == dentry ? NULL : parent;
    }
}

static int name_order(const char *name, size_t length, const struct dentry *dentry)
{
    size_t shorter = length < dentry->length ? length : dentry->length;
    int order = memcmp(name, dentry->name, shorter);
    return order ? order : length < dentry->length ? -1 : length > dentry->length;
}

struct dentry *dentry_child(struct dentry *directory, const char *name, size_t length)
{
    struct rbtree_node *node = directory->children.root;
    while (node) {
        struct dentry *dentry = container_of(node, struct dentry, node);
        int order = name_order(name, length, dentry);
        if (order == 0)
            return dentry;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

void dentry_link(struct dentry *dentry)
{
    struct dentry *directory = dentry->parent;
    struct rbtree_node **place = &directory->children.root, *parent = NULL;
    while (*place) {
        parent = *place;
        int order = name_order(dentry->name, dentry->length, container_of(parent, struct dentry, node));
        place = order < 0 ? &parent->left : &parent->right;
    }
    rbtree_insert(&directory->children, parent, place, &dentry->node);
    dentry->sequence = directory->next_sequence++;
    list_append(&directory->ordered, &dentry->link);
    dentry->linked = true;
    dentry_get(dentry);
}

void dentry_unlink(struct dentry *dentry)
{
    rbtree_remove(&dentry->parent->children, &dentry->node);
    list_remove(&dentry->link);
    dentry->linked = false;
    dentry_put(dentry);
}

// Short names of a move reuse the storage, so moving a name back after dentry_move(..., "/") cannot fail.
int dentry_move(struct dentry *dentry, struct dentry *directory, const char *name, size_t length)
{
    char *storage = dentry->name;
    if (length > dentry->room) {
        storage = heap_alloc(length + 1);
        if (!storage)
            return -ENOMEM;
    }
    struct dentry *old = dentry->parent;
    dentry_get(dentry);
    dentry_unlink(dentry);
    if (storage != dentry->name) {
        if (dentry->name != dentry->first_name)
            heap_free(dentry->name);
        dentry->name = storage;
        dentry->room = (uint16_t)length;
    }
    memcpy(storage, name, length);
    storage[length] = 0;
    dentry->length = (uint16_t)length;
    dentry->parent = dentry_get(directory);
    dentry_link(dentry);
    dentry_put(dentry);
    dentry_put(old);
    return 0;
}

bool dentry_has_children(const struct dentry *directory) { return !list_empty(&directory->ordered); }

int dentry_make(struct dentry *directory, const char *name, size_t length, uint32_t mode, uint32_t uid,
                uint32_t gid, struct dentry **child)
{
    struct inode *inode = inode_create(directory->inode->fs, mode, uid, gid);
    if (!inode)
        return directory->inode->fs->inode_limit ? -ENOSPC : -ENOMEM;
    struct dentry *dentry = dentry_create(directory, name, length, inode);
    if (!dentry) {
        inode_put(inode);
        return -ENOMEM;
    }
    dentry_link(dentry);
    if (S_ISDIR(mode))
        directory->inode->links++;
    directory->inode->mtime = directory->inode->ctime = inode->ctime;
    *child = dentry;
    return 0;
}
