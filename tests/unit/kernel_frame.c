// SPDX-License-Identifier: MIT
// Unit tests: frames, charging, kmalloc, radix tree, red-black tree.
#include "fake_arch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include <list.h>
#include <radix.h>
#include <rbtree.h>
#include <string.h>

static unsigned seed = 1;

static unsigned random_below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

static void all_frames_can_be_taken(void **state)
{
    struct fake_usage before = fake_usage();
    struct frame *chain = NULL, *frame;
    uint64_t count = 0;
    while ((frame = frame_alloc(NULL, 0, 0))) {
        uint64_t address = frame_address(frame);
        assert_false(address >= 0x200000 && address < 0x301000); // reserved
        assert_ptr_equal(frame_at(address), frame);
        *(uint64_t *)(fake_memory + address) = count++;
        frame->next = chain;
        chain = frame;
    }
    assert_int_equal(count, before.frames);
    assert_int_equal(frame_free_count(), 0);
    while ((frame = chain)) {
        chain = frame->next;
        assert_int_equal(*(uint64_t *)(fake_memory + frame_address(frame)), --count);
        frame_put(frame);
    }
    fake_check_usage(before);
    assert_null(frame_at(0x40000000));
    assert_null(frame_at(0));
}

static void low_and_zeroed(void **state)
{
    struct fake_usage before = fake_usage();
    struct frame *low = frame_alloc(NULL, 3, FRAME_LOW | FRAME_ZERO), *any = frame_alloc(NULL, 0, FRAME_ZERO);
    assert_true(frame_address(low) + 8 * PAGE_SIZE <= DIRECT_LIMIT);
    assert_int_equal(frame_address(low) % (8 * PAGE_SIZE), 0);
    assert_true(frame_address(any) >= DIRECT_LIMIT); // high frames first
    for (unsigned i = 0; i < 8 * PAGE_SIZE; i++)
        assert_int_equal(((char *)frame_direct(low))[i], 0);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(fake_memory[frame_address(any) + i], 0);
    frame_put(low);
    frame_put(any);
    assert_null(frame_alloc(NULL, 11, 0));
    fake_check_usage(before);
}

static void random_blocks_merge_again(void **state)
{
    struct fake_usage before = fake_usage();
    struct frame *blocks[64] = { 0 };
    for (unsigned round = 0; round < 20000; round++) {
        struct frame **block = &blocks[random_below(64)];
        if (*block) {
            frame_put(*block);
            *block = NULL;
        } else {
            *block = frame_alloc(NULL, random_below(7), random_below(2) ? FRAME_LOW : 0);
        }
    }
    for (unsigned i = 0; i < 64; i++)
        if (blocks[i])
            frame_put(blocks[i]);
    fake_check_usage(before);
    struct frame *largest = frame_alloc(NULL, 10, FRAME_LOW);
    assert_non_null(largest);
    frame_put(largest);
}

static void quota_limits_and_outlives(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(10);
    struct frame *frames_taken[10];
    for (unsigned i = 0; i < 10; i++)
        assert_non_null(frames_taken[i] = frame_alloc(quota, 0, 0));
    assert_null(frame_alloc(quota, 0, 0));
    assert_null(kmalloc(quota, 100));
    frame_put(frames_taken[9]);
    void *object = kmalloc(quota, 100);
    assert_non_null(object);
    assert_int_equal(quota->frames, 10);
    kfree(quota, object, 100);
    object_put(&quota->object); // frames keep it
    for (unsigned i = 0; i < 9; i++)
        frame_put(frames_taken[i]);
    fake_check_usage(before);
}

static void split_block(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(100);
    struct frame *block = frame_alloc(quota, 3, FRAME_LOW);
    frame_split(block);
    assert_int_equal(quota->frames, 8 + 0);
    for (unsigned i = 0; i < 8; i++)
        frame_put(&block[i]);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void kernel_objects(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(2000);
    struct {
        unsigned char *bytes;
        size_t size;
        unsigned char fill;
    } objects[200] = { 0 };
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = random_below(200);
        if (objects[i].bytes) {
            for (size_t k = 0; k < objects[i].size; k++)
                assert_int_equal(objects[i].bytes[k], objects[i].fill);
            kfree(quota, objects[i].bytes, objects[i].size);
            objects[i].bytes = NULL;
            continue;
        }
        objects[i].size = 1 + random_below(random_below(4) ? 600 : 9000);
        objects[i].fill = (unsigned char)(1 + random_below(255));
        objects[i].bytes = kmalloc(quota, objects[i].size);
        assert_non_null(objects[i].bytes);
        for (size_t k = 0; k < objects[i].size; k++)
            assert_int_equal(objects[i].bytes[k], 0);
        memset(objects[i].bytes, objects[i].fill, objects[i].size);
    }
    for (unsigned i = 0; i < 200; i++)
        if (objects[i].bytes)
            kfree(quota, objects[i].bytes, objects[i].size);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void failure_countdown(void **state)
{
    allocation_failure_countdown = 2;
    void *first = kmalloc(NULL, 10);
    assert_non_null(first);
    assert_null(kmalloc(NULL, 10));
    struct frame *frame = frame_alloc(NULL, 0, 0);
    assert_non_null(frame);
    frame_put(frame);
    kfree(NULL, first, 10);
}

static void radix_tree(void **state)
{
    struct fake_usage before = fake_usage();
    static char present[5000];
    static const uint64_t scale[] = { 1, 977, 1ull << 40 };
    for (unsigned s = 0; s < 3; s++) {
        struct radix radix = { 0 };
        memset(present, 0, sizeof present);
        for (unsigned round = 0; round < 20000; round++) {
            unsigned i = random_below(5000);
            assert_ptr_equal(radix_get(&radix, i * scale[s]), present[i] ? &present[i] : NULL);
            if (present[i])
                assert_ptr_equal(radix_remove(&radix, NULL, i * scale[s]), &present[i]);
            else if (radix_set(&radix, NULL, i * scale[s], &present[i]) < 0)
                continue;
            present[i] = !present[i];
            if (random_below(50) == 0)
                allocation_failure_countdown = 1 + random_below(3);
        }
        allocation_failure_countdown = 0;
        uint64_t at = 0;
        for (unsigned i = 0; i < 5000; i++) {
            if (!present[i])
                continue;
            assert_ptr_equal(radix_next(&radix, &at), &present[i]);
            assert_int_equal(at, i * scale[s]);
            radix_remove(&radix, NULL, at);
        }
        assert_null(radix_next(&radix, &at));
        assert_null(radix.root);
    }
    fake_check_usage(before);
}

struct item {
    struct rbtree_node node;
    unsigned key;
    int used;
};

static int black_height(const struct rbtree_node *node)
{
    if (!node)
        return 1;
    if (node->red)
        assert_true((!node->left || !node->left->red) && (!node->right || !node->right->red));
    int left = black_height(node->left), right = black_height(node->right);
    assert_int_equal(left, right);
    return left + !node->red;
}

static void red_black_tree(void **state)
{
    static struct item items[300];
    struct rbtree tree = { 0 };
    for (unsigned round = 0; round < 5000; round++) {
        struct item *item = &items[random_below(300)];
        if (item->used) {
            rbtree_remove(&tree, &item->node);
        } else {
            item->key = random_below(100000);
            struct rbtree_node **place = &tree.root, *parent = NULL;
            while (*place) {
                parent = *place;
                place =
                    item->key < container_of(parent, struct item, node)->key ? &parent->left : &parent->right;
            }
            rbtree_insert(&tree, parent, place, &item->node);
        }
        item->used = !item->used;
        black_height(tree.root);
    }
    unsigned count = 0, used = 0, last = 0;
    for (struct rbtree_node *node = tree.first; node; node = rbtree_next(node), count++) {
        assert_true(container_of(node, struct item, node)->key >= last);
        last = container_of(node, struct item, node)->key;
        assert_true(!rbtree_next(node) || rbtree_previous(rbtree_next(node)) == node);
    }
    for (unsigned i = 0; i < 300; i++)
        used += (unsigned)items[i].used;
    assert_int_equal(count, used);
}

int main(void)
{
    fake_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_frames_can_be_taken),
        cmocka_unit_test(low_and_zeroed),
        cmocka_unit_test(random_blocks_merge_again),
        cmocka_unit_test(quota_limits_and_outlives),
        cmocka_unit_test(split_block),
        cmocka_unit_test(kernel_objects),
        cmocka_unit_test(failure_countdown),
        cmocka_unit_test(radix_tree),
        cmocka_unit_test(red_black_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
