// SPDX-License-Identifier: MIT
// Memory objects: reading, writing, sizes, sharing, truncation, what a mapping may do.
#include "test.h"
#include <string.h>

#define AREA 0x20000000ul
#define RW (PROT_READ_BIT | PROT_WRITE_BIT)

static uint64_t resident(handle_t memory)
{
    memory_info(memory);
    return message_page->result[1];
}

static void read_and_write(void)
{
    char buffer[16] = "";
    long memory = memory_create(ROOT_QUOTA, 3 * PAGE_SIZE, 0, 0);
    CHECK(memory > 0);
    CHECK_EQUAL(memory_info((handle_t)memory), 0);
    CHECK_EQUAL(message_page->result[0], 3 * PAGE_SIZE);
    CHECK_EQUAL(resident((handle_t)memory), 0);
    CHECK_EQUAL(memory_write((handle_t)memory, 2 * PAGE_SIZE - 3, "abcdef", 6), 6);
    CHECK_EQUAL(resident((handle_t)memory), 2);
    CHECK_EQUAL(memory_read((handle_t)memory, 2 * PAGE_SIZE - 3, buffer, 6), 6);
    CHECK(memcmp(buffer, "abcdef", 6) == 0);
    CHECK_EQUAL(memory_read((handle_t)memory, 0, buffer, 4), 4);
    CHECK(buffer[0] == 0 && buffer[3] == 0);
    CHECK_EQUAL(memory_write((handle_t)memory, 3 * PAGE_SIZE - 2, "xyz", 3), 2); // up to the end
    CHECK_EQUAL(memory_read((handle_t)memory, 3 * PAGE_SIZE, buffer, 4), 0);
    CHECK_EQUAL(memory_read((handle_t)memory, 0, (void *)USER_END, 4), -EFAULT);
    handle_close((handle_t)memory);
}

static void resize(void)
{
    char byte = 'a';
    long memory = memory_create(ROOT_QUOTA, 2 * PAGE_SIZE, 0, 0);
    CHECK_EQUAL(memory_write((handle_t)memory, PAGE_SIZE + 100, &byte, 1), 1);
    CHECK_EQUAL(memory_resize((handle_t)memory, PAGE_SIZE), 0);
    CHECK_EQUAL(resident((handle_t)memory), 0);
    CHECK_EQUAL(memory_resize((handle_t)memory, 5 * PAGE_SIZE), 0);
    CHECK_EQUAL(memory_read((handle_t)memory, PAGE_SIZE + 100, &byte, 1), 1);
    CHECK_EQUAL(byte, 0); // what was cut off does not come back
    CHECK_EQUAL(memory_write((handle_t)memory, 5 * PAGE_SIZE - 1, "b", 1), 1);
    handle_close((handle_t)memory);
}

static void mappings_share_pages(void)
{
    char byte = 0;
    long memory = memory_create(ROOT_QUOTA, 2 * PAGE_SIZE, 0, 0);
    long a = space_create(ROOT_QUOTA), b = space_create(ROOT_QUOTA);
    CHECK_EQUAL(space_map((handle_t)a, AREA, 2 * PAGE_SIZE, RW | MAP_FIXED_BIT | MAP_SHARED_BIT,
                          (handle_t)memory, 0, 0, 0),
                AREA);
    CHECK_EQUAL(
        space_map((handle_t)b, AREA, PAGE_SIZE, RW | MAP_FIXED_BIT, (handle_t)memory, PAGE_SIZE, 0, 0), AREA);
    CHECK_EQUAL(copy_out(0, (handle_t)a, "s", AREA + PAGE_SIZE, 1), 1);
    CHECK_EQUAL(copy_in(0, (handle_t)b, &byte, AREA, 1), 1);
    CHECK_EQUAL(byte, 's');
    CHECK_EQUAL(copy_out(0, (handle_t)b, "p", AREA, 1), 1); // private: a copy
    CHECK_EQUAL(memory_read((handle_t)memory, PAGE_SIZE, &byte, 1), 1);
    CHECK_EQUAL(byte, 's');
    CHECK_EQUAL(memory_info((handle_t)memory), 0);
    CHECK_EQUAL(message_page->result[3], 2);
    CHECK_EQUAL(message_page->result[5], 1); // the shared one
    CHECK_EQUAL(memory_resize((handle_t)memory, PAGE_SIZE), 0);
    CHECK_EQUAL(copy_in(0, (handle_t)a, &byte, AREA + PAGE_SIZE, 1), -EFAULT); // beyond the end now
    CHECK_EQUAL(copy_in(0, (handle_t)a, &byte, AREA, 1), 1);
    handle_close((handle_t)memory); // the mappings keep it
    CHECK_EQUAL(copy_out(0, (handle_t)a, "t", AREA, 1), 1);
    handle_close((handle_t)a);
    handle_close((handle_t)b);
}

// A shared mapping can do what the handle may; a private one needs no more than reading.
static void rights_limit_mappings(void)
{
    long memory = memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 0), space = space_create(ROOT_QUOTA);
    long reader = handle_duplicate((handle_t)memory, RIGHT_READ);
    unsigned fixed = MAP_FIXED_BIT, shared = MAP_FIXED_BIT | MAP_SHARED_BIT;
    CHECK_EQUAL(space_map((handle_t)space, AREA, PAGE_SIZE, shared | RW, (handle_t)reader, 0, 0, 0), -EACCES);
    CHECK_EQUAL(
        space_map((handle_t)space, AREA, PAGE_SIZE, shared | PROT_READ_BIT, (handle_t)reader, 0, 0, 0), AREA);
    CHECK_EQUAL(space_protect((handle_t)space, AREA, PAGE_SIZE, RW), -EACCES);
    CHECK_EQUAL(space_map((handle_t)space, AREA, PAGE_SIZE, fixed | RW, (handle_t)reader, 0, 0, 0), AREA);
    CHECK_EQUAL(copy_out(0, (handle_t)space, "x", AREA, 1), 1);
    long none = handle_duplicate((handle_t)memory, RIGHT_CONTROL);
    CHECK_EQUAL(space_map((handle_t)space, AREA, PAGE_SIZE, fixed | PROT_READ_BIT, (handle_t)none, 0, 0, 0),
                -EACCES);
    CHECK_EQUAL(
        space_map((handle_t)space, AREA, PAGE_SIZE, fixed | PROT_READ_BIT, (handle_t)memory, 100, 0, 0),
        -EINVAL);
    handle_close((handle_t)none);
    handle_close((handle_t)reader);
    handle_close((handle_t)memory);
    handle_close((handle_t)space);
}

static void evict(void)
{
    long memory = memory_create(ROOT_QUOTA, 2 * PAGE_SIZE, 0, 0);
    char byte = 'e';
    CHECK_EQUAL(memory_write((handle_t)memory, 0, &byte, 1), 1);
    CHECK_EQUAL(memory_write((handle_t)memory, PAGE_SIZE, &byte, 1), 1);
    CHECK_EQUAL(memory_next((handle_t)memory, 5), 0);
    CHECK_EQUAL(message_page->result[0], 0);
    CHECK_EQUAL(memory_evict((handle_t)memory, 0, PAGE_SIZE), 0);
    CHECK_EQUAL(resident((handle_t)memory), 1);
    CHECK_EQUAL(memory_next((handle_t)memory, 5), 0);
    CHECK_EQUAL(message_page->result[0], PAGE_SIZE);
    CHECK_EQUAL(memory_next((handle_t)memory, 2 * PAGE_SIZE), -ENOENT);
    CHECK_EQUAL(memory_read((handle_t)memory, PAGE_SIZE, &byte, 1), 1);
    CHECK_EQUAL(byte, 'e');
    handle_close((handle_t)memory);
}

static void create_checks(void)
{
    CHECK_EQUAL(memory_create(ROOT_QUOTA, PAGE_SIZE, 64, 0), -EINVAL);
    CHECK_EQUAL(memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 9999), -EBADF);
    CHECK_EQUAL(memory_create(ROOT_QUOTA, PAGE_SIZE, 0, ROOT_QUOTA), -EBADF);
    CHECK_EQUAL(memory_physical(ROOT_SYSTEM, 1, PAGE_SIZE, 0), -EINVAL);
    CHECK_EQUAL(memory_physical(ROOT_SYSTEM, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(memory_physical(ROOT_SYSTEM, 0, PAGE_SIZE, 64), -EINVAL);
    long low = memory_create(ROOT_QUOTA, 4 * PAGE_SIZE, MEMORY_LOW, 0);
    CHECK(low > 0);
    CHECK_EQUAL(resident((handle_t)low), 4); // allocated at once
    handle_close((handle_t)low);
}

const struct test memory_tests[] = {
    { "memory/read_and_write", read_and_write },
    { "memory/resize", resize },
    { "memory/mappings_share_pages", mappings_share_pages },
    { "memory/rights_limit_mappings", rights_limit_mappings },
    { "memory/evict", evict },
    { "memory/create_checks", create_checks },
    { 0 },
};
