// SPDX-License-Identifier: MIT
// kernel/lib/rbtree.c: random insertions and removals, the tree's invariants checked after each.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <list.h>
#include <rbtree.h>

#define ITEMS 300u

struct item {
    struct rbtree_node node;
    unsigned key;
    bool in;
};

static struct item items[ITEMS];
static struct rbtree tree;

static struct item *item_of(const struct rbtree_node *node) { return container_of(node, struct item, node); }

static void insert(struct item *item)
{
    struct rbtree_node **place = &tree.root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = item->key < item_of(parent)->key ? &parent->left : &parent->right;
    }
    rbtree_insert(&tree, parent, place, &item->node);
    item->in = true;
}

// -> black height; red nodes have black children, parents are right
static unsigned check(const struct rbtree_node *node, const struct rbtree_node *parent)
{
    if (!node)
        return 1;
    assert_ptr_equal(node->parent, parent);
    if (node->red) {
        assert_false(node->left && node->left->red);
        assert_false(node->right && node->right->red);
    }
    unsigned left = check(node->left, node), right = check(node->right, node);
    assert_int_equal(left, right);
    return left + !node->red;
}

static void check_all(void)
{
    unsigned expected = 0, count = 0, last = 0;
    check(tree.root, NULL);
    assert_false(tree.root && tree.root->red);
    for (unsigned i = 0; i < ITEMS; i++)
        expected += items[i].in;
    const struct rbtree_node *previous = NULL;
    for (const struct rbtree_node *node = tree.first; node; node = rbtree_next(node)) {
        assert_true(item_of(node)->in && item_of(node)->key >= last);
        assert_ptr_equal(rbtree_previous(node), previous);
        last = item_of(node)->key;
        previous = node;
        count++;
    }
    assert_int_equal(count, expected);
}

static void random_changes(void **state)
{
    uint32_t random = 12345;
    for (unsigned i = 0; i < ITEMS; i++)
        items[i].key = (i * 2654435761u) >> 24; // many are equal
    for (unsigned round = 0; round < 20000; round++) {
        random = random * 1664525u + 1013904223u;
        struct item *item = &items[(random >> 8) % ITEMS];
        if (item->in) {
            rbtree_remove(&tree, &item->node);
            item->in = false;
        } else {
            insert(item);
        }
        if (round % 16 == 0)
            check_all();
    }
}

static void ascending_and_emptied(void **state)
{
    tree = (struct rbtree){ 0 };
    for (unsigned i = 0; i < ITEMS; i++)
        items[i].in = false;
    for (unsigned i = 0; i < ITEMS; i++) {
        items[i] = (struct item){ .key = i };
        insert(&items[i]);
        check_all();
    }
    for (unsigned i = 0; i < ITEMS; i++) {
        assert_ptr_equal(tree.first, &items[i].node);
        rbtree_remove(&tree, tree.first);
        items[i].in = false;
        check_all();
    }
    assert_null(tree.root);
    assert_null(tree.first);
}

// Each is replaced by another of the same key, in an order of its own.
static void replaced(void **state)
{
    tree = (struct rbtree){ 0 };
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = (struct item){ .key = (i / 2 * 37) % (ITEMS / 2) };
    for (unsigned i = 0; i < ITEMS; i += 2)
        insert(&items[i]);
    for (unsigned i = 0; i < ITEMS; i += 2) {
        rbtree_replace(&tree, &items[i].node, &items[i + 1].node);
        items[i].in = false;
        items[i + 1].in = true;
        check_all();
    }
    for (unsigned i = 1; i < ITEMS; i += 2) {
        rbtree_remove(&tree, &items[i].node);
        items[i].in = false;
        check_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes),
        cmocka_unit_test(ascending_and_emptied),
        cmocka_unit_test(replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
