// SPDX-License-Identifier: MIT
// Copies to and from callers: windows, faults, objects, fault_in, compare-and-exchange, resolve.
#include "test.h"
#include <string.h>

static char shared_text[3 * PAGE_SIZE] = "the quick brown fox";

static void lend(void)
{
    struct message *out = &message_page->out;
    *out = (struct message){ .number = 1,
                             .args = { (unsigned long)shared_text },
                             .readable = { (unsigned long)shared_text, 20 },
                             .writable = { (unsigned long)shared_text + 100, 50 } };
    KCALL1(call, CHILD_PORT);
    child_exit(shared_text[100]);
}

static void windows_limit_a_native_call(void)
{
    struct child child;
    char buffer[100];
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, lend, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    token_t token = message_page->in.token;
    unsigned long text = message_page->in.args[0];
    CHECK_EQUAL(message_page->in.readable.base, text);
    CHECK_EQUAL(message_page->in.writable.length, 50);
    CHECK_EQUAL(copy_in(token, 0, buffer, text, 20), 20);
    CHECK(memcmp(buffer, "the quick brown fox", 20) == 0);
    CHECK_EQUAL(copy_in(token, 0, buffer, text, 21), -EPERM);
    CHECK_EQUAL(copy_in(token, 0, buffer, text - 1, 2), -EPERM);
    CHECK_EQUAL(copy_out(token, 0, "x", text, 1), -EPERM);
    CHECK_EQUAL(copy_out(token, 0, "x", text + 100, 1), 1);
    CHECK_EQUAL(copy_out(token, 0, buffer, text + 120, 31), -EPERM);
    CHECK_EQUAL(copy_in(token, 0, buffer, text + 100, 50), 50); // a writable window can be read
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(copy_in(token, 0, buffer, text, 20), -ESRCH);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], 'x');
    child_destroy(&child);
    handle_close(port);
}

#define AREA 0x20000000ul

static void trap_area(void)
{
    trap6(1, AREA, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

struct scene {
    struct child child;
    handle_t port, routes;
    token_t token;
};

// A routed task in an open trap, with 4 pages at AREA of which the last is read-only, and nothing behind.
static bool scene_start(struct scene *scene)
{
    scene->port = new_port();
    scene->routes = (handle_t)routes_create(ROOT_QUOTA, 1);
    routes_set(scene->routes, 1, scene->port, 0);
    if (child_create_routed(&scene->child, trap_area, scene->port, scene->routes) < 0)
        return false;
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT;
    if (space_map(scene->child.space, AREA, 4 * PAGE_SIZE, flags, 0, 0, 0, 0) != (long)AREA)
        return false;
    if (space_protect(scene->child.space, AREA + 3 * PAGE_SIZE, PAGE_SIZE, PROT_READ_BIT) < 0)
        return false;
    child_start(&scene->child);
    if (next_message(scene->port) != MESSAGE_TRAP)
        return false;
    scene->token = message_page->in.token;
    return true;
}

static void scene_end(struct scene *scene)
{
    child_destroy(&scene->child);
    handle_close(scene->routes);
    handle_close(scene->port);
}

static char large[5 * PAGE_SIZE];

static void copies_stop_at_the_first_hole(void)
{
    struct scene scene;
    CHECK(scene_start(&scene));
    memset(large, 'a', sizeof large);
    CHECK_EQUAL(copy_out(scene.token, 0, large, AREA, sizeof large), 3 * PAGE_SIZE);
    CHECK_EQUAL(copy_out(scene.token, 0, large, AREA + 3 * PAGE_SIZE, 10), -EFAULT);
    CHECK_EQUAL(copy_out(scene.token, 0, large, AREA + 4 * PAGE_SIZE, 10), -EFAULT);
    memset(large, 0, sizeof large);
    CHECK_EQUAL(copy_in(scene.token, 0, large, AREA + 1, sizeof large), 4 * PAGE_SIZE - 1);
    CHECK(large[0] == 'a' && large[3 * PAGE_SIZE - 2] == 'a' && large[3 * PAGE_SIZE - 1] == 0);
    CHECK_EQUAL(copy_in(scene.token, 0, large, AREA, 0), 0);
    CHECK_EQUAL(copy_in(scene.token, 0, (char *)8, AREA, 10), -EFAULT); // our own side
    scene_end(&scene);
}

static void objects_move_directly(void)
{
    struct scene scene;
    char buffer[16];
    CHECK(scene_start(&scene));
    long memory = memory_create(ROOT_QUOTA, 2 * PAGE_SIZE, 0, 0);
    CHECK_EQUAL(memory_write((handle_t)memory, PAGE_SIZE - 4, "abcdefgh", 8), 8);
    CHECK_EQUAL(copy_object(scene.token, (handle_t)memory, PAGE_SIZE - 4, AREA + PAGE_SIZE - 2, 8, false), 8);
    CHECK_EQUAL(copy_in(scene.token, 0, buffer, AREA + PAGE_SIZE - 2, 8), 8);
    CHECK(memcmp(buffer, "abcdefgh", 8) == 0);
    CHECK_EQUAL(copy_object(scene.token, (handle_t)memory, 100, AREA + PAGE_SIZE, 4, true), 4);
    CHECK_EQUAL(memory_read((handle_t)memory, 100, buffer, 4), 4);
    CHECK(memcmp(buffer, "cdef", 4) == 0);
    CHECK_EQUAL(copy_object(scene.token, (handle_t)memory, 0, AREA + 4 * PAGE_SIZE, 8, false), -EFAULT);
    long weak = handle_duplicate((handle_t)memory, RIGHT_READ);
    CHECK_EQUAL(copy_object(scene.token, (handle_t)weak, 0, AREA, 4, true), -EPERM);
    handle_close((handle_t)weak);
    handle_close((handle_t)memory);
    scene_end(&scene);
}

static long fault_in(token_t token, unsigned long remote, unsigned long length, unsigned access)
{
    message_page->target = (struct copy_target){ .token = token };
    message_page->wide[0] = 0;
    return KCALL4(fault_in, remote, length, access, 1);
}

static void fault_in_checks_the_range(void)
{
    struct scene scene;
    CHECK(scene_start(&scene));
    CHECK_EQUAL(fault_in(scene.token, AREA, 3 * PAGE_SIZE, ACCESS_WRITE), 0);
    CHECK_EQUAL(fault_in(scene.token, AREA, 4 * PAGE_SIZE, ACCESS_READ), 0);
    CHECK_EQUAL(fault_in(scene.token, AREA, 4 * PAGE_SIZE, ACCESS_WRITE), -EFAULT);
    CHECK_EQUAL(fault_in(scene.token, AREA, 5 * PAGE_SIZE, ACCESS_READ), -EFAULT);
    CHECK_EQUAL(fault_in(scene.token, ~0ul - 4, 10, ACCESS_READ), -EFAULT);
    CHECK_EQUAL(fault_in(0, AREA, 1, ACCESS_READ), -ESRCH);
    KCALL1(space_usage, scene.child.space);
    scene_end(&scene);
}

static long exchange(token_t token, unsigned long remote, uint32_t expected, uint32_t desired)
{
    message_page->target = (struct copy_target){ .token = token };
    return KCALL3(compare_exchange, remote, expected, desired);
}

static void compare_exchange(void)
{
    struct scene scene;
    uint32_t word = 5;
    CHECK(scene_start(&scene));
    CHECK_EQUAL(copy_out(scene.token, 0, &word, AREA + 8, 4), 4);
    CHECK_EQUAL(exchange(scene.token, AREA + 8, 4, 9), 0);
    CHECK_EQUAL(message_page->result[0], 5);
    CHECK_EQUAL(exchange(scene.token, AREA + 8, 5, 9), 0);
    CHECK_EQUAL(message_page->result[0], 5);
    CHECK_EQUAL(copy_in(scene.token, 0, &word, AREA + 8, 4), 4);
    CHECK_EQUAL(word, 9);
    CHECK_EQUAL(exchange(scene.token, AREA + 3 * PAGE_SIZE, 0, 1), -EFAULT);
    CHECK_EQUAL(exchange(scene.token, AREA + 4 * PAGE_SIZE, 0, 1), -EFAULT);
    scene_end(&scene);
}

static long resolve(token_t token, unsigned long remote, unsigned access)
{
    message_page->target = (struct copy_target){ .token = token };
    return KCALL2(resolve, remote, access);
}

static void resolve_names_shared_pages(void)
{
    struct scene scene;
    CHECK(scene_start(&scene));
    long memory = memory_create(ROOT_QUOTA, 2 * PAGE_SIZE, 0, 0);
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_SHARED_BIT;
    CHECK_EQUAL(
        space_map(scene.child.space, AREA + 0x100000, PAGE_SIZE, flags, (handle_t)memory, PAGE_SIZE, 0, 0),
        AREA + 0x100000);
    CHECK_EQUAL(resolve(scene.token, AREA + 0x100010, ACCESS_WRITE), 0);
    uint64_t identity = message_page->result[0];
    CHECK_EQUAL(message_page->result[1], PAGE_SIZE + 0x10);
    CHECK_EQUAL(message_page->result[2], 1);
    KCALL1(handle_info, memory);
    CHECK(message_page->result[2] == identity);
    CHECK_EQUAL(resolve(scene.token, AREA + 4, 0), 0);
    CHECK_EQUAL(message_page->result[1], AREA + 4);
    CHECK_EQUAL(message_page->result[2], 0);
    identity = message_page->result[0];
    KCALL1(handle_info, scene.child.space);
    CHECK(message_page->result[2] == identity);
    CHECK_EQUAL(resolve(scene.token, AREA + 3 * PAGE_SIZE, ACCESS_WRITE), -EFAULT);
    CHECK_EQUAL(resolve(scene.token, AREA - 4, 0), -EFAULT);
    handle_close((handle_t)memory);
    scene_end(&scene);
}

const struct test copy_tests[] = {
    { "copy/windows_limit_a_native_call", windows_limit_a_native_call },
    { "copy/copies_stop_at_the_first_hole", copies_stop_at_the_first_hole },
    { "copy/objects_move_directly", objects_move_directly },
    { "copy/fault_in_checks_the_range", fault_in_checks_the_range },
    { "copy/compare_exchange", compare_exchange },
    { "copy/resolve_names_shared_pages", resolve_names_shared_pages },
    { 0 },
};
