// SPDX-License-Identifier: MIT
// Unit tests: spaces, regions, page tables, faults, clone, memory objects and copies, case by case (kernel_model.c: at
// random).
#include "fake_arch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <memory.h>
#include <pagetable.h>
#include <region.h>
#include <space.h>
#include <string.h>
#include <work.h>

#define RW (PROT_READ_BIT | PROT_WRITE_BIT)
#define BASE 0x3fe00000ul // 4 MiB around a boundary of tables of both levels
#define PAGES 1024u

static void put32(struct space *space, unsigned long address, uint32_t value)
{
    assert_int_equal(copy_to_space(space, address, &value, sizeof value), sizeof value);
}

static uint32_t get32(struct space *space, unsigned long address)
{
    uint32_t value = 0xdeadbeef;
    assert_int_equal(copy_from_space(space, &value, address, sizeof value), sizeof value);
    return value;
}

static long map(struct space *space, unsigned long address, unsigned long pages, unsigned flags)
{
    return space_map(space, address, pages * PAGE_SIZE, flags | MAP_FIXED_BIT, NULL, 0, 0, 0);
}

// --- regions ------------------------------------------------------------------------------------------------------

static void regions_split_and_merge(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    uint64_t r[8];
    assert_int_equal(map(space, 0x10000, 16, RW), 0x10000);
    assert_int_equal(map(space, 0x20000, 16, RW), 0x20000);
    assert_int_equal(space_query(space, 0, r), 0);
    assert_true(r[0] == 0x10000 && r[1] == 0x30000 && r[2] == (RW | MAP_MAYWRITE_BIT));
    put32(space, 0x14000, 7);
    put32(space, 0x15000, 8);
    assert_int_equal(space_protect(space, 0x14000, PAGE_SIZE, PROT_READ_BIT), 0);
    assert_int_equal(space_query(space, 0x14000, r), 0);
    assert_true(r[0] == 0x14000 && r[1] == 0x15000 && r[6] == 1);
    uint32_t value = 1;
    assert_int_equal(copy_to_space(space, 0x14000, &value, 4), 0);
    assert_int_equal(get32(space, 0x14000), 7);
    assert_int_equal(space_protect(space, 0x14000, PAGE_SIZE, 0), 0);
    assert_int_equal(copy_from_space(space, &value, 0x14000, 4), 0);
    assert_int_equal(space->resident_pages, 2);
    assert_int_equal(space_protect(space, 0x14000, PAGE_SIZE, RW), 0);
    assert_int_equal(get32(space, 0x14000), 7);
    put32(space, 0x14000, 9);
    assert_int_equal(space_query(space, 0, r), 0);
    assert_true(r[0] == 0x10000 && r[1] == 0x30000 && r[6] == 2);
    assert_int_equal(space_unmap(space, 0x18000, PAGE_SIZE), 0);
    assert_int_equal(space->mapped_pages, 31);
    assert_int_equal(space_protect(space, 0x17000, 3 * PAGE_SIZE, RW), -ENOMEM);
    assert_int_equal(space_query(space, 0x30000, r), -ENOENT);
    assert_int_equal(space_unmap(space, 0, USER_END - PAGE_SIZE), 0);
    assert_true(space->mapped_pages == 0 && space->resident_pages == 0 && space->table_frames == 0);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void bad_arguments(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    assert_int_equal(map(space, 0x10010, 1, RW), -EINVAL);
    assert_int_equal(map(space, 0x10000, 0, RW), -EINVAL);
    assert_int_equal(map(space, USER_END - PAGE_SIZE, 2, RW), -EINVAL);
    assert_int_equal(map(space, 0xfffff000, 1, RW), -ENOMEM);
    assert_int_equal(space_map(space, 0x10000, ~0ul, RW | MAP_FIXED_BIT, NULL, 0, 0, 0), -ENOMEM);
    assert_int_equal(space_map(space, 0, ~0ul, RW, NULL, 0, 0, 0), -ENOMEM);
    assert_int_equal(map(space, 0x10000, 1, RW | MAP_SHARED_BIT), -EINVAL);
    struct memory *memory = memory_create(quota, PAGE_SIZE, 0, NULL, 0);
    assert_int_equal(space_map(space, 0x10000, 4096, RW | MAP_FIXED_BIT, memory, 17, 0, 0), -EINVAL);
    assert_int_equal(space_map(space, 0x10000, 4096, RW | MAP_FIXED_BIT, memory, ~0ull << 12, 0, 0), -EINVAL);
    assert_int_equal(map(space, 0x10000, 1, RW), 0x10000);
    assert_int_equal(map(space, 0x10000, 1, RW | MAP_NOREPLACE_BIT), -EEXIST);
    assert_int_equal(space_unmap(space, 0x10000, 0), -EINVAL);
    assert_int_equal(space_unmap(space, 0x10000, ~0ul), -EINVAL);
    assert_int_equal(space_protect(space, 0x10000, ~0ul, RW), -EINVAL);
    assert_int_equal(space_fault(space, USER_END, ACCESS_READ, NULL, NULL), -EFAULT);
    assert_int_equal(space_fault(space, ~0ul, ACCESS_READ, NULL, NULL), -EFAULT);
    object_put(&memory->object);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void gaps(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    assert_int_equal(space_map(space, 0x80000000, 1, RW | MAP_BELOW_BIT, NULL, 0, 1, 0), 0x7ffff000);
    assert_int_equal(space_map(space, 0x80000000, 0x2000, RW | MAP_BELOW_BIT, NULL, 0, 2, 0), 0x7fffd000);
    assert_int_equal(space_map(space, 0x7ffff000, 1, RW, NULL, 0, 3, 0), 0x80000000);
    assert_int_equal(space_map(space, 0, 1, RW, NULL, 0, 4, 0), 0x1000);
    assert_int_equal(space_map(space, 0x2000, 0x2000, RW | MAP_BELOW_BIT, NULL, 0, 5, 0), -ENOMEM);
    assert_int_equal(space_unmap(space, 0x7fffe000, 0x1000), 0);
    assert_int_equal(space_map(space, ~0ul, 0x1000, RW | MAP_BELOW_BIT, NULL, 0, 6, 0), 0xbffff000);
    assert_int_equal(space_map(space, 0x80000000, 0x1000, RW | MAP_BELOW_BIT, NULL, 0, 7, 0), 0x7fffe000);
    // Large memory ends with a page table, where there is room for that.
    assert_int_equal(space_map(space, ~0ul, 0x201000, RW | MAP_BELOW_BIT, NULL, 0, 8, 0),
                     0xbfe00000 - 0x201000);
    assert_int_equal(space_map(space, 0xbffff000, 0x1f0000, RW | MAP_BELOW_BIT, NULL, 0, 9, 0),
                     0xbffff000 - 0x1f0000);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void grows_in_place(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    map(space, 0x10000, 4, RW);
    put32(space, 0x13000, 1);
    assert_int_equal(space_move(space, 0x12000, 0x2000, 0x12000, 0x5000), 0x12000);
    assert_int_equal(space->mapped_pages, 7);
    put32(space, 0x16000, 2);
    assert_int_equal(space_move(space, 0x12000, 0x2000, 0x12000, 0x6000), -EEXIST); // inside the region
    map(space, 0x17000, 1, PROT_READ_BIT);
    assert_int_equal(space_move(space, 0x12000, 0x5000, 0x12000, 0x6000), -EEXIST);
    assert_int_equal(space_move(space, 0x12000, 0x6000, 0x12000, 0x7000), -EFAULT);
    assert_int_equal(space_move(space, 0x10000, 0x7000, 0x10000, ~0ul), -EINVAL);
    assert_int_equal(space_move(space, 0x10000, 0x7000, 0x10000, 0x7000), 0x10000);
    assert_int_equal(space_move(space, 0x10000, 0x7000, 0x30000, 0x8000), 0x30000);
    assert_int_equal(get32(space, 0x33000), 1);
    assert_int_equal(get32(space, 0x37000), 0);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void stack_grows(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    unsigned flags = RW | MAP_FIXED_BIT | MAP_GROWSDOWN_BIT;
    assert_int_equal(space_map(space, 0x20000000, PAGE_SIZE, flags, NULL, 0, 0, 0x1f800000), 0x20000000);
    put32(space, 0x1fff0000, 1);
    assert_int_equal(space->mapped_pages, 17);
    put32(space, 0x1f800000, 2);
    assert_int_equal(space_fault(space, 0x1f7ff000, ACCESS_WRITE, NULL, NULL), -EFAULT);
    assert_int_equal(space_unmap(space, 0x1f800000, 0x400000), 0);
    assert_int_equal(map(space, 0x1f900000, 1, RW), 0x1f900000);
    assert_int_equal(space_fault(space, 0x1f910000, ACCESS_WRITE, NULL, NULL), -EFAULT); // too near
    assert_int_equal(space_fault(space, 0x1fb00000, ACCESS_WRITE, NULL, NULL), 0);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

// --- objects ------------------------------------------------------------------------------------------------------

static void shared_and_private_pages(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *a = space_create(quota), *b = space_create(quota);
    struct memory *memory = memory_create(quota, 40 * PAGE_SIZE, 0, NULL, 0);
    unsigned shared = RW | MAP_FIXED_BIT | MAP_SHARED_BIT, private = RW | MAP_FIXED_BIT;
    space_map(a, 0x10000, 40 * PAGE_SIZE, shared, memory, 0, 0, 0);
    space_map(b, 0x90000, 50 * PAGE_SIZE, private, memory, PAGE_SIZE, 0, 0);
    put32(a, 0x12000, 5);
    assert_int_equal(get32(b, 0x91000), 5);
    put32(a, 0x12000, 6);
    assert_int_equal(get32(b, 0x91000), 6);
    put32(b, 0x91000, 7);
    put32(a, 0x12000, 8);
    assert_int_equal(get32(b, 0x91000), 7);
    assert_int_equal(space_fault(b, 0x90000 + 39 * PAGE_SIZE, ACCESS_READ, NULL, NULL), -ERANGE);
    int error;
    struct space *c = space_clone(a, quota, &error);
    put32(c, 0x12000, 9); // shared stays shared
    assert_int_equal(get32(a, 0x12000), 9);
    put32(a, 0x13000, 3);
    assert_int_equal(memory_evict(memory, 2 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(get32(a, 0x12000), 0);
    assert_int_equal(get32(b, 0x91000), 7); // the private copy stays
    assert_int_equal(memory_resize(memory, PAGE_SIZE + 2), 0);
    assert_int_equal(space_fault(b, 0x91000, ACCESS_READ, NULL, NULL), -ERANGE);
    assert_int_equal(space_fault(c, 0x13000, ACCESS_READ, NULL, NULL), -ERANGE);
    assert_true(memory->resident <= 2);
    object_put(&a->object);
    object_put(&b->object);
    object_put(&c->object);
    object_put(&memory->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void resize_clears_the_tail(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct memory *memory = memory_create(quota, 5000, 0, NULL, 0);
    char bytes[8192];
    memset(bytes, 1, sizeof bytes);
    assert_int_equal(memory_copy_in(memory, 0, bytes, sizeof bytes), 5000);
    assert_int_equal(memory_resize(memory, 100), 0);
    assert_int_equal(memory_resize(memory, 8000), 0);
    assert_int_equal(memory_copy_out(memory, 0, bytes, sizeof bytes), 8000);
    for (unsigned i = 0; i < 8000; i++)
        assert_int_equal(bytes[i], i < 100);
    assert_int_equal(memory_copy_out(memory, 9000, bytes, 1), 0);
    object_put(&memory->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void low_memory_is_contiguous(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct memory *memory = memory_create(quota, 5 * PAGE_SIZE, MEMORY_LOW, NULL, 0);
    assert_int_equal(memory->resident, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(frame_address(memory_present(memory, i)), memory->physical + i * PAGE_SIZE);
    assert_true(quota->frames >= 5 && quota->frames < 8);
    assert_int_equal(memory_resize(memory, PAGE_SIZE), -EINVAL);
    object_put(&memory->object);
    assert_null(memory_create(quota, 900 * PAGE_SIZE * 2, MEMORY_LOW, NULL, 0)); // over quota
    for (unsigned n = 1; n < 12; n++) {
        allocation_failure_countdown = n;
        memory = memory_create(quota, 5 * PAGE_SIZE, MEMORY_LOW, NULL, 0);
        if (memory)
            object_put(&memory->object);
        allocation_failure_countdown = 0;
    }
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void physical_memory_and_reclaim(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *space = space_create(quota);
    uint64_t physical = 0x220000, total = frame_total();
    memset(fake_memory + physical, 0x11, 3 * PAGE_SIZE);
    struct memory *memory = memory_physical(quota, physical, 3 * PAGE_SIZE, MEMORY_RECLAIM);
    space_map(space, 0x10000, 3 * PAGE_SIZE, RW | MAP_FIXED_BIT | MAP_SHARED_BIT, memory, 0, 0, 0);
    space_map(space, 0x20000, 4 * PAGE_SIZE, RW | MAP_FIXED_BIT, memory, 0, 0, 0);
    assert_int_equal(get32(space, 0x11000), 0x11111111);
    put32(space, 0x20000, 2);
    assert_int_equal(get32(space, 0x10000), 0x11111111);
    put32(space, 0x11000, 3);
    assert_int_equal(get32(space, 0x21000), 3);
    assert_int_equal(space_fault(space, 0x23000, ACCESS_READ, NULL, NULL), -ERANGE);
    object_put(&memory->object);
    assert_int_equal(frame_total(), total);
    object_put(&space->object);
    assert_int_equal(frame_total(), total + 3);
    fake_quota_end(quota);
    before.frames += 3;
    fake_check_usage(before);
}

// --- big things on the work list ------------------------------------------------------------------------------------

static void large_spaces_go_in_steps(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(5000);
    struct space *space = space_create(quota);
    map(space, BASE, 3000, RW);
    for (unsigned i = 0; i < 3000; i++)
        put32(space, BASE + i * PAGE_SIZE, i);
    object_put(&space->object);
    unsigned steps = 0;
    while (work_step())
        steps++;
    assert_true(steps >= 2); // the first was done at once
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void clone_shares_tables(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(5000);
    struct space *parent = space_create(quota);
    map(parent, BASE, PAGES, RW);
    for (unsigned i = 0; i < PAGES; i++)
        put32(parent, BASE + i * PAGE_SIZE, i);
    uint64_t used = quota->frames;
    int error;
    struct space *child = space_clone(parent, quota, &error);
    assert_true(quota->frames - used < 8);
    assert_int_equal(child->resident_pages, PAGES);
    put32(child, BASE, 77);
    put32(parent, BASE + PAGE_SIZE, 78);
    assert_int_equal(get32(parent, BASE), 0);
    assert_int_equal(get32(child, BASE + PAGE_SIZE), 1);
    object_put(&parent->object);
    for (unsigned i = 1; i < PAGES; i++)
        assert_int_equal(get32(child, BASE + i * PAGE_SIZE), i);
    object_put(&child->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

// Each allocation of a clone in turn fails: the parent is intact and nothing is left.
static void clone_undone(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(2000);
    struct space *parent = space_create(quota);
    struct memory *memory = memory_create(quota, 4 * PAGE_SIZE, 0, NULL, 0);
    for (unsigned i = 0; i < 10; i++) {
        map(parent, 0x10000000 * (i + 1), 3, RW);
        put32(parent, 0x10000000 * (i + 1), i);
        space_map(parent, 0x10000000ul * (i + 1) + 0x10000, PAGE_SIZE, PROT_READ_BIT | MAP_FIXED_BIT, memory,
                  0, 0, 0);
        get32(parent, 0x10000000 * (i + 1) + 0x10000);
    }
    uint64_t used = quota->frames, bytes = quota->bytes;
    int error;
    struct space *child = NULL;
    unsigned n;
    for (n = 1; !child; n++) {
        allocation_failure_countdown = n;
        child = space_clone(parent, quota, &error);
        allocation_failure_countdown = 0;
        if (!child) {
            assert_int_equal(error, -ENOMEM);
            assert_int_equal(quota->frames, used);
            assert_int_equal(quota->bytes, bytes);
        }
    }
    assert_true(n > 15);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(get32(child, 0x10000000 * (i + 1)), i);
    object_put(&child->object);
    object_put(&parent->object);
    object_put(&memory->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

// --- copies -------------------------------------------------------------------------------------------------------

static void copies(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *a = space_create(quota), *b = space_create(quota);
    struct memory *memory = memory_create(quota, 3 * PAGE_SIZE, 0, NULL, 0);
    char text[10000], back[10000] = { 0 };
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    map(a, 0x10000, 3, RW);
    map(b, 0x20000, 4, RW);
    assert_int_equal(copy_to_space(a, 0x10100, text, 10000), 10000);
    assert_int_equal(copy_between_spaces(b, 0x20777, a, 0x10100, 10000), 10000);
    assert_int_equal(copy_from_space(b, back, 0x20777, 10000), 10000);
    assert_memory_equal(text, back, 10000);
    assert_int_equal(copy_between_spaces(b, 0x20000, a, 0x12000, 0x2000), 0x1000); // short at the end
    assert_int_equal(memory_copy_space(memory, 100, a, 0x10100, 10000, true), 10000);
    assert_int_equal(memory_copy_space(memory, 100, b, 0x20000, 20000, false), 3 * PAGE_SIZE - 100);
    assert_int_equal(copy_from_space(b, back, 0x20000, 10000), 10000);
    assert_memory_equal(text, back, 10000);
    uint32_t found = 1;
    put32(a, 0x10000, 5);
    assert_int_equal(space_compare_exchange(a, 0x10000, 4, 6, &found), 0);
    assert_int_equal(found, 5);
    assert_int_equal(space_compare_exchange(a, 0x10000, 5, 6, &found), 0);
    assert_int_equal(get32(a, 0x10000), 6);
    assert_int_equal(space_compare_exchange(a, 0x10001, 5, 6, &found), -EINVAL);
    assert_int_equal(space_compare_exchange(a, 0x30000, 5, 6, &found), -EFAULT);
    object_put(&a->object);
    object_put(&b->object);
    object_put(&memory->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

// A page of the object that is written whole is not zeroed first. The source may end in that very page, mapped: what
// it then reads there are zeroes, not what the frame had before.
static void copy_into_itself(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(1000);
    struct space *a = space_create(quota);
    struct memory *memory = memory_create(quota, PAGE_SIZE, 0, NULL, 0);
    static char text[PAGE_SIZE], back[PAGE_SIZE], zeroes[PAGE_SIZE];
    memset(text, 'x', sizeof text);
    map(a, 0x10000, 10, RW);
    for (unsigned i = 0; i < 10; i++) // frames that are not zero when they are used again
        assert_int_equal(copy_to_space(a, 0x10000 + i * PAGE_SIZE, text, PAGE_SIZE), PAGE_SIZE);
    assert_int_equal(space_unmap(a, 0x11000, 9 * PAGE_SIZE), 0);
    assert_true(space_map(a, 0x11000, PAGE_SIZE, RW | MAP_FIXED_BIT | MAP_SHARED_BIT, memory, 0, 0, 0) > 0);
    assert_int_equal(memory_copy_space(memory, 0, a, 0x11000 - 100, PAGE_SIZE, true), PAGE_SIZE);
    assert_int_equal(memory_copy_out(memory, 0, back, PAGE_SIZE), PAGE_SIZE);
    assert_memory_equal(back, text, 100);
    assert_memory_equal(back + 200, zeroes, PAGE_SIZE - 200);
    // A source that ends: the rest of the page reads as zeroes.
    assert_int_equal(memory_resize(memory, 0), 0);
    assert_int_equal(memory_resize(memory, PAGE_SIZE), 0);
    assert_int_equal(space_unmap(a, 0x11000, PAGE_SIZE), 0);
    assert_int_equal(memory_copy_space(memory, 0, a, 0x11000 - 300, PAGE_SIZE, true), 300);
    assert_int_equal(memory_copy_out(memory, 0, back, PAGE_SIZE), PAGE_SIZE);
    assert_memory_equal(back, text, 300);
    assert_memory_equal(back + 300, zeroes, PAGE_SIZE - 300);
    object_put(&a->object);
    object_put(&memory->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

static void over_quota(void **state)
{
    struct fake_usage before = fake_usage();
    struct quota *quota = fake_quota(20);
    struct space *space = space_create(quota);
    map(space, 0x10000, 100, RW);
    unsigned pages = 0;
    while (space_fault(space, 0x10000 + pages * PAGE_SIZE, ACCESS_WRITE, NULL, NULL) == 0)
        pages++;
    assert_true(pages > 10 && pages < 20);
    assert_int_equal(space_fault(space, 0x10000 + pages * PAGE_SIZE, ACCESS_WRITE, NULL, NULL), -ENOMEM);
    object_put(&space->object);
    fake_quota_end(quota);
    fake_check_usage(before);
}

int main(void)
{
    fake_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_split_and_merge),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(gaps),
        cmocka_unit_test(grows_in_place),
        cmocka_unit_test(stack_grows),
        cmocka_unit_test(shared_and_private_pages),
        cmocka_unit_test(resize_clears_the_tail),
        cmocka_unit_test(low_memory_is_contiguous),
        cmocka_unit_test(physical_memory_and_reclaim),
        cmocka_unit_test(large_spaces_go_in_steps),
        cmocka_unit_test(clone_shares_tables),
        cmocka_unit_test(clone_undone),
        cmocka_unit_test(copies),
        cmocka_unit_test(copy_into_itself),
        cmocka_unit_test(over_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
