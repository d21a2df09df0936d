// SPDX-License-Identifier: MIT
// Paged memory objects: missing pages become calls to their pager; fault_in brings them for a server.
#include "test.h"
#include <string.h>

#define AREA 0x20000000ul
#define PAGER_BADGE 500ul
#define PAGES 4u

static char page_of_text[PAGE_SIZE];

struct scene {
    struct child child;
    handle_t port, pager, door, memory, routes;
};

static void touch(void)
{
    volatile char *area = (volatile char *)AREA;
    char seen = area[PAGE_SIZE];
    area[PAGE_SIZE + 1] = 'w';
    trap6(1, seen, 0, 0, 0, 0, 0);
    seen = area[2 * PAGE_SIZE];
    trap6(1, seen, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static bool scene_make(struct scene *scene, void (*fn)(void))
{
    scene->port = new_port();
    scene->pager = new_port();
    scene->door = (handle_t)port_badge(scene->pager, PAGER_BADGE, RIGHT_SEND, false);
    scene->memory = (handle_t)memory_create(ROOT_QUOTA, PAGES * PAGE_SIZE, 0, scene->door);
    scene->routes = (handle_t)routes_create(ROOT_QUOTA, 1);
    routes_set(scene->routes, 1, scene->port, 0);
    if (child_create_routed(&scene->child, fn, scene->port, scene->routes) < 0)
        return false;
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_SHARED_BIT;
    return space_map(scene->child.space, AREA, PAGES * PAGE_SIZE, flags, scene->memory, 0, 0, 0) ==
           (long)AREA;
}

static void scene_end(struct scene *scene)
{
    child_destroy(&scene->child);
    handle_close(scene->memory);
    handle_close(scene->door);
    handle_close(scene->pager);
    handle_close(scene->routes);
    handle_close(scene->port);
}

static long supply(handle_t memory, uint64_t offset, const void *local, unsigned long length)
{
    message_page->wide[0] = offset;
    return KCALL3(memory_supply, memory, local, length);
}

static void missing_page_is_a_call(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, touch));
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_PAGE);
    const struct message *in = &message_page->in;
    CHECK_EQUAL(in->label, PAGER_BADGE);
    CHECK_EQUAL(in->args[0], 1);
    token_t token = in->token;
    char byte;
    CHECK_EQUAL(copy_in(token, 0, &byte, AREA, 1), -EPERM); // a pager sees nothing of who waits
    memset(page_of_text, 'p', sizeof page_of_text);
    CHECK_EQUAL(supply(scene.memory, PAGE_SIZE, page_of_text, PAGE_SIZE), 0);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(scene.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->args[0], 'p');
    CHECK_EQUAL(memory_read(scene.memory, PAGE_SIZE + 1, &byte, 1), 1);
    CHECK_EQUAL(byte, 'w');
    scene_end(&scene);
}

static void failing_pager_is_a_bus_error(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, touch));
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_PAGE);
    CHECK_EQUAL(answer_value(-EIO), 0);
    CHECK_EQUAL(next_message(scene.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_BUS);
    CHECK_EQUAL(message_page->in.args[0], AREA + PAGE_SIZE);
    // Without a pager, the same at once: the owner lets the instruction try again.
    token_t token = message_page->in.token;
    handle_close(scene.pager);
    message_page->out = (struct message){ .kind = REPLY_FRAME, .token = token };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(scene.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_BUS);
    scene.pager = 0;
    scene_end(&scene);
}

static void interrupted_fault_waits_for_the_pager(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, touch));
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_PAGE);
    token_t token = message_page->in.token;
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(receive(scene.port, 0), -ETIMEDOUT);
    CHECK_EQUAL(supply(scene.memory, PAGE_SIZE, NULL, PAGE_SIZE), 0);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(scene.port), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_INTERRUPT);
    scene_end(&scene);
}

static void destroyed_while_faulting(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, touch));
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_PAGE);
    token_t token = message_page->in.token;
    CHECK_EQUAL(task_destroy(scene.child.task), 0);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), -ESRCH);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_ENDED);
    scene_end(&scene);
}

static void trap_only(void)
{
    trap6(1, AREA, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

// A server's copy stops at the missing page; fault_in fetches it and reports when to go on.
static void fault_in_asks_the_pager(void)
{
    struct scene scene;
    char byte = 0;
    handle_t mine = new_port();
    CHECK(scene_make(&scene, trap_only));
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    CHECK_EQUAL(copy_in(token, 0, &byte, AREA, 1), -EFAULT);
    message_page->target = (struct copy_target){ .token = token };
    message_page->wide[0] = mine;
    CHECK_EQUAL(KCALL4(fault_in, AREA, 10, ACCESS_READ, 31), -EINPROGRESS);
    CHECK_EQUAL(next_message(scene.pager), MESSAGE_PAGE);
    CHECK_EQUAL(message_page->in.args[0], 0);
    token_t request = message_page->in.token;
    memset(page_of_text, 'q', sizeof page_of_text);
    CHECK_EQUAL(supply(scene.memory, 0, page_of_text, PAGE_SIZE), 0);
    message_page->out = (struct message){ .token = request, .value = 0 };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.label, 31);
    CHECK_EQUAL(copy_in(token, 0, &byte, AREA, 1), 1);
    CHECK_EQUAL(byte, 'q');
    handle_close(mine);
    scene_end(&scene);
}

static void supply_checks(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, trap_only));
    CHECK_EQUAL(supply(scene.memory, 0, NULL, PAGE_SIZE + 1), -EINVAL);
    CHECK_EQUAL(supply(scene.memory, 100, NULL, PAGE_SIZE), -EINVAL);
    CHECK_EQUAL(supply(scene.memory, PAGES * PAGE_SIZE, NULL, PAGE_SIZE), -ERANGE);
    CHECK_EQUAL(supply(scene.memory, 0, NULL, (PAGES + 1) * PAGE_SIZE), -ERANGE);
    CHECK_EQUAL(supply(scene.memory, 0, (void *)USER_END, PAGE_SIZE), -EFAULT);
    long plain = memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 0);
    CHECK_EQUAL(supply((handle_t)plain, 0, NULL, PAGE_SIZE), -EINVAL);
    handle_close((handle_t)plain);
    scene_end(&scene);
}

const struct test pager_tests[] = {
    { "pager/missing_page_is_a_call", missing_page_is_a_call },
    { "pager/failing_pager_is_a_bus_error", failing_pager_is_a_bus_error },
    { "pager/interrupted_fault_waits_for_the_pager", interrupted_fault_waits_for_the_pager },
    { "pager/destroyed_while_faulting", destroyed_while_faulting },
    { "pager/fault_in_asks_the_pager", fault_in_asks_the_pager },
    { "pager/supply_checks", supply_checks },
    { 0 },
};
