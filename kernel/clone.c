// SPDX-License-Identifier: MIT
// fork's copy_mm: a space with the same regions and the same private pages, copy on write in both. Of pages of objects
// the child gets what costs less than its first fault; it maps those it touches.
#include <arch.h>
#include <errno.h>
#include <pagetable.h>
#include <region.h>

static struct rbtree_node *clone_region(struct space *child, const struct rbtree_node *node,
                                        struct rbtree_node *above)
{
    struct region *region = region_create(child);
    if (!region)
        return NULL;
    region_copy(region, container_of(node, struct region, node));
    region->node = (struct rbtree_node){ .parent = above, .red = node->red };
    return &region->node;
}

// Node by node into a tree of the same shape, which needs no balancing: parents first, left before right.
static int clone_regions(struct space *child, struct space *parent)
{
    child->mapped_pages = parent->mapped_pages;
    struct rbtree_node *copy = NULL, **place = &child->regions.root;
    const struct rbtree_node *node = parent->regions.root;
    while (node) {
        copy = *place = clone_region(child, node, copy);
        if (!copy)
            return -ENOMEM;
        if (node == parent->regions.first)
            child->regions.first = copy;
        place = &copy->left;
        if (node->left) {
            node = node->left;
            continue;
        }
        while (node && copy && (!node->right || copy->right)) { // up to where the right side is still to do
            node = node->parent;
            copy = copy->parent;
        }
        if (!node || !copy)
            break; // both at once
        place = &copy->right;
        node = node->right;
    }
    return 0;
}

// Regions say where pages can be. A table with pages of several is cloned once.
static long clone_pages(struct space *child, struct space *parent)
{
    unsigned long done = 0, end;
    for (struct rbtree_node *node = parent->regions.first; node; node = rbtree_next(node)) {
        if (!region_span(container_of(node, struct region, node), &done, &end))
            continue;
        if (pagetable_clone(child, parent, done, end) < 0)
            return -ENOMEM;
        done = end;
    }
    return 0;
}

struct space *space_clone(struct space *parent, struct quota *quota, int *error)
{
    *error = -ENOMEM;
    struct space *child = space_create(quota);
    if (!child)
        return NULL;
    bool done = clone_regions(child, parent) == 0 && clone_pages(child, parent) == 0;
    arch_tlb_flush(parent, 0, USER_END); // its pages are protected now, however far that got
    if (done)
        return child;
    object_put(&child->object);
    return NULL;
}
