// SPDX-License-Identifier: MIT
// A seeded fuzzer: a task that holds few handles makes kernel calls with random arguments, good ones often
// enough to get far. The kernel must not fail, and afterwards everything the task had made is gone.
#include "test.h"
#include <string.h>

#define CALLS_TOTAL 1000000u
#define ROUND 50000u // calls of one child, which starts afresh in a new space
#define FRAMES 2000u
#define TASKS 20u

static uint32_t state;

static volatile unsigned calls_made; // of a child, read by the parent when it has ended

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static uint32_t below(uint32_t limit) { return next() % limit; }

// Numbers that tend to matter.
static unsigned long interesting(void)
{
    switch (below(8)) {
    case 0: return 0;
    case 1: return below(20);
    case 2: return below(32);                            // a handle
    case 3: return 0x10000000ul + below(64) * PAGE_SIZE; // an address
    case 4: return 0x10000000ul + below(0x40000);
    case 5: return PAGE_SIZE * below(8);
    case 6: return ~0ul - below(8192);
    default: return next();
    }
}

static void fill_page(void)
{
    struct message_page *page = message_page;
    for (unsigned i = 0; i < 6; i++)
        page->wide[i] = below(3) ? interesting() : (uint64_t)next() << below(33);
    if (below(2))
        page->wide[0] = clock_monotonic() + below(20000); // a deadline, so that receive comes back
    struct message *out = &page->out;
    out->kind = below(4);
    out->flags = below(8);
    out->number = interesting();
    out->value = (long)interesting();
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        out->args[i] = interesting();
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
        out->handles[i] = below(3) ? 0 : below(32);
    out->readable = (struct window){ interesting(), interesting() };
    out->writable = (struct window){ interesting(), interesting() };
    token_t token = below(4) ? page->in.token : (token_t)below(64) | (token_t)below(64) << 32;
    out->token = token;
    page->target.token = token;
    page->target.space = below(2) ? 0 : below(32);
}

// Calls that would end or block the fuzzer itself for good.
static bool allowed(unsigned long number, unsigned long first, unsigned long second)
{
    if (number == CALL_receive || number == CALL_reply_receive)
        return message_page->wide[0] < clock_monotonic() + 1000000;
    if (number == CALL_call)
        return first == CHILD_PORT; // the parent answers; other ports have no server
    if (number == CALL_task_set_schedule)
        return second == SCHEDULE_FAIR || second == SCHEDULE_IDLE; // others might starve it, rightly
    return number != CALL_log_write;                               // only noise
}

// The handle that the parent gave next to its port: a small quota.
enum { FUZZ_QUOTA = CHILD_PORT + 1, FUZZ_SPACE };

static void fuzz_child(void)
{
    char *area = (char *)0x10000000;
    space_map(FUZZ_SPACE, (unsigned long)area, 64 * PAGE_SIZE, PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT,
              0, 0, 0, 0);
    for (unsigned i = 0; i < ROUND; i++) {
        unsigned long number = below(CALL_LIMIT), args[4];
        calls_made = i;
        fill_page();
        for (unsigned j = 0; j < 4; j++)
            args[j] = interesting();
        if (allowed(number, args[0], args[1]))
            kernel_call(args[0], args[1], args[2], args[3], number);
    }
    // The parent's door may have been closed by the fuzzer itself: then the trap tells the end.
    child_call(CHILD_DONE, 0, 0);
    __builtin_trap();
}

// Serves the child until it ends, one way or another. The child holds a space in which it may unmap what it
// likes, so any fault is an end too. -> false if it hangs
static bool serve(handle_t port)
{
    for (;;) {
        long error = receive(port, clock_monotonic() + 1000000000),
             kind = error < 0 ? error : (long)message_page->in.kind;
        if (kind == MESSAGE_FAULT || kind < 0)
            return kind == MESSAGE_FAULT;
        if (kind == MESSAGE_CALL && message_page->in.number == CHILD_DONE)
            return true;
        for (unsigned i = 0; kind == MESSAGE_CALL && i < MESSAGE_HANDLES; i++)
            if (message_page->in.handles[i])
                handle_close(message_page->in.handles[i]);
        if (kind == MESSAGE_CALL || kind == MESSAGE_DIVERT)
            answer_value(0);
    }
}

static unsigned total;

static void fuzz_round(uint32_t seed)
{
    struct child child;
    handle_t port = new_port();
    long quota = KCALL3(quota_create, ROOT_QUOTA, FRAMES, TASKS);
    CHECK(quota > 0);
    state = seed * 2654435761u | 1;
    child_pays((handle_t)quota);
    long error = child_create(&child, fuzz_child, port);
    child_pays(ROOT_QUOTA);
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, quota, RIGHT_ALL & ~RIGHT_WRITE), FUZZ_QUOTA);
    // A space of its own to play with: its own, so that mapping and copying meet real pages.
    CHECK_EQUAL(KCALL3(space_give, child.space, child.space, RIGHT_ALL), FUZZ_SPACE);
    CHECK_EQUAL(child_start(&child), 0);
    // It may have closed its parent's door and called a port of its own: then it waits for ever, rightly.
    if (!serve(port) && task_info(child.task) == STATE_RUNNABLE)
        test_failed("seed %u: the fuzzer does not end", (unsigned)seed);
    unsigned made = 0;
    copy_in(0, child.space, &made, (unsigned long)&calls_made, sizeof made);
    total += made;
    child_destroy(&child);
    handle_close((handle_t)quota);
    handle_close(port);
}

static void million_calls(void)
{
    char buffer[16];
    uint32_t first = (uint32_t)strtoul(boot_word("fuzz=", buffer, sizeof buffer), NULL, 10);
    total = 0;
    for (uint32_t seed = first + 1; total < CALLS_TOTAL && !test_has_failed(); seed++)
        fuzz_round(seed);
}

const struct test fuzz_tests[] = {
    { "fuzz/million_calls", million_calls },
    { 0 },
};
