// SPDX-License-Identifier: MIT
// Costs of the kernel's own operations, in nanoseconds, which under -icount shift=0 are instructions. Reported
// as "bench NAME N"; the limits are checked only there (boot word `icount`).
#include "test.h"
#include <string.h>

#define ROUNDS 1000u

static void report(const char *name, uint64_t start, unsigned rounds)
{
    uint64_t end = clock_monotonic();
    print("bench %s %u\n", name, (unsigned)((unsigned long)(end - start) / rounds));
}

static void echo_server(void)
{
    message_page->wide[0] = NO_DEADLINE;
    KCALL1(receive, CHILD_PORT + 1);
    for (;;) {
        message_page->out.token = message_page->in.token;
        KCALL1(reply_receive, CHILD_PORT + 1);
    }
}

static void call_and_reply(void)
{
    struct child server;
    handle_t port = new_port(), service = new_port();
    CHECK_EQUAL(child_create(&server, echo_server, port), 0);
    CHECK_EQUAL(KCALL3(space_give, server.space, service, RIGHT_RECEIVE), CHILD_PORT + 1);
    CHECK_EQUAL(task_set_schedule(server.task, SCHEDULE_FIXED, 50), 0);
    CHECK_EQUAL(child_start(&server), 0);
    memset(&message_page->out, 0, sizeof message_page->out);
    CHECK_EQUAL(KCALL1(call, service), 0);
    uint64_t start = clock_monotonic();
    for (unsigned i = 0; i < ROUNDS; i++)
        KCALL1(call, service);
    report("call_reply", start, ROUNDS);
    child_destroy(&server);
    handle_close(service);
    handle_close(port);
}

static void null_kernel_call(void)
{
    uint64_t start = clock_monotonic();
    for (unsigned i = 0; i < ROUNDS; i++)
        handle_close(0);
    report("null_kernel_call", start, ROUNDS);
}

#define TRAP_PORT 1l
#define TRAP_CONSTANT 2l
#define TRAP_END 3l

static void trapper(void)
{
    trap6(TRAP_END, 0, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        trap6(TRAP_CONSTANT, 0, 0, 0, 0, 0, 0);
    trap6(TRAP_END, 0, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        trap6(TRAP_PORT, 0, 0, 0, 0, 0, 0);
    trap6(TRAP_END, 0, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static uint64_t next_end(handle_t port)
{
    message_page->out = (struct message){ .token = message_page->in.token };
    do {
        message_page->wide[0] = NO_DEADLINE;
        KCALL1(reply_receive, port);
        message_page->out.token = message_page->in.token;
    } while (message_page->in.number != TRAP_END);
    return clock_monotonic();
}

static void null_traps(void)
{
    struct child child;
    handle_t port = new_port();
    long routes = routes_create(ROOT_QUOTA, 10);
    routes_set((handle_t)routes, TRAP_PORT, port, 0);
    routes_set((handle_t)routes, TRAP_END, port, 0);
    routes_constant((handle_t)routes, TRAP_CONSTANT, 0);
    CHECK_EQUAL(child_create_routed(&child, trapper, port, (handle_t)routes), 0);
    CHECK_EQUAL(task_set_schedule(child.task, SCHEDULE_FAIR, 1024), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
    uint64_t start = clock_monotonic(), constants = next_end(port), ports = next_end(port);
    print("bench null_trap_constant %u\n", (unsigned)((unsigned long)(constants - start) / ROUNDS));
    print("bench null_trap_server %u\n", (unsigned)((unsigned long)(ports - constants) / ROUNDS));
    child_destroy(&child);
    handle_close((handle_t)routes);
    handle_close(port);
}

static void notification(void)
{
    handle_t port = new_port();
    uint64_t start = clock_monotonic();
    for (unsigned i = 0; i < ROUNDS; i++) {
        notify(port, 1);
        receive(port, NO_DEADLINE);
    }
    report("notify_receive", start, ROUNDS);
    handle_close(port);
}

static void faulter(void)
{
    volatile char *page = (volatile char *)0x20000000;
    for (;;) {
        trap6(TRAP_END, 0, 0, 0, 0, 0, 0);
        for (unsigned i = 0; i < ROUNDS; i++)
            page[i * PAGE_SIZE] = 1;
        trap6(TRAP_END, 0, 0, 0, 0, 0, 0);
    }
}

static void anonymous_fault(void)
{
    struct child child;
    handle_t port = new_port();
    long routes = routes_create(ROOT_QUOTA, 10);
    routes_set((handle_t)routes, TRAP_END, port, 0);
    CHECK_EQUAL(child_create_routed(&child, faulter, port, (handle_t)routes), 0);
    CHECK_EQUAL(space_map(child.space, 0x20000000, ROUNDS * PAGE_SIZE,
                          PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT, 0, 0, 0, 0),
                0x20000000);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
    uint64_t start = clock_monotonic();
    print("bench anonymous_fault %u\n", (unsigned)((unsigned long)(next_end(port) - start) / ROUNDS));
    CHECK_EQUAL(space_protect(child.space, 0x20000000, ROUNDS * PAGE_SIZE, PROT_READ_BIT | PROT_WRITE_BIT),
                0);
    long copy = space_clone(child.space, ROOT_QUOTA);
    CHECK(copy > 0);
    next_end(port);
    start = clock_monotonic();
    print("bench copy_on_write_fault %u\n", (unsigned)((unsigned long)(next_end(port) - start) / ROUNDS));
    handle_close((handle_t)copy);
    child_destroy(&child);
    handle_close((handle_t)routes);
    handle_close(port);
}

// The test is the pager: it answers each missing page with one of zeroes.
static void page_in(void)
{
    struct child child;
    handle_t port = new_port(), pager = new_port();
    long routes = routes_create(ROOT_QUOTA, 10);
    long door = port_badge(pager, 1, RIGHT_SEND, false);
    long memory = memory_create(ROOT_QUOTA, ROUNDS * PAGE_SIZE, 0, (handle_t)door);
    routes_set((handle_t)routes, TRAP_END, port, 0);
    CHECK_EQUAL(child_create_routed(&child, faulter, port, (handle_t)routes), 0);
    CHECK_EQUAL(space_map(child.space, 0x20000000, ROUNDS * PAGE_SIZE,
                          PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_SHARED_BIT, (handle_t)memory,
                          0, 0, 0),
                0x20000000);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
    CHECK_EQUAL(answer_value(0), 0);
    uint64_t start = clock_monotonic();
    CHECK_EQUAL(next_message(pager), MESSAGE_PAGE);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        uint64_t page = message_page->in.args[0];
        message_page->out = (struct message){ .token = message_page->in.token };
        message_page->wide[0] = page * PAGE_SIZE;
        KCALL3(memory_supply, memory, 0, PAGE_SIZE);
        if (i < ROUNDS) {
            message_page->wide[0] = NO_DEADLINE;
            KCALL1(reply_receive, pager);
        }
    }
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
    report("page_in", start, ROUNDS);
    child_destroy(&child);
    handle_close((handle_t)memory);
    handle_close((handle_t)door);
    handle_close((handle_t)routes);
    handle_close(pager);
    handle_close(port);
}

// A space like a small program's, then larger ones, cloned and destroyed; nobody touches a page in between.
static void clone_with(const char *name, unsigned long megabytes)
{
    handle_t space = (handle_t)space_create(ROOT_QUOTA);
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_POPULATE_BIT;
    for (unsigned i = 0; i < 8; i++) // regions near each other, as of a program and its libraries
        CHECK(space_map(space, 0x8000000 + i * 0x20000, 8 * PAGE_SIZE, flags, 0, 0, i, 0) > 0);
    CHECK(space_map(space, 0x3ffe0000, 8 * PAGE_SIZE, flags, 0, 0, 0, 0) > 0);
    for (unsigned i = 0; i < megabytes; i += 4)
        CHECK(space_map(space, 0x10000000 + i * 0x100000, 0x400000, flags, 0, 0, 0, 0) > 0);
    uint64_t start = clock_monotonic();
    for (unsigned i = 0; i < 20; i++) {
        long copy = space_clone(space, ROOT_QUOTA);
        CHECK(copy > 0);
        handle_close((handle_t)copy);
    }
    report(name, start, 20);
    handle_close(space);
}

static void clone_small(void) { clone_with("clone_small", 0); }
static void clone_8(void) { clone_with("clone_8_MiB", 8); }
static void clone_128(void) { clone_with("clone_128_MiB", 128); }

const struct test bench_tests[] = {
    { "bench/clone_small", clone_small },
    { "bench/clone_8_MiB", clone_8 },
    { "bench/clone_128_MiB", clone_128 },
    { "bench/null_kernel_call", null_kernel_call },
    { "bench/call_and_reply", call_and_reply },
    { "bench/null_traps", null_traps },
    { "bench/notification", notification },
    { "bench/anonymous_fault", anonymous_fault },
    { "bench/page_in", page_in },
    { 0 },
};
