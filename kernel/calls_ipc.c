// SPDX-License-Identifier: MIT
// Kernel calls: messages. receive, reply and call are the hot path of the whole system: a call to a waiting
// receiver, and an answer by somebody who then waits, switch directly and touch no queue.
#include <arch.h>
#include <calls.h>
#include <errno.h>
#include <port.h>
#include <sched.h>
#include <string.h>
#include <task.h>
#include <trap.h>

// Waits at port or takes what is there. `ready` is a caller just answered that has not been woken yet: it gets
// the CPU directly if the task has to wait.
static long receive(struct task *task, unsigned long index, struct task *ready)
{
    struct handle *handle = handle_find(&task->space->handles, (handle_t)index, HANDLE_PORT, RIGHT_RECEIVE);
    long result = 0;
    if (!handle) {
        result = handle_error(task->space, (handle_t)index, HANDLE_PORT, RIGHT_RECEIVE);
        goto done;
    }
    struct port *port = (struct port *)handle->object;
    if (port_has_work(port) && port_take(port, task))
        goto done;
    if (port->receiver) {
        result = -EBUSY;
        goto done;
    }
    uint64_t deadline = task->page->wide[0];
    if (deadline != task->deadline) {
        if (deadline != NO_DEADLINE && deadline <= arch_clock()) {
            result = -ETIMEDOUT;
            goto done;
        }
        timer_set(task, deadline);
    }
    port->receiver = task;
    task->receiving = port;
    sched_block(task, TASK_RECEIVING);
    if (ready)
        sched_hand_over(ready);
    return NO_RESULT;
done:
    if (ready)
        sched_wake(ready);
    return result;
}

long do_receive(struct task *task, unsigned long port, unsigned long b, unsigned long c, unsigned long d)
{
    return receive(task, port, NULL);
}

long do_reply(struct task *task, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    struct task *ready = NULL;
    long result = call_reply(task, &task->page->out, &ready);
    if (ready)
        sched_wake(ready);
    return result;
}

long do_reply_receive(struct task *task, unsigned long port, unsigned long b, unsigned long c,
                      unsigned long d)
{
    struct task *ready = NULL;
    if (call_reply(task, &task->page->out, &ready) == -EFAULT)
        return -EFAULT; // the server has to deal with that call first
    return receive(task, port, ready);
}

// A port handle to send through, with its label. -> NULL with *error set
static struct port *find_send(struct task *task, unsigned long index, unsigned long *label, long *error)
{
    struct handle *handle = handle_find(&task->space->handles, (handle_t)index, HANDLE_PORT, RIGHT_SEND);
    if (!handle) {
        *error = handle_error(task->space, (handle_t)index, HANDLE_PORT, RIGHT_SEND);
        return NULL;
    }
    const struct badge *badge = handle->badge;
    struct port *port = (struct port *)handle->object;
    *label = 0;
    if (badge) {
        *label = badge->value;
        if (badge->revoked) {
            *error = -EPIPE;
            return NULL;
        }
    }
    *error = -EPIPE;
    return port->dead ? NULL : port;
}

long do_call(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    unsigned long label;
    long error;
    struct port *port = find_send(task, index, &label, &error);
    if (!port)
        return error;
    task->call.kind = MESSAGE_CALL;
    task->call.label = label;
    sched_block(task, TASK_CALLING);
    call_send(&task->call, port);
    return NO_RESULT;
}

long do_begin(struct task *task, unsigned long slot, unsigned long index, unsigned long reply,
              unsigned long cookie)
{
    FIND(call, call, slot, HANDLE_CALL, RIGHT_CONTROL);
    FIND(port, reply_port, reply, HANDLE_PORT, RIGHT_RECEIVE);
    unsigned long label;
    long error;
    struct port *port = find_send(task, index, &label, &error);
    if (!port)
        return error;
    if (call->state != CALL_IDLE)
        return -EBUSY;
    const struct message *out = &task->page->out;
    call->kind = MESSAGE_CALL;
    call->label = label;
    call->cookie = cookie;
    call->number = out->number;
    call->readable = out->readable;
    call->writable = out->writable;
    memcpy(call->args, out->args, sizeof call->args);
    memcpy(call->handles, out->handles, sizeof call->handles);
    object_get(&reply_port->object);
    call->reply_port = reply_port;
    call_send(call, port);
    return 0;
}

// Nobody has seen a queued call: it is answered at once.
long do_cancel(struct task *task, unsigned long slot, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(call, call, slot, HANDLE_CALL, RIGHT_CONTROL);
    if (call->state == CALL_QUEUED) {
        call_close(call);
        call_fail(call, -EINTR);
    } else if (call->state == CALL_OPEN) {
        call_cancel(call);
    }
    return 0;
}

long do_notify(struct task *task, unsigned long index, unsigned long bits, unsigned long c, unsigned long d)
{
    unsigned long label;
    long error;
    struct port *port = find_send(task, index, &label, &error);
    if (!port)
        return error;
    port_notify(port, bits);
    return 0;
}

// The call goes on to another port as if it had been sent there; for the forwarder it is answered.
long do_forward(struct task *task, unsigned long index, unsigned long slot, unsigned long c, unsigned long d)
{
    unsigned long label;
    long error;
    struct call *call = call_find(task->page->target.token, task);
    if (!call)
        return -ESRCH;
    if (call->kind != MESSAGE_TRAP)
        return -EINVAL;
    if (slot >= TASK_LABELS)
        return -EINVAL;
    struct port *port = find_send(task, index, &label, &error);
    if (!port)
        return error;
    struct task *caller = call->task;
    bool interrupted = call->cancelled || caller->interrupted;
    call_close(call);
    call->label = caller->labels[slot];
    call_send(call, port);
    if (interrupted && call->kind == MESSAGE_TRAP && call->state != CALL_IDLE && call->port != caller->owner)
        call_cancel(call);
    return 0;
}

long do_commit(struct task *task, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    struct call *call = call_find(task->page->target.token, task);
    if (!call)
        return -ESRCH;
    call->committed = true;
    return 0;
}
