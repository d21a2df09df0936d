// SPDX-License-Identifier: MIT
// Sets of regions: the spaces that clones made share one until one of them changes it, so that a fork whose child only
// runs a while, or execs, copies no region.
#include <arch.h>
#include <frame.h>
#include <region.h>

static struct region_set *set_create(struct quota *quota)
{
    struct region_set *set = kmalloc(quota, sizeof *set);
    if (!set)
        return NULL;
    object_get(&quota->object);
    set->quota = quota;
    list_init(&set->spaces);
    return set;
}

// Leaf by leaf, without rebalancing. -> false: budget was not enough
static bool set_free(struct region_set *set, unsigned budget)
{
    struct rbtree_node *node = set->tree.root;
    for (; node && budget; budget--) {
        while (node->left || node->right)
            node = node->left ? node->left : node->right;
        struct rbtree_node *parent = node->parent;
        if (!parent)
            set->tree.root = NULL;
        else if (parent->left == node)
            parent->left = NULL;
        else
            parent->right = NULL;
        region_free(container_of(node, struct region, node));
        node = parent;
    }
    if (node)
        return false;
    struct quota *quota = set->quota;
    kfree(quota, set, sizeof *set);
    object_put(&quota->object);
    return true;
}

static void enter(struct space *space, struct region_set *set)
{
    space->regions = set;
    list_append(&set->spaces, &space->sharing);
}

bool regions_init(struct space *space)
{
    struct region_set *set = set_create(space->quota);
    if (set)
        enter(space, set);
    return set != NULL;
}

bool regions_leave(struct space *space, unsigned budget)
{
    struct region_set *set = space->regions;
    list_remove(&space->sharing);
    return !list_empty(&set->spaces) || set_free(set, budget);
}

static struct rbtree_node *copy_region(struct region_set *to, const struct rbtree_node *node,
                                       struct rbtree_node *above)
{
    struct region *region = region_create(to);
    if (!region)
        return NULL;
    region_copy(region, container_of(node, struct region, node));
    region->node = (struct rbtree_node){ .parent = above, .red = node->red };
    return &region->node;
}

// Node by node into a tree of the same shape, which needs no balancing: parents first, left before right.
static bool copy_tree(struct region_set *to, const struct region_set *from)
{
    struct rbtree_node *copy = NULL, **place = &to->tree.root;
    const struct rbtree_node *node = from->tree.root;
    while (node) {
        copy = *place = copy_region(to, node, copy);
        if (!copy)
            return false;
        if (node == from->tree.first)
            to->tree.first = copy;
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
    return true;
}

static struct region_set *set_copy(const struct region_set *from, struct quota *quota)
{
    struct region_set *set = set_create(quota);
    if (!set || copy_tree(set, from))
        return set;
    set_free(set, ~0u);
    return NULL;
}

bool regions_own(struct space *space)
{
    if (region_set_shared(space->regions)) {
        struct region_set *copy = set_copy(space->regions, space->quota);
        if (!copy)
            return false;
        list_remove(&space->sharing);
        enter(space, copy);
        space->last = NULL;
    }
    return true;
}

// Who pays for the set pays for all its spaces.
bool regions_clone(struct space *child, const struct space *parent)
{
    struct region_set *set = parent->regions;
    if (set->quota != child->quota)
        set = set_copy(set, child->quota);
    if (!set)
        return false;
    enter(child, set);
    child->mapped_pages = parent->mapped_pages;
    return true;
}
