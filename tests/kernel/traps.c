// SPDX-License-Identifier: MIT
// Routed tasks: where their traps go, what may be answered, faults, tracing.
#include "test.h"
#include <string.h>

#define TRAP_HERE 4l
#define TRAP_CONSTANT 5l
#define TRAP_OTHER 6l
#define TRAP_NONE 7l
#define TRAP_END 8l

static long routes_for(handle_t port)
{
    long routes = routes_create(ROOT_QUOTA, 100);
    if (routes < 0)
        return routes;
    routes_set((handle_t)routes, TRAP_HERE, port, 0);
    routes_set((handle_t)routes, TRAP_OTHER, port, 2);
    routes_set((handle_t)routes, TRAP_END, port, 0);
    routes_constant((handle_t)routes, TRAP_CONSTANT, 3);
    return routes;
}

struct routed {
    struct child child;
    handle_t port, routes;
};

static bool routed_start(struct routed *routed, void (*fn)(void))
{
    routed->port = new_port();
    long routes = routes_for(routed->port);
    routed->routes = (handle_t)routes;
    if (routes < 0 || child_create_routed(&routed->child, fn, routed->port, routed->routes) < 0)
        return false;
    task_set_constant(routed->child.task, 3, 1234);
    task_set_label(routed->child.task, 2, 222);
    return child_start(&routed->child) == 0;
}

static void routed_end(struct routed *routed)
{
    child_destroy(&routed->child);
    handle_close(routed->routes);
    handle_close(routed->port);
}

static void arguments(void)
{
    long got = trap6(TRAP_HERE, 1, 2, 3, 4, 5, 6);
    trap6(TRAP_END, got, trap6(TRAP_CONSTANT, 0, 0, 0, 0, 0, 0), trap6(TRAP_NONE, 0, 0, 0, 0, 0, 0),
          trap6(5000, 0, 0, 0, 0, 0, 0), 0, 0);
    for (;;)
        ;
}

static void trap_is_a_message(void)
{
    struct routed routed;
    const struct message *in = &message_page->in;
    CHECK(routed_start(&routed, arguments));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->number, TRAP_HERE);
    CHECK_EQUAL(in->label, CHILD_LABEL);
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQUAL(in->args[i], i + 1);
    CHECK_EQUAL(answer_value(-77), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL((long)in->args[0], -77);
    CHECK_EQUAL(in->args[1], 1234);
    CHECK_EQUAL((long)in->args[2], -ENOSYS);
    CHECK_EQUAL((long)in->args[3], -ENOSYS);
    routed_end(&routed);
}

static void other_slot(void)
{
    trap6(TRAP_OTHER, 0, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static void label_by_slot(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, other_slot));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.label, 222);
    routed_end(&routed);
}

static void frame_child(void)
{
    for (long got = 0;;)
        got = trap6(TRAP_HERE, got, 0, 0, 0, 0, 0);
}

// A frame written while the task is held is what it goes on with: here, once more from its first trap.
static void frame_reply_keeps_the_frame(void)
{
    struct routed routed;
    struct user_frame frame;
    CHECK(routed_start(&routed, frame_child));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(task_read_frame(routed.child.task, &frame), 0);
    CHECK_EQUAL(answer_value(5150), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 5150);
    CHECK_EQUAL(task_write_frame(routed.child.task, &frame), 0);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.number, TRAP_HERE);
    CHECK(message_page->in.args[0] != 5150);
    routed_end(&routed);
}

static void forward_child(void)
{
    long got = trap6(TRAP_HERE, 10, 20, 0, 0, 0, 60);
    trap6(TRAP_END, got, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static void forwarded_trap(void)
{
    struct routed routed;
    handle_t second = new_port();
    CHECK(routed_start(&routed, forward_child));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    CHECK_EQUAL(forward(token, second, 9), -EINVAL);
    CHECK_EQUAL(forward(token, second, 2), 0);
    CHECK_EQUAL(forward(token, second, 2), -ESRCH);
    CHECK_EQUAL(answer_value(1), -ESRCH);
    CHECK_EQUAL(next_message(second), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.label, 222);
    CHECK_EQUAL(message_page->in.args[1], 20);
    CHECK_EQUAL(message_page->in.args[5], 60);
    CHECK_EQUAL(answer_value(15), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 15);
    routed_end(&routed);
    handle_close(second);
}

static void clone_child(void)
{
    long got = trap6(TRAP_HERE, 0, 0, 0, 0, 0, 0);
    trap6(TRAP_END, got, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static void task_clone_returns_zero_in_the_child(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, clone_child));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    struct task_words words = { .labels = { 1001, 1002, 1003, 1004 } };
    long task = task_clone(routed.child.task, routed.child.space, ROOT_QUOTA, CLONE_SPACE | CLONE_START, 0, 0,
                           &words);
    CHECK(task > 0);
    handle_t space = (handle_t)message_page->result[0];
    CHECK_EQUAL(KCALL1(space_usage, space), 0);
    CHECK(message_page->result[0] > 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.label, 1001);
    CHECK_EQUAL(message_page->in.args[0], 0);
    message_page->out = (struct message){ .token = token, .value = 55 };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.label, CHILD_LABEL);
    CHECK_EQUAL(message_page->in.args[0], 55);
    CHECK_EQUAL(task_destroy_close((handle_t)task, space), 0);
    CHECK(message_page->result[0] + message_page->result[1] > 0);
    CHECK(message_page->result[2] > 0);
    CHECK_EQUAL(task_info((handle_t)task), -EBADF);
    CHECK_EQUAL(KCALL1(space_usage, space), -EBADF);
    routed_end(&routed);
}

static void reset_child(void)
{
    static volatile long word;
    word = 1;
    trap6(TRAP_HERE, (long)&word, (long)reset_child, 0, 0, 0, 0);
    for (;;)
        ;
}

// The space is the other one, and the function begins anew there, on another stack.
static void task_starts_again(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, reset_child));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    unsigned long word = message_page->in.args[0], entry = message_page->in.args[1];
    struct user_frame frame, again;
    CHECK_EQUAL(task_read_frame(routed.child.task, &frame), 0);
    long space = space_clone(routed.child.space, ROOT_QUOTA), value = 2;
    CHECK(space > 0);
    CHECK_EQUAL(copy_out(0, (handle_t)space, &value, word, sizeof value), (long)sizeof value);
    static char other_stack[PAGE_SIZE] __attribute__((aligned(16)));
    unsigned long stack = (unsigned long)other_stack + sizeof other_stack;
    CHECK_EQUAL(task_reset(routed.child.task, (handle_t)space, entry, stack, 0), 0);
    message_page->out = (struct message){ .token = token, .kind = REPLY_FRAME };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(routed.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], word);
    CHECK_EQUAL(task_read_frame(routed.child.task, &again), 0);
    CHECK(memcmp(&again, &frame, sizeof frame) != 0); // the stack pointer
    CHECK_EQUAL(copy_in(0, (handle_t)space, &value, word, sizeof value), (long)sizeof value);
    CHECK_EQUAL(value, 1);
    handle_close((handle_t)space);
    routed_end(&routed);
}

static void null_write(void)
{
    *(volatile int *)8 = 1;
    for (;;)
        ;
}

static void fault_reaches_the_owner(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, null_write));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_FAULT);
    const struct message *in = &message_page->in;
    CHECK_EQUAL(in->label, CHILD_LABEL);
    CHECK_EQUAL(in->number, FAULT_PAGE);
    CHECK_EQUAL(in->args[0], 8);
    CHECK_EQUAL(in->args[2] & ACCESS_WRITE, ACCESS_WRITE);
    // Map it: the instruction is tried again, and the task spins from then on.
    token_t token = in->token;
    CHECK_EQUAL(space_map(routed.child.space, 0, PAGE_SIZE, PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT, 0,
                          0, 0, 0),
                0);
    message_page->out = (struct message){ .kind = REPLY_FRAME, .token = token };
    CHECK_EQUAL(reply(), 0);
    int value = 0;
    for (unsigned i = 0; i < 2000 && value == 0; i++) {
        CHECK_EQUAL(receive(routed.port, clock_monotonic() + 1000000), -ETIMEDOUT);
        CHECK_EQUAL(copy_in(0, routed.child.space, &value, 8, sizeof value), (long)sizeof value);
    }
    CHECK_EQUAL(value, 1);
    routed_end(&routed);
}

static void read_only_write(void)
{
    *(volatile char *)"constant" = 1;
    for (;;)
        ;
}

static void protection_fault(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, read_only_write));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_PROTECTION);
    routed_end(&routed);
}

static void illegal(void) { __builtin_trap(); }

static void illegal_instruction(void)
{
    struct routed routed;
    CHECK(routed_start(&routed, illegal));
    CHECK_EQUAL(next_message(routed.port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.number, FAULT_ILLEGAL);
    CHECK_EQUAL(answer_divert(DIVERT_SERVER + 4, 17), 0); // to ourselves
    CHECK_EQUAL(next_message(routed.port), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_SERVER + 4);
    CHECK_EQUAL(message_page->in.args[0], 17);
    routed_end(&routed);
}

const struct test trap_tests[] = {
    { "trap/trap_is_a_message", trap_is_a_message },
    { "trap/label_by_slot", label_by_slot },
    { "trap/frame_reply_keeps_the_frame", frame_reply_keeps_the_frame },
    { "trap/forwarded_trap", forwarded_trap },
    { "trap/task_starts_again", task_starts_again },
    { "trap/task_clone_returns_zero_in_the_child", task_clone_returns_zero_in_the_child },
    { "trap/fault_reaches_the_owner", fault_reaches_the_owner },
    { "trap/protection_fault", protection_fault },
    { "trap/illegal_instruction", illegal_instruction },
    { 0 },
};
