// SPDX-License-Identifier: MIT
// Every kernel call that takes a handle: nothing, a handle of another type, and one that lacks just the right
// that the call needs must all be refused, in each argument that names an object.
#include "test.h"
#include <string.h>

enum { NONE, PORT, SPACE, MEMORY, TASK, SLOT, ROUTES, QUOTA, IRQ, IOPORTS, SYSTEM, TYPES };

struct need {
    const char *name;
    unsigned number;
    struct {
        uint8_t type, right; // right 0: any handle of the type does; type NONE: not a handle
    } args[4];
    uint8_t wide_type, wide_right; // wide[0], if it names an object
};

#define S RIGHT_SEND
#define R RIGHT_RECEIVE
#define READ RIGHT_READ
#define WRITE RIGHT_WRITE
#define C RIGHT_CONTROL
#define CALL(name) #name, CALL_##name

static const struct need needs[] = {
    { CALL(receive), { { PORT, R } }, 0, 0 },
    { CALL(call), { { PORT, S } }, 0, 0 },
    { CALL(begin), { { SLOT, C }, { PORT, S }, { PORT, R } }, 0, 0 },
    { CALL(cancel), { { SLOT, C } }, 0, 0 },
    { CALL(notify), { { PORT, S } }, 0, 0 },
    { CALL(copy_object), { { MEMORY, READ } }, 0, 0 },
    { CALL(port_create), { { QUOTA, C } }, 0, 0 },
    { CALL(port_badge), { { PORT, R } }, 0, 0 },
    { CALL(port_revoke), { { PORT, R } }, 0, 0 },
    { CALL(call_create), { { QUOTA, C } }, 0, 0 },
    { CALL(space_create), { { QUOTA, C } }, 0, 0 },
    { CALL(space_clone), { { SPACE, READ }, { QUOTA, C } }, 0, 0 },
    { CALL(space_map), { { SPACE, C } }, MEMORY, 0 },
    { CALL(space_unmap), { { SPACE, C } }, 0, 0 },
    { CALL(space_protect), { { SPACE, C } }, 0, 0 },
    { CALL(space_query), { { SPACE, READ } }, 0, 0 },
    { CALL(space_move), { { SPACE, C } }, 0, 0 },
    { CALL(space_discard), { { SPACE, C } }, 0, 0 },
    { CALL(space_limit), { { SPACE, C } }, 0, 0 },
    { CALL(space_usage), { { SPACE, READ } }, 0, 0 },
    { CALL(space_add_ioports), { { SPACE, C } }, 0, 0 },
    { CALL(space_handles), { { SPACE, READ } }, 0, 0 },
    { CALL(space_give), { { SPACE, C } }, 0, 0 },
    { CALL(memory_create), { { QUOTA, C } }, 0, 0 },
    { CALL(memory_physical), { { SYSTEM, C } }, 0, 0 },
    { CALL(memory_read), { { MEMORY, READ } }, 0, 0 },
    { CALL(memory_write), { { MEMORY, WRITE } }, 0, 0 },
    { CALL(memory_resize), { { MEMORY, C } }, 0, 0 },
    { CALL(memory_supply), { { MEMORY, C } }, 0, 0 },
    { CALL(memory_info), { { MEMORY, 0 } }, 0, 0 },
    { CALL(memory_evict), { { MEMORY, C } }, 0, 0 },
    { CALL(memory_next), { { MEMORY, 0 } }, 0, 0 },
    { CALL(task_create), { { SPACE, C }, { QUOTA, C } }, 0, 0 },
    { CALL(task_clone), { { TASK, C }, { SPACE, C }, { QUOTA, C } }, 0, 0 },
    { CALL(task_start), { { TASK, C } }, 0, 0 },
    { CALL(task_interrupt), { { TASK, C } }, 0, 0 },
    { CALL(task_lend), { { TASK, C } }, 0, 0 },
    { CALL(task_destroy), { { TASK, C } }, 0, 0 },
    { CALL(task_read_state), { { TASK, READ } }, 0, 0 },
    { CALL(task_reset), { { TASK, C }, { SPACE, C } }, 0, 0 },
    { CALL(task_read_frame), { { TASK, READ } }, 0, 0 },
    { CALL(task_write_frame), { { TASK, C } }, 0, 0 },
    { CALL(task_read_fpu), { { TASK, READ } }, 0, 0 },
    { CALL(task_write_fpu), { { TASK, C } }, 0, 0 },
    { CALL(task_set_tls), { { TASK, C } }, 0, 0 },
    { CALL(task_set_routes), { { TASK, C }, { ROUTES, READ } }, 0, 0 },
    { CALL(task_set_label), { { TASK, C } }, 0, 0 },
    { CALL(task_set_constant), { { TASK, C } }, 0, 0 },
    { CALL(task_set_schedule), { { TASK, C } }, 0, 0 },
    { CALL(task_set_trace), { { TASK, C } }, 0, 0 },
    { CALL(task_info), { { TASK, READ } }, 0, 0 },
    { CALL(task_set_owner), { { TASK, C } }, 0, 0 },
    { CALL(task_suspend), { { TASK, C } }, 0, 0 },
    { CALL(task_get_tls), { { TASK, READ } }, 0, 0 },
    { CALL(routes_create), { { QUOTA, C } }, 0, 0 },
    { CALL(routes_set), { { ROUTES, C } }, 0, 0 },
    { CALL(routes_constant), { { ROUTES, C } }, 0, 0 },
    { CALL(routes_yield), { { ROUTES, C } }, 0, 0 },
    { CALL(routes_carry), { { ROUTES, C } }, 0, 0 },
    { CALL(routes_clock), { { ROUTES, C } }, 0, 0 },
    { CALL(routes_exchange), { { ROUTES, C } }, 0, 0 },
    { CALL(quota_create), { { QUOTA, C } }, 0, 0 },
    { CALL(quota_info), { { QUOTA, 0 } }, 0, 0 },
    { CALL(quota_set), { { QUOTA, WRITE } }, 0, 0 },
    { CALL(irq_create), { { SYSTEM, C } }, 0, 0 },
    { CALL(irq_bind), { { IRQ, C }, { PORT, S } }, 0, 0 },
    { CALL(irq_ack), { { IRQ, C } }, 0, 0 },
    { CALL(ioports_create), { { SYSTEM, C } }, 0, 0 },
    { CALL(clock_set), { { SYSTEM, C } }, 0, 0 },
    { CALL(log_read), { { SYSTEM, READ } }, 0, 0 },
    { CALL(system_info), { { SYSTEM, READ } }, 0, 0 },
    { CALL(system_power), { { SYSTEM, C } }, 0, 0 },
    { CALL(system_fail), { { SYSTEM, C } }, 0, 0 },
};

#undef S
#undef R
#undef READ
#undef WRITE
#undef C
#undef CALL

static handle_t good[TYPES]; // one object of each type, with all rights; 0 where the machine has none

static long find_irq(void)
{
    for (unsigned line = 1; line < 64; line++) {
        long irq = KCALL2(irq_create, ROOT_SYSTEM, line);
        if (irq > 0)
            return irq;
    }
    return 0;
}

static void make_objects(void)
{
    struct task_start start = { 0x1000, 0x2000, 0, 0 };
    good[PORT] = new_port();
    good[SPACE] = (handle_t)space_create(ROOT_QUOTA);
    good[MEMORY] = (handle_t)memory_create(ROOT_QUOTA, PAGE_SIZE, 0, 0);
    good[TASK] = (handle_t)task_create(good[SPACE], ROOT_QUOTA, 0, 0, &start);
    good[SLOT] = (handle_t)call_create(ROOT_QUOTA);
    good[ROUTES] = (handle_t)routes_create(ROOT_QUOTA, 4);
    good[QUOTA] = (handle_t)KCALL3(quota_create, ROOT_QUOTA, 100, 4);
    good[IRQ] = (handle_t)find_irq();
    long ports = KCALL3(ioports_create, ROOT_SYSTEM, 0x3f8, 8);
    good[IOPORTS] = ports < 0 ? 0 : (handle_t)ports;
    good[SYSTEM] = (handle_t)handle_duplicate(ROOT_SYSTEM, RIGHT_ALL);
}

static void close_objects(void)
{
    for (unsigned i = 0; i < TYPES; i++)
        if (good[i])
            handle_close(good[i]);
}

static long try_call(const struct need *need, unsigned replaced, handle_t by)
{
    unsigned long args[4];
    for (unsigned i = 0; i < 4; i++)
        args[i] = need->args[i].type ? good[need->args[i].type] : 0;
    memset(message_page->wide, 0, sizeof message_page->wide);
    if (need->wide_type)
        message_page->wide[0] = replaced == 4 ? by : 0;
    if (replaced < 4)
        args[replaced] = by;
    return kernel_call(args[0], args[1], args[2], args[3], need->number);
}

static bool check(const struct need *need, unsigned i, unsigned type, unsigned right)
{
    long got = try_call(need, i, 0x7ffffff);
    if (got != -EBADF) {
        test_failed("%s, argument %u: no such handle gave %ld", need->name, i, got);
        return false;
    }
    got = try_call(need, i, good[type == QUOTA ? PORT : QUOTA]);
    if (got != -EBADF) {
        test_failed("%s, argument %u: a handle of another type gave %ld", need->name, i, got);
        return false;
    }
    if (!right)
        return true;
    long weak = handle_duplicate(good[type], RIGHT_ALL & ~right);
    got = try_call(need, i, (handle_t)weak);
    handle_close((handle_t)weak);
    if (got != -EPERM)
        test_failed("%s, argument %u: without the right %u gave %ld", need->name, i, right, got);
    return got == -EPERM;
}

static void each_call_checks_type_and_rights(void)
{
    make_objects();
    for (unsigned n = 0; n < sizeof needs / sizeof needs[0]; n++) {
        const struct need *need = &needs[n];
        for (unsigned i = 0; i < 4; i++) {
            unsigned type = need->args[i].type;
            if (type && good[type] && !check(need, i, type, need->args[i].right))
                goto out;
        }
        if (need->wide_type && !check(need, 4, need->wide_type, need->wide_right))
            goto out;
    }
out:
    close_objects();
}

static void unknown_numbers(void)
{
    for (unsigned long number = 0; number < 200; number++) {
        bool known = false;
#define X(name, n) known |= number == n;
        KERNEL_CALLS(X)
#undef X
        if (!known)
            CHECK_EQUAL(kernel_call(0, 0, 0, 0, number), -ENOSYS);
    }
    CHECK_EQUAL(kernel_call(0, 0, 0, 0, ~0ul), -ENOSYS);
    CHECK_EQUAL(kernel_call(0, 0, 0, 0, 1ul << 31), -ENOSYS);
}

// A copy needs a token or a space with the right to its direction.
static void copies_check_their_target(void)
{
    char word[4] = { 0 };
    long space = space_create(ROOT_QUOTA);
    long reader = handle_duplicate((handle_t)space, RIGHT_READ),
         writer = handle_duplicate((handle_t)space, RIGHT_WRITE);
    CHECK_EQUAL(copy_in(0, (handle_t)writer, word, 0x1000, 4), -EPERM);
    CHECK_EQUAL(copy_out(0, (handle_t)reader, word, 0x1000, 4), -EPERM);
    CHECK_EQUAL(copy_in(0, (handle_t)reader, word, 0x1000, 4), -EFAULT);
    CHECK_EQUAL(copy_out(0, (handle_t)writer, word, 0x1000, 4), -EFAULT);
    CHECK_EQUAL(copy_in(0, ROOT_QUOTA, word, 0x1000, 4), -EBADF);
    CHECK_EQUAL(copy_in(0, 0, word, 0x1000, 4), -ESRCH);
    CHECK_EQUAL(copy_in(12345678, 0, word, 0x1000, 4), -ESRCH);
    CHECK_EQUAL(copy_in(0, (handle_t)reader, word, USER_END - 2, 4), -EFAULT);
    CHECK_EQUAL(copy_in(0, (handle_t)reader, word, ~0ul - 1, 4), -EFAULT);
    handle_close((handle_t)reader);
    handle_close((handle_t)writer);
    handle_close((handle_t)space);
}

const struct test rights_tests[] = {
    { "rights/each_call_checks_type_and_rights", each_call_checks_type_and_rights },
    { "rights/unknown_numbers", unknown_numbers },
    { "rights/copies_check_their_target", copies_check_their_target },
    { 0 },
};
