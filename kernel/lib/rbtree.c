// SPDX-License-Identifier: MIT
// Red-black tree (Cormen et al., chapter 13) with the node inside the element; NULL stands for the black leaves.
#include <rbtree.h>

static bool is_red(const struct rbtree_node *node) { return node && node->red; }

// Puts `with` where `node` hangs below its parent.
static void replace(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *with)
{
    struct rbtree_node *parent = node->parent;
    if (!parent)
        tree->root = with;
    else if (parent->left == node)
        parent->left = with;
    else
        parent->right = with;
    if (with)
        with->parent = parent;
}

static void rotate_left(struct rbtree *tree, struct rbtree_node *node)
{
    struct rbtree_node *up = node->right;
    node->right = up->left;
    if (up->left)
        up->left->parent = node;
    replace(tree, node, up);
    up->left = node;
    node->parent = up;
}

static void rotate_right(struct rbtree *tree, struct rbtree_node *node)
{
    struct rbtree_node *up = node->left;
    node->left = up->right;
    if (up->right)
        up->right->parent = node;
    replace(tree, node, up);
    up->right = node;
    node->parent = up;
}

// Node is red; only its parent may be red too.
static void insert_fixup(struct rbtree *tree, struct rbtree_node *node)
{
    while (is_red(node->parent)) {
        struct rbtree_node *parent = node->parent, *grandparent = parent->parent;
        bool left = parent == grandparent->left;
        struct rbtree_node *uncle = left ? grandparent->right : grandparent->left;
        if (is_red(uncle)) {
            parent->red = uncle->red = false;
            grandparent->red = true;
            node = grandparent;
            continue;
        }
        if (left && node == parent->right) {
            rotate_left(tree, parent);
            parent = node;
        } else if (!left && node == parent->left) {
            rotate_right(tree, parent);
            parent = node;
        }
        parent->red = false;
        grandparent->red = true;
        if (left)
            rotate_right(tree, grandparent);
        else
            rotate_left(tree, grandparent);
        break;
    }
    tree->root->red = false;
}

void rbtree_insert(struct rbtree *tree, struct rbtree_node *parent, struct rbtree_node **place,
                   struct rbtree_node *node)
{
    node->parent = parent;
    node->left = node->right = NULL;
    node->red = true;
    *place = node;
    if (!parent || (parent == tree->first && place == &parent->left))
        tree->first = node;
    insert_fixup(tree, node);
}

// The subtree at node (may be NULL) below parent lacks one black node.
static void remove_fixup(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *parent)
{
    while (node != tree->root && !is_red(node)) {
        bool left = node == parent->left;
        struct rbtree_node *sibling = left ? parent->right : parent->left;
        if (sibling->red) {
            sibling->red = false;
            parent->red = true;
            if (left)
                rotate_left(tree, parent);
            else
                rotate_right(tree, parent);
            sibling = left ? parent->right : parent->left;
        }
        if (!is_red(sibling->left) && !is_red(sibling->right)) {
            sibling->red = true;
            node = parent;
            parent = node->parent;
            continue;
        }
        if (left && !is_red(sibling->right)) {
            sibling->left->red = false;
            sibling->red = true;
            rotate_right(tree, sibling);
            sibling = parent->right;
        } else if (!left && !is_red(sibling->left)) {
            sibling->right->red = false;
            sibling->red = true;
            rotate_left(tree, sibling);
            sibling = parent->left;
        }
        sibling->red = parent->red;
        parent->red = false;
        if (left) {
            sibling->right->red = false;
            rotate_left(tree, parent);
        } else {
            sibling->left->red = false;
            rotate_right(tree, parent);
        }
        node = tree->root;
    }
    if (node)
        node->red = false;
}

void rbtree_remove(struct rbtree *tree, struct rbtree_node *node)
{
    if (tree->first == node)
        tree->first = rbtree_next(node);
    struct rbtree_node *child, *parent;
    bool red = node->red;
    if (!node->left || !node->right) {
        child = node->left ? node->left : node->right;
        parent = node->parent;
        replace(tree, node, child);
    } else {
        // The successor has no left child: it leaves its place and takes node's.
        struct rbtree_node *successor = node->right;
        while (successor->left)
            successor = successor->left;
        red = successor->red;
        child = successor->right;
        parent = successor;
        if (successor->parent != node) {
            parent = successor->parent;
            replace(tree, successor, child);
            successor->right = node->right;
            successor->right->parent = successor;
        }
        replace(tree, node, successor);
        successor->left = node->left;
        successor->left->parent = successor;
        successor->red = node->red;
    }
    if (!red)
        remove_fixup(tree, child, parent);
    node->parent = node->left = node->right = NULL;
}

void rbtree_replace(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *with)
{
    *with = *node;
    replace(tree, node, with);
    if (with->left)
        with->left->parent = with;
    if (with->right)
        with->right->parent = with;
    if (tree->first == node)
        tree->first = with;
    node->parent = node->left = node->right = NULL;
}

struct rbtree_node *rbtree_next(const struct rbtree_node *node)
{
    if (node->right) {
        node = node->right;
        while (node->left)
            node = node->left;
        return (struct rbtree_node *)node;
    }
    while (node->parent && node == node->parent->right)
        node = node->parent;
    return node->parent;
}

struct rbtree_node *rbtree_previous(const struct rbtree_node *node)
{
    if (node->left) {
        node = node->left;
        while (node->right)
            node = node->right;
        return (struct rbtree_node *)node;
    }
    while (node->parent && node == node->parent->left)
        node = node->parent;
    return node->parent;
}
