// SPDX-License-Identifier: MIT
// fork's copy_mm: a space with the same regions and the same private pages, copy on write in both. Pages of objects
// are not copied: the child maps those it touches.
#include <arch.h>
#include <errno.h>
#include <pagetable.h>
#include <region.h>

// In order, so each goes to the right of the last one without a search.
static int clone_regions(struct space *child, struct space *parent)
{
    struct rbtree_node *last = NULL, *node = parent->regions.first;
    for (; node; node = rbtree_next(node)) {
        struct region *region = region_create(child);
        if (!region)
            return -ENOMEM;
        region_copy(region, container_of(node, struct region, node));
        rbtree_insert(&child->regions, last, last ? &last->right : &child->regions.root, &region->node);
        last = &region->node;
    }
    child->mapped_pages = parent->mapped_pages;
    return 0;
}

// Regions say where pages can be. A table with pages of several is cloned once.
static long clone_pages(struct space *child, struct space *parent)
{
    unsigned long done = 0, end;
    for (struct rbtree_node *node = parent->regions.first; node; node = rbtree_next(node)) {
        if (!region_span(container_of(node, struct region, node), &done, &end))
            continue;
        if (pagetable_clone(child, parent, done, end, false) < 0)
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
