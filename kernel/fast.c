// SPDX-License-Identifier: MIT
// The short way through calls and answers. It does what calls_ipc.c, call.c, message.c, reply.c and sched.c do
// together for the one case that nearly all traffic is: the receiver waits, no handles travel, and nobody better
// is ready. It says the same things twice, which pays: a call and its answer cost two thirds of the general
// way. First everything is checked, then done; whatever does not fit is left to the general way.
#include <abi/call.h>
#include <answer.h>
#include <arch.h>
#include <arch/cpu.h>
#include <at_hand.h>
#include <frame.h>
#include <handle.h>
#include <inline.h>
#include <message.h>
#include <port.h>
#include <sched.h>
#include <space.h>
#include <string.h>
#include <task.h>
#include <trap.h>

// Would the scheduler choose task if current stopped now? See sched_hand_over.
INLINE bool goes_next(const struct cpu *cpu, const struct task *task)
{
    return task->schedule.direct > cpu->top || (task == cpu->fair_current && !cpu->top && !task->suspended);
}

// Who has been served at once goes on, first in, first out, ahead of equals: to it that was no wait.
INLINE bool goes_on(const struct cpu *cpu, const struct task *task)
{
    return goes_next(cpu, task) || (task->schedule.class == SCHEDULE_FIXED &&
                                    task->schedule.direct == cpu->top && task->schedule.direct > 0);
}

INLINE void go(struct cpu *cpu, struct task *previous, struct task *next)
{
    if (cpu->account != next->charge)
        account_move(cpu, next->charge);
    next->state = TASK_RUNNABLE;
    cpu->current = next;
    cpu->switches++;
    next->switches++;
    arch_switch(previous, next);
}

INLINE bool any_handle(const struct message *message)
{
    return message->handles[0] | message->handles[1] | message->handles[2] | message->handles[3];
}

INLINE void copy_args(struct message *to, const struct message *from)
{
    to->args[0] = from->args[0];
    to->args[1] = from->args[1];
    to->args[2] = from->args[2];
    to->args[3] = from->args[3];
    to->args[4] = from->args[4];
    to->args[5] = from->args[5];
    to->handles[0] = to->handles[1] = to->handles[2] = to->handles[3] = 0;
}

// The call is open at receiver, which waits at port. -> its message, with the head filled in
INLINE struct message *open_call(struct task *task, struct port *port, struct task *receiver, unsigned kind,
                                 unsigned long label)
{
    struct call *call = &task->call;
    struct message *in = &receiver->page->in;
    call->kind = (uint8_t)kind;
    call->label = label;
    call->cancelled = call->cancel_told = call->committed = call->ended = false;
    call->state = CALL_OPEN;
    call->port = port;
    port->object.references++;
    port->receiver = NULL;
    call->server = receiver;
    call->generation++;
    list_append(&receiver->served, &call->link);
    receiver->serving = task;
    in->kind = kind;
    in->flags = 0;
    in->token = call_token(call);
    in->label = label;
    arch_set_result(receiver, 0);
    task->state = TASK_CALLING;
    return in;
}

INLINE bool short_call(struct task *task, unsigned long index)
{
    struct cpu *cpu = this_cpu();
    const struct handle *handle =
        handle_find(&task->space->handles, (handle_t)index, HANDLE_PORT, RIGHT_SEND);
    if (!handle)
        return false;
    struct port *port = (struct port *)handle->object;
    struct task *receiver = port->receiver;
    if (!receiver || !goes_next(cpu, receiver))
        return false;
    const struct message *out = &task->page->out;
    const struct badge *badge = handle->badge;
    if (any_handle(out) || (badge && badge->revoked))
        return false;
    struct message *in = open_call(task, port, receiver, MESSAGE_CALL, badge ? badge->value : 0);
    receiver->charge = task->charge;
    in->number = out->number;
    copy_args(in, out);
    in->readable = out->readable;
    in->writable = out->writable;
    go(cpu, task, receiver);
    return true;
}

// -> length, for a call that ends the caller's
static APART long copy_many(char *to, const char *from, size_t length)
{
    memcpy(to, from, length);
    return (long)length;
}

static APART long carry(const struct task *task, const struct route *route, struct task *receiver)
{
    unsigned argument = route->carry >> CARRY_SHIFT;
    size_t length = route->carry & ((1u << CARRY_SHIFT) - 1);
    unsigned long address = argument < MESSAGE_WORDS ? arch_trap_arg(task, argument) : arch_user_stack(task);
    const char *from = at_hand(task->space, address, length, false);
    char *to = (char *)receiver->page->carried;
    if (!from)
        return 0;
    return copy_few(to, from, length) ? (long)length : copy_many(to, from, length);
}

INLINE bool short_trap(struct task *task, const struct route *route, bool carries)
{
    unsigned long number = arch_call_number(task);
    struct cpu *cpu = this_cpu();
    struct port *port = route->port;
    struct task *receiver = port->receiver;
    account_move(cpu, &task->system_time); // it ran in user mode until now
    if (!receiver || !goes_next(cpu, receiver))
        return false;
    task->call.number = number;
    struct message *in = open_call(task, port, receiver, MESSAGE_TRAP, task->labels[route->slot]);
    receiver->charge = &task->system_time;
    in->number = number;
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        in->args[i] = arch_trap_arg(task, i);
    if (carries)
        in->value = carry(task, route, receiver);
    go(cpu, task, receiver);
    return true;
}

// The answer is given: the server waits, and its caller goes on.
INLINE void change_over(struct task *task, struct task *caller)
{
    struct call *call = &caller->call;
    struct port *port = call->port;
    call->link.previous->next = call->link.next;
    call->link.next->previous = call->link.previous;
    call->state = CALL_IDLE;
    port->object.references--; // not the last: the handle holds one
    task->serving = NULL;
    task->charge = &task->user_time;
    port->receiver = task;
    task->receiving = port;
    task->state = TASK_RECEIVING;
    go(this_cpu(), task, caller);
}

INLINE bool store_data(const struct message_page *page, const struct task *caller)
{
    const struct message *out = &page->out;
    size_t length = out->args[1];
    char *to = length <= sizeof page->data ? at_hand(caller->space, out->args[0], length, true) : NULL;
    if (to && !copy_few(to, (const char *)page->data, length))
        copy_many(to, (const char *)page->data, length);
    return to;
}

// A value and data, to a trap.
static APART void answer_data(struct task *task, struct task *caller)
{
    if (!store_data(task->page, caller)) {
        trap_generally(task);
        return;
    }
    arch_set_result(caller, task->page->out.value);
    change_over(task, caller);
}

// More than that. What fails changes nothing, or what the general way changes again.
static APART void answer_more(struct task *task, struct task *caller)
{
    const struct message *out = &task->page->out;
    unsigned flags = out->flags;
    if (out->kind > REPLY_FRAME || flags & ~(REPLY_DATA | REPLY_STATE) ||
        (flags & REPLY_DATA && !store_data(task->page, caller)) ||
        (flags & REPLY_STATE && reply_state(task, caller, out) < 0)) {
        trap_generally(task);
        return;
    }
    if (out->kind == REPLY_VALUE)
        arch_set_result(caller, out->value);
    change_over(task, caller);
}

INLINE bool short_reply_receive(struct task *task, unsigned long index)
{
    struct cpu *cpu = this_cpu();
    const struct message *out = &task->page->out;
    // The call it received last: while it is `serving`, that one is open and its own.
    struct task *caller = task->serving;
    if (!caller || !goes_on(cpu, caller))
        return false;
    struct call *call = &caller->call;
    struct port *port = call->port;
    if (!handle_names(&task->space->handles, (handle_t)index, &port->object, RIGHT_RECEIVE) ||
        call_token(call) != out->token || call->cancelled || port->receiver || port_has_work(port) ||
        task->page->wide[0] != task->deadline)
        return false;
    if (call->kind == MESSAGE_CALL) {
        if (any_handle(out) || out->kind != REPLY_VALUE)
            return false;
        struct message *in = &caller->page->in;
        in->value = out->value;
        copy_args(in, out);
    } else if (call->kind != MESSAGE_TRAP || caller->phase != PHASE_NONE || caller->interrupted) {
        return false;
    } else if (out->kind != REPLY_VALUE || out->flags) {
        if (out->kind == REPLY_VALUE && out->flags == REPLY_DATA)
            answer_data(task, caller);
        else
            answer_more(task, caller);
        return true;
    }
    arch_set_result(caller, out->value);
    change_over(task, caller);
    return true;
}

// Between a server and the caller it received last, or a space it has.
INLINE bool short_copy(struct task *task)
{
    bool out = arch_call_number(task) == CALL_copy_out;
    const struct copy_target *target = &task->page->target;
    const struct task *caller = task->serving;
    struct space *space, *own = task->space;
    if (target->space) {
        const struct handle *handle =
            handle_find(&own->handles, target->space, HANDLE_SPACE, out ? RIGHT_WRITE : RIGHT_READ);
        if (!handle)
            return false;
        space = (struct space *)handle->object;
    } else {
        if (!caller || caller->call.kind != MESSAGE_TRAP || call_token(&caller->call) != target->token)
            return false;
        space = caller->space;
    }
    unsigned long local = arch_call_arg(task, 0), remote = arch_call_arg(task, 1);
    size_t length = arch_call_arg(task, 2);
    if (!(out ? copy_present(space, remote, own, local, length)
              : copy_present(own, local, space, remote, length)))
        return false;
    arch_set_result(task, (long)length);
    return true;
}

static APART void trap_copy(struct task *task)
{
    if (!short_copy(task))
        trap_generally(task);
}

APART void trap_native(struct task *task)
{
    unsigned long number = arch_call_number(task);
    if (number == CALL_reply_receive) {
        if (short_reply_receive(task, arch_call_arg(task, 0)))
            return;
    } else if (number == CALL_call) {
        if (short_call(task, arch_call_arg(task, 0)))
            return;
    } else if (number == CALL_copy_in || number == CALL_copy_out) {
        trap_copy(task);
        return;
    }
    trap_generally(task);
}

// Not the most frequent kind.
static APART void trap_specially(struct task *task, const struct route *route)
{
    bool carries = route->kind == ROUTE_EXCHANGE || (route->kind == ROUTE_PORT && route->carry);
    if (carries && short_trap(task, route, true))
        return;
    if (route->kind != ROUTE_YIELD) {
        trap_generally(task);
        return;
    }
    arch_set_result(task, 0);
    sched_yield(task);
    trap_leave();
}

APART void trap_routed(struct task *task, const struct route *route)
{
    if (task->trace & TRACE_CALLS)
        trap_generally(task);
    else if (route->kind != ROUTE_PORT || route->carry)
        trap_specially(task, route);
    else if (!short_trap(task, route, false))
        trap_generally(task);
}

static APART const struct route *answer_apart(struct task *task, const struct route *route)
{
    if (task->trace & TRACE_CALLS)
        return route;
    bool answered = route->kind == ROUTE_CLOCK ? answer_clock(task, route) : answer_exchange(task, route);
    return answered ? NULL : route;
}

// None of these answers is worth reading the clock for.
const struct route *trap_answer(struct task *task)
{
    const struct route *route = routes_find(task->routes, arch_call_number(task));
    if (route->kind == ROUTE_CONSTANT && !(task->trace & TRACE_CALLS)) {
        arch_set_result(task, task->constants[route->slot]);
        return NULL;
    }
    return route->kind < ROUTE_CLOCK ? route : answer_apart(task, route);
}

// After the short way there is nothing for trap_leave to do: who runs next is known, and not interrupted.
void trap_call(struct task *task)
{
    const struct route *route;
    if (!task->routes)
        trap_native(task);
    else if ((route = trap_answer(task)))
        trap_routed(task, route);
}
