// SPDX-License-Identifier: MIT
// Kernel calls: tasks and trap routes. Registers, space and routes of a task can be changed only while it cannot
// run: before its start, suspended, or in an open call.
#include <arch.h>
#include <arch/cpu.h>
#include <calls.h>
#include <errno.h>
#include <port.h>
#include <quota.h>
#include <routes.h>
#include <sched.h>
#include <space.h>
#include <string.h>
#include <task.h>
#include <trap.h>

#define FPU_BUFFER 1024u
#define WEIGHT_LIMIT (1u << 20)

// struct task does not begin with its object, so FIND does not fit.
#define FIND_TASK(name, index, rights)                                                                       \
    struct handle *name##_handle =                                                                           \
        handle_find(&task->space->handles, (handle_t)(index), HANDLE_TASK, rights);                          \
    if (!name##_handle)                                                                                      \
        return handle_error(task->space, (handle_t)(index), HANDLE_TASK, rights);                            \
    struct task *name = container_of(name##_handle->object, struct task, object)

static bool held(const struct task *target)
{
    switch (target->state) {
    case TASK_NEW:
    case TASK_SUSPENDED:
    case TASK_CALLING:
    case TASK_FAULTING: return true;
    }
    return false;
}

// A routed task that is not in a trap of a foreign server.
static bool held_by(const struct task *target, const struct task *holder)
{
    if (target->state == TASK_NEW || target->state == TASK_SUSPENDED)
        return true;
    return target->state == TASK_CALLING && target->call.state == CALL_OPEN &&
           target->call.server->space == holder->space;
}

static long find_owner(struct task *task, unsigned long index, struct port **owner)
{
    *owner = NULL;
    if (!index)
        return 0;
    FIND(port, port, index, HANDLE_PORT, RIGHT_SEND);
    *owner = port;
    return 0;
}

long do_task_create(struct task *task, unsigned long index, unsigned long payer, unsigned long owner_index,
                    unsigned long label)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    FIND(quota, quota, payer, HANDLE_QUOTA, RIGHT_CONTROL);
    uint64_t wide[4] = { task->page->wide[0], task->page->wide[1], task->page->wide[2], task->page->wide[3] };
    struct port *owner;
    long result = find_owner(task, owner_index, &owner);
    if (result < 0)
        return result;
    int error = 0;
    struct task *target = task_create(space, quota, owner, label, &error);
    if (!target)
        return error;
    arch_task_init(target, (unsigned long)wide[0], (unsigned long)wide[1], (unsigned long)wide[2]);
    if (wide[3])
        result = task_set_message_page(target, (unsigned long)wide[3]);
    if (result < 0) {
        object_put(&target->object);
        return result;
    }
    return calls_give(task, &target->object, RIGHT_ALL);
}

// Gives the references away, of the space if it is the child's own. -> the task's handle; the space's is result[0]
static long give_clone(struct task *task, struct task *child, struct space *space, unsigned flags)
{
    long space_index = 0;
    if (flags & CLONE_SPACE)
        space_index = calls_give(task, &space->object, RIGHT_ALL);
    else
        object_put(&space->object);
    if (space_index < 0) {
        object_put(&child->object);
        return space_index;
    }
    long index = calls_give(task, &child->object, RIGHT_ALL);
    if (index < 0) {
        handle_close(task->space, (handle_t)space_index);
        return index;
    }
    task->page->result[0] = (uint64_t)space_index;
    if (flags & CLONE_START)
        task_start(child);
    return index;
}

long do_task_clone(struct task *task, unsigned long index, unsigned long space_index, unsigned long payer,
                   unsigned long flags)
{
    FIND_TASK(parent, index, RIGHT_CONTROL);
    FIND(space, space, space_index, HANDLE_SPACE, RIGHT_CONTROL);
    FIND(quota, quota, payer, HANDLE_QUOTA, RIGHT_CONTROL);
    const uint64_t *wide = task->page->wide;
    if (flags & ~(unsigned long)(CLONE_STACK | CLONE_TLS | CLONE_SPACE | CLONE_START))
        return -EINVAL;
    if (!parent->routes || !held(parent))
        return -EBUSY;
    int error = 0;
    if (!(flags & CLONE_SPACE))
        object_get(&space->object);
    else if (!(space = space_clone(space, quota, &error)))
        return error;
    struct task *child = task_clone(parent, space, quota, (unsigned)flags, (unsigned long)wide[0],
                                    (unsigned long)wide[1], &error);
    if (!child) {
        object_put(&space->object);
        return error;
    }
    for (unsigned i = 0; i < TASK_LABELS; i++)
        child->labels[i] = (unsigned long)wide[2 + i];
    for (unsigned i = 0; i < TASK_CONSTANTS; i++)
        child->constants[i] = (long)wide[2 + TASK_LABELS + i];
    for (unsigned i = 0; i < TASK_LENT; i++)
        task_lend(child, i, task->space, (unsigned long)wide[2 + TASK_LABELS + TASK_CONSTANTS + i]);
    return give_clone(task, child, space, (unsigned)flags);
}

long do_task_lend(struct task *task, unsigned long index, unsigned long slot, unsigned long address,
                  unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    return slot < TASK_LENT ? task_lend(target, (unsigned)slot, task->space, address) : -EINVAL;
}

long do_task_start(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (!target->routes && !target->page)
        return -EINVAL; // a native task needs its message page
    return task_start(target);
}

long do_task_interrupt(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                       unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    return task_interrupt(target);
}

static void tell_times(struct task *task, const struct task *target)
{
    uint64_t *result = task->page->result;
    account_switch(this_cpu(), this_cpu()->account); // up to now
    result[0] = arch_cycles_to_ns(target->user_time);
    result[1] = arch_cycles_to_ns(target->system_time);
    result[2] = target->switches;
}

// The result of a task that destroys itself goes nowhere.
long do_task_destroy(struct task *task, unsigned long index, unsigned long close, unsigned long also,
                     unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    task_kill(target);
    tell_times(task, target);
    task->page->result[3] = target->space ? target->space->resident_pages : 0;
    if (close)
        handle_close(task->space, (handle_t)index);
    return also ? handle_close(task->space, (handle_t)also) : 0;
}

long do_task_suspend(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                     unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    return task_suspend(target);
}

// What a program sees after exec. The rest of the task stays: routes, labels, constants, the call it is in.
long do_task_reset(struct task *task, unsigned long index, unsigned long space_index, unsigned long c,
                   unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    FIND(space, space, space_index, HANDLE_SPACE, RIGHT_CONTROL);
    if (target->page || !held_by(target, task))
        return -EBUSY;
    task_set_space(target, space);
    for (unsigned i = 0; arch_tls_set(target, i, 0, 0) == 0; i++)
        ;
    arch_fpu_write(target, NULL, 0);
    arch_task_init(target, (unsigned long)task->page->wide[0], (unsigned long)task->page->wide[1], 0);
    arch_set_landing(target, (unsigned long)task->page->wide[2]);
    arch_set_single_step(target, target->trace & TRACE_STEP);
    return 0;
}

long do_task_read_frame(struct task *task, unsigned long index, unsigned long to, unsigned long c,
                        unsigned long d)
{
    FIND_TASK(target, index, RIGHT_READ);
    if (!held(target))
        return -EBUSY;
    struct user_frame frame;
    arch_frame_read(target, &frame);
    return copy_to_space(task->space, to, &frame, sizeof frame) == sizeof frame ? 0 : -EFAULT;
}

long do_task_write_frame(struct task *task, unsigned long index, unsigned long from, unsigned long c,
                         unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (!held(target))
        return -EBUSY;
    struct user_frame frame;
    if (copy_from_space(task->space, &frame, from, sizeof frame) != sizeof frame)
        return -EFAULT;
    arch_frame_write(target, &frame);
    return 0;
}

long do_task_read_fpu(struct task *task, unsigned long index, unsigned long to, unsigned long length,
                      unsigned long d)
{
    FIND_TASK(target, index, RIGHT_READ);
    if (!held(target))
        return -EBUSY;
    _Alignas(16) char buffer[FPU_BUFFER];
    long got = arch_fpu_read(target, buffer, length < sizeof buffer ? length : sizeof buffer);
    if (got < 0)
        return got;
    return copy_to_space(task->space, to, buffer, (size_t)got) == (size_t)got ? got : -EFAULT;
}

long do_task_write_fpu(struct task *task, unsigned long index, unsigned long from, unsigned long length,
                       unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (!held(target))
        return -EBUSY;
    _Alignas(16) char buffer[FPU_BUFFER];
    if (length > sizeof buffer)
        return -EINVAL;
    if (copy_from_space(task->space, buffer, from, length) != length)
        return -EFAULT;
    return arch_fpu_write(target, buffer, length);
}

long do_task_read_state(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                        unsigned long d)
{
    FIND_TASK(target, index, RIGHT_READ);
    if (!held(target))
        return -EBUSY;
    arch_frame_read(target, (struct user_frame *)task->page->frame);
    return arch_fpu_read(target, task->page->fpu, sizeof task->page->fpu);
}

long do_task_set_tls(struct task *task, unsigned long index, unsigned long slot, unsigned long word0,
                     unsigned long word1)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    return held(target) ? arch_tls_set(target, (unsigned)slot, word0, word1) : -EBUSY;
}

long do_task_get_tls(struct task *task, unsigned long index, unsigned long slot, unsigned long c,
                     unsigned long d)
{
    FIND_TASK(target, index, RIGHT_READ);
    unsigned long words[2] = { 0, 0 };
    long result = arch_tls_get(target, (unsigned)slot, words);
    task->page->result[0] = words[0];
    task->page->result[1] = words[1];
    return result;
}

long do_task_set_routes(struct task *task, unsigned long index, unsigned long routes_index, unsigned long c,
                        unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    FIND(routes, routes, routes_index, HANDLE_ROUTES, RIGHT_READ);
    if (target->page || !held(target))
        return -EBUSY;
    struct routes *old = target->routes;
    object_get(&routes->object);
    target->routes = routes;
    if (old)
        object_put(&old->object);
    return 0;
}

long do_task_set_label(struct task *task, unsigned long index, unsigned long slot, unsigned long value,
                       unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (slot >= TASK_LABELS)
        return -EINVAL;
    target->labels[slot] = value;
    return 0;
}

long do_task_set_constant(struct task *task, unsigned long index, unsigned long constant, unsigned long value,
                          unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (constant >= TASK_CONSTANTS)
        return -EINVAL;
    target->constants[constant] = (long)value;
    return 0;
}

long do_task_set_schedule(struct task *task, unsigned long index, unsigned long class, unsigned long value,
                          unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (target->state == TASK_DEAD)
        return -ESRCH;
    bool fixed = class == SCHEDULE_FIXED || class == SCHEDULE_ROUND;
    if (class > SCHEDULE_IDLE || (fixed && (value < 1 || value >= PRIORITIES)) ||
        (class == SCHEDULE_FAIR && (value < 1 || value > WEIGHT_LIMIT)))
        return -EINVAL;
    sched_set(target, (unsigned)class, (unsigned)value);
    return 0;
}

long do_task_set_trace(struct task *task, unsigned long index, unsigned long flags, unsigned long c,
                       unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    if (flags & ~(unsigned long)(TRACE_CALLS | TRACE_STEP))
        return -EINVAL;
    target->trace = (uint8_t)flags;
    // Within an open trap it is the reply that diverts first.
    if ((flags & TRACE_CALLS) && target->state == TASK_CALLING && target->call.kind == MESSAGE_TRAP &&
        target->phase == PHASE_NONE)
        target->phase = PHASE_CALL;
    arch_set_single_step(target, flags & TRACE_STEP);
    return 0;
}

long do_task_info(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND_TASK(target, index, RIGHT_READ);
    uint64_t *result = task->page->result;
    tell_times(task, target);
    result[3] = target->space ? arch_call_number(target) : 0;
    result[4] = target->space ? target->space->object.identity : 0;
    return target->state;
}

long do_task_set_owner(struct task *task, unsigned long index, unsigned long owner_index, unsigned long label,
                       unsigned long d)
{
    FIND_TASK(target, index, RIGHT_CONTROL);
    struct port *owner, *old = target->owner;
    long error = find_owner(task, owner_index, &owner);
    if (error)
        return error;
    if (owner)
        object_get(&owner->object);
    target->owner = owner;
    target->labels[0] = label;
    if (old)
        object_put(&old->object);
    return 0;
}

#define ROUTES_LIMIT 4096u

long do_routes_create(struct task *task, unsigned long index, unsigned long highest, unsigned long c,
                      unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_CONTROL);
    if (highest >= ROUTES_LIMIT)
        return -EINVAL;
    struct routes *routes = routes_create(quota, highest + 1);
    return routes ? calls_give(task, &routes->object, RIGHT_ALL) : -ENOMEM;
}

long do_routes_set(struct task *task, unsigned long index, unsigned long number, unsigned long port_index,
                   unsigned long slot)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    struct port *port;
    long error = find_owner(task, port_index, &port);
    return error ? error : routes_set(routes, number, port, (unsigned)slot);
}

long do_routes_constant(struct task *task, unsigned long index, unsigned long number, unsigned long constant,
                        unsigned long d)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    return routes_set_constant(routes, number, (unsigned)constant);
}

long do_routes_yield(struct task *task, unsigned long index, unsigned long number, unsigned long c,
                     unsigned long d)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    return routes_set_yield(routes, number);
}

long do_routes_carry(struct task *task, unsigned long index, unsigned long number, unsigned long argument,
                     unsigned long length)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    return routes_set_carry(routes, number, argument, length);
}

long do_routes_exchange(struct task *task, unsigned long index, unsigned long number, unsigned long slot,
                        unsigned long kind)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    const uint64_t *wide = task->page->wide;
    if (slot >= TASK_LENT || kind > EXCHANGE_WORD || wide[1] > 64 - (kind == EXCHANGE_WORD) ||
        wide[2] > EXCHANGE_WORDS)
        return -EINVAL;
    struct exchange exchange = {
        .slot = (uint8_t)slot,
        .kind = (uint8_t)kind,
        .records = (uint8_t)wide[1],
        .words = (uint8_t)wide[2],
        .length = (unsigned long)wide[0],
        .least = (unsigned long)wide[3],
    };
    for (unsigned i = 0; i < EXCHANGE_WORDS; i++)
        exchange.allowed[i] = (unsigned long)wide[4 + i];
    return routes_set_exchange(routes, number, &exchange);
}

long do_routes_clock(struct task *task, unsigned long index, unsigned long number, unsigned long monotonic,
                     unsigned long wall)
{
    FIND(routes, routes, index, HANDLE_ROUTES, RIGHT_CONTROL);
    return routes_set_clock(routes, number, monotonic, wall);
}
