// SPDX-License-Identifier: MIT
// Spaces: regions, protection, stacks, queries, moves, discards, clones.
#include "test.h"
#include <string.h>

#define AREA 0x20000000ul
#define RW (PROT_READ_BIT | PROT_WRITE_BIT)
#define FIXED (RW | MAP_FIXED_BIT)

static handle_t space;

static bool begin_space(void)
{
    long made = space_create(ROOT_QUOTA);
    space = made < 0 ? 0 : (handle_t)made;
    return space != 0;
}

static long map(unsigned long address, unsigned long pages, unsigned flags)
{
    return space_map(space, address, pages * PAGE_SIZE, flags, 0, 0, 7, 0);
}

static long put(unsigned long address, char byte) { return copy_out(0, space, &byte, address, 1); }

static long get(unsigned long address)
{
    unsigned char byte = 0;
    long got = copy_in(0, space, &byte, address, 1);
    return got < 0 ? got : byte;
}

static void map_and_unmap(void)
{
    CHECK(begin_space());
    CHECK_EQUAL(map(AREA, 4, FIXED), AREA);
    CHECK_EQUAL(get(AREA), 0);
    CHECK_EQUAL(put(AREA + 4 * PAGE_SIZE - 1, 'x'), 1);
    CHECK_EQUAL(get(AREA + 4 * PAGE_SIZE - 1), 'x');
    CHECK_EQUAL(get(AREA + 4 * PAGE_SIZE), -EFAULT);
    CHECK_EQUAL(space_unmap(space, AREA + PAGE_SIZE, PAGE_SIZE), 0); // a hole in the middle
    CHECK_EQUAL(get(AREA), 0);
    CHECK_EQUAL(get(AREA + PAGE_SIZE), -EFAULT);
    CHECK_EQUAL(get(AREA + 4 * PAGE_SIZE - 1), 'x');
    CHECK_EQUAL(space_unmap(space, AREA, 4 * PAGE_SIZE), 0);
    CHECK_EQUAL(space_unmap(space, AREA, 4 * PAGE_SIZE), 0); // nothing there: as Linux, no error
    CHECK_EQUAL(get(AREA), -EFAULT);
    KCALL1(space_usage, space);
    CHECK_EQUAL(message_page->result[0], 0);
    CHECK_EQUAL(message_page->result[1], 0);
    handle_close(space);
}

static void map_refuses(void)
{
    CHECK(begin_space());
    CHECK_EQUAL(map(AREA + 1, 1, FIXED), -EINVAL);
    CHECK_EQUAL(map(AREA, 0, FIXED), -EINVAL);
    CHECK_EQUAL(map(AREA, 1, FIXED | MAP_SHARED_BIT), -EINVAL); // shared with whom?
    CHECK_EQUAL(map(AREA, 1, FIXED | 0x100000), -EINVAL);
    CHECK_EQUAL(map(USER_END - PAGE_SIZE, 2, FIXED), -EINVAL);
    CHECK_EQUAL(map(AREA, 1, FIXED), AREA);
    CHECK_EQUAL(map(AREA, 1, FIXED | MAP_NOREPLACE_BIT), -EEXIST);
    CHECK_EQUAL(map(AREA - PAGE_SIZE, 3, FIXED | MAP_NOREPLACE_BIT), -EEXIST);
    CHECK_EQUAL(space_unmap(space, AREA + 1, PAGE_SIZE), -EINVAL);
    CHECK_EQUAL(space_unmap(space, AREA, 0), -EINVAL);
    CHECK_EQUAL(space_protect(space, AREA, PAGE_SIZE, 64), -EINVAL);
    CHECK_EQUAL(space_protect(space, AREA, 2 * PAGE_SIZE, PROT_READ_BIT), -ENOMEM);
    handle_close(space);
}

static void map_finds_room(void)
{
    CHECK(begin_space());
    long top = map(0x40000000, 3, RW | MAP_BELOW_BIT);
    CHECK_EQUAL(top, 0x40000000 - 3 * PAGE_SIZE);
    long next = map(0x40000000, 2, RW | MAP_BELOW_BIT);
    CHECK_EQUAL(next, top - 2 * PAGE_SIZE);
    CHECK_EQUAL(space_unmap(space, (unsigned long)top, PAGE_SIZE), 0);
    CHECK_EQUAL(map(0x40000000, 1, RW | MAP_BELOW_BIT), top); // the hole
    handle_close(space);
}

static void protection(void)
{
    CHECK(begin_space());
    CHECK_EQUAL(map(AREA, 3, FIXED), AREA);
    CHECK_EQUAL(put(AREA + PAGE_SIZE, 'a'), 1);
    CHECK_EQUAL(space_protect(space, AREA + PAGE_SIZE, PAGE_SIZE, PROT_READ_BIT), 0);
    CHECK_EQUAL(put(AREA + PAGE_SIZE, 'b'), -EFAULT);
    CHECK_EQUAL(get(AREA + PAGE_SIZE), 'a');
    CHECK_EQUAL(put(AREA, 'b'), 1);
    CHECK_EQUAL(put(AREA + 2 * PAGE_SIZE, 'b'), 1);
    CHECK_EQUAL(space_protect(space, AREA + PAGE_SIZE, PAGE_SIZE, 0), 0);
    CHECK_EQUAL(get(AREA + PAGE_SIZE), -EFAULT);
    CHECK_EQUAL(space_protect(space, AREA, 3 * PAGE_SIZE, RW), 0);
    CHECK_EQUAL(get(AREA + PAGE_SIZE), 'a');
    CHECK_EQUAL(put(AREA + PAGE_SIZE, 'c'), 1);
    handle_close(space);
}

static void query(void)
{
    struct region_info info;
    CHECK(begin_space());
    CHECK_EQUAL(space_query(space, 0, &info), -ENOENT);
    CHECK_EQUAL(map(AREA, 3, FIXED), AREA);
    CHECK_EQUAL(put(AREA, 'a'), 1);
    CHECK_EQUAL(space_query(space, 0, &info), 0);
    CHECK(info.start == AREA && info.end == AREA + 3 * PAGE_SIZE && info.tag == 7);
    CHECK_EQUAL(info.flags & PROT_MASK, RW);
    CHECK_EQUAL(info.resident, 1);
    CHECK_EQUAL(info.memory, 0);
    CHECK_EQUAL(space_query(space, AREA + 3 * PAGE_SIZE, &info), -ENOENT);
    handle_close(space);
}

static void stack_grows_down(void)
{
    CHECK(begin_space());
    unsigned long limit = AREA - 8 * PAGE_SIZE;
    CHECK_EQUAL(space_map(space, AREA, PAGE_SIZE, FIXED | MAP_GROWSDOWN_BIT, 0, 0, 0, limit), AREA);
    CHECK_EQUAL(put(AREA - 1, 's'), 1);
    CHECK_EQUAL(put(AREA - 3 * PAGE_SIZE, 's'), 1);
    CHECK_EQUAL(put(limit, 's'), 1);
    CHECK_EQUAL(put(limit - 1, 's'), -EFAULT);
    struct region_info info;
    CHECK_EQUAL(space_query(space, 0, &info), 0);
    CHECK_EQUAL(info.start, limit);
    handle_close(space);
}

static long move(unsigned long from, unsigned long pages, unsigned long to, unsigned long to_pages)
{
    return space_move(space, from, pages * PAGE_SIZE, to, to_pages * PAGE_SIZE);
}

static void pages_move(void)
{
    CHECK(begin_space());
    CHECK_EQUAL(map(AREA, 2, FIXED), AREA);
    CHECK_EQUAL(put(AREA, '1'), 1);
    CHECK_EQUAL(put(AREA + PAGE_SIZE, '2'), 1);
    unsigned long to = AREA + 0x400000;
    CHECK_EQUAL(move(AREA, 2, to, 3), to);
    CHECK_EQUAL(get(AREA), -EFAULT);
    CHECK_EQUAL(get(to), '1');
    CHECK_EQUAL(get(to + PAGE_SIZE), '2');
    CHECK_EQUAL(get(to + 2 * PAGE_SIZE), 0);
    CHECK_EQUAL(move(AREA, 2, to + 0x400000, 2), -EFAULT);
    CHECK_EQUAL(map(AREA, 1, FIXED), AREA);
    CHECK_EQUAL(move(AREA, 1, to, 1), -EEXIST);
    handle_close(space);
}

static void discard_gives_zeroes(void)
{
    CHECK(begin_space());
    CHECK_EQUAL(map(AREA, 2, FIXED), AREA);
    CHECK_EQUAL(put(AREA, 'x'), 1);
    CHECK_EQUAL(put(AREA + PAGE_SIZE, 'y'), 1);
    CHECK_EQUAL(space_discard(space, AREA, PAGE_SIZE), 0);
    CHECK_EQUAL(get(AREA), 0);
    CHECK_EQUAL(get(AREA + PAGE_SIZE), 'y');
    handle_close(space);
}

static void clone_copies_on_write(void)
{
    CHECK(begin_space());
    handle_t parent = space;
    long memory = memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 0);
    CHECK_EQUAL(map(AREA, 600, FIXED), AREA);
    CHECK_EQUAL(
        space_map(parent, AREA + 0x1000000, PAGE_SIZE, FIXED | MAP_SHARED_BIT, (handle_t)memory, 0, 0, 0),
        AREA + 0x1000000);
    for (unsigned i = 0; i < 600; i++)
        CHECK_EQUAL(put(AREA + i * PAGE_SIZE, (char)i), 1);
    long child = space_clone(parent, ROOT_QUOTA);
    CHECK(child > 0);
    CHECK_EQUAL(put(AREA, 'p'), 1);
    CHECK_EQUAL(put(AREA + 0x1000000, 's'), 1);
    CHECK_EQUAL(space_unmap(parent, AREA + 100 * PAGE_SIZE, PAGE_SIZE), 0);
    space = (handle_t)child;
    CHECK_EQUAL(get(AREA), 0);
    CHECK_EQUAL(get(AREA + 0x1000000), 's');
    CHECK_EQUAL(get(AREA + 100 * PAGE_SIZE), 100);
    CHECK_EQUAL(put(AREA + 599 * PAGE_SIZE, 'c'), 1);
    long grandchild = space_clone((handle_t)child, ROOT_QUOTA);
    handle_close((handle_t)child);
    space = parent;
    CHECK_EQUAL(get(AREA), 'p');
    CHECK_EQUAL(get(AREA + 599 * PAGE_SIZE), (char)599 & 0xff);
    space = (handle_t)grandchild;
    CHECK_EQUAL(get(AREA + 599 * PAGE_SIZE), 'c');
    for (unsigned i = 1; i < 599; i++)
        CHECK_EQUAL(get(AREA + i * PAGE_SIZE), i & 0xff);
    handle_close((handle_t)grandchild);
    handle_close(parent);
    handle_close((handle_t)memory);
}

static void quota_limits_frames(void)
{
    long quota = KCALL3(quota_create, ROOT_QUOTA, 40, 4);
    space = (handle_t)space_create((handle_t)quota);
    CHECK((long)space > 0);
    CHECK_EQUAL(map(AREA, 100, FIXED), AREA);
    long page = 0;
    while (page < 100 && put(AREA + (unsigned long)page * PAGE_SIZE, 1) == 1)
        page++;
    CHECK(page > 10 && page < 40);
    message_page->target = (struct copy_target){ .space = space };
    message_page->wide[0] = 0;
    CHECK_EQUAL(KCALL4(fault_in, AREA + (unsigned long)page * PAGE_SIZE, 1, ACCESS_WRITE, 0), -ENOMEM);
    handle_close(space);
    KCALL1(quota_info, quota);
    CHECK(message_page->result[1] <= 1);
    handle_close((handle_t)quota);
}

const struct test space_tests[] = {
    { "space/map_and_unmap", map_and_unmap },
    { "space/map_refuses", map_refuses },
    { "space/map_finds_room", map_finds_room },
    { "space/protection", protection },
    { "space/query", query },
    { "space/stack_grows_down", stack_grows_down },
    { "space/pages_move", pages_move },
    { "space/discard_gives_zeroes", discard_gives_zeroes },
    { "space/clone_copies_on_write", clone_copies_on_write },
    { "space/quota_limits_frames", quota_limits_frames },
    { 0 },
};
