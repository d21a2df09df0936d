// SPDX-License-Identifier: MIT
// Red-black tree with the node inside the element; the caller walks and compares (rbtree_link, then
// rbtree_insert). Used by kernel (regions, fair queue, deadlines) and servers. Source: kernel/lib/rbtree.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rbtree_node {
    struct rbtree_node *parent, *left, *right;
    bool red;
};

struct rbtree {
    struct rbtree_node *root;
    struct rbtree_node *first; // leftmost, so that the minimum costs nothing
};

// Links node below parent at *place (one of parent's children, or &tree->root), then rebalances.
void rbtree_insert(struct rbtree *tree, struct rbtree_node *parent, struct rbtree_node **place,
                   struct rbtree_node *node);
void rbtree_remove(struct rbtree *tree, struct rbtree_node *node);
// `with` takes the place of `node`: it must belong there in the order.
void rbtree_replace(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *with);
struct rbtree_node *rbtree_next(const struct rbtree_node *node);
struct rbtree_node *rbtree_previous(const struct rbtree_node *node);
