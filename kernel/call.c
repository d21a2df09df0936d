// SPDX-License-Identifier: MIT
// Calls move IDLE -> QUEUED -> OPEN -> IDLE (asynchronous ones by way of REPLIED). A QUEUED or OPEN call holds a
// reference to its port. Its caller's death, the receiver's death and the port's end can come at any of them.
#include <arch.h>
#include <arch/cpu.h>
#include <errno.h>
#include <frame.h>
#include <inline.h>
#include <message.h>
#include <port.h>
#include <sched.h>
#include <string.h>
#include <task.h>
#include <trap.h>

struct call *call_create(struct quota *quota, struct space *space)
{
    struct call *call = kmalloc(quota, sizeof *call);
    if (!call)
        return NULL;
    if (call_init(call, NULL) < 0) {
        kfree(quota, call, sizeof *call);
        return NULL;
    }
    object_init(&call->object, HANDLE_CALL);
    object_get(&quota->object);
    call->quota = quota;
    call->space = space;
    call->space_identity = space->object.identity;
    return call;
}

// The last handle went, or nothing but an ENDED event was left.
void call_destroy(struct object *object)
{
    struct call *call = (struct call *)object;
    if (call->state == CALL_QUEUED || call->state == CALL_OPEN) {
        object_revive(object); // the event keeps it
        call_abandon(call);
        object_put(object);
        return;
    }
    list_remove(&call->event_link);
    call->state = CALL_IDLE;
    if (call->reply_port)
        object_put(&call->reply_port->object);
    struct quota *quota = call->quota;
    call_release(call);
    kfree(quota, call, sizeof *call);
    object_put(&quota->object);
}

static unsigned caller_priority(const struct call *call)
{
    return call->task && call->task->schedule.class != SCHEDULE_FAIR ? call->task->schedule.priority : 0;
}

// By the callers' priority, first in first out among equals; the search starts at the end, where equals go.
static void enqueue(struct port *port, struct call *call)
{
    call->state = CALL_QUEUED;
    struct list *place = port->queue.previous;
    unsigned priority = caller_priority(call);
    while (place != &port->queue && caller_priority(container_of(place, struct call, link)) < priority)
        place = place->previous;
    list_insert(place->next, &call->link);
}

// Nobody waits at the port: the call does.
APART void call_queue(struct call *call, struct port *port)
{
    if (port->dead) {
        call_fail(call, -EPIPE);
        return;
    }
    object_get(&port->object);
    call->port = port;
    enqueue(port, call);
}

void call_send(struct call *call, struct port *port)
{
    struct task *receiver = port->receiver;
    assert(call->state == CALL_IDLE);
    call->cancelled = call->cancel_told = call->committed = false;
    if (!receiver) {
        call_queue(call, port);
        return;
    }
    object_get(&port->object);
    call->port = port;
    port->receiver = NULL;
    receiver->receiving = NULL;
    message_deliver(call, receiver);
    arch_set_result(receiver, 0);
    sched_hand_over(receiver);
}

void call_close(struct call *call)
{
    struct port *port = call->port;
    list_remove(&call->link);
    if (call->cancelled)
        list_remove(&call->event_link); // a CANCEL nobody needs any more
    if (call->state == CALL_OPEN && call->server->serving == call->task) {
        call->server->serving = NULL;
        call->server->charge = &call->server->user_time;
    }
    call->state = CALL_IDLE;
    call->port = NULL;
    object_put(&port->object);
}

// The caller hears `error` as its kind of call allows.
void call_fail(struct call *call, long error)
{
    struct task *task = call->task;
    if (!task) {
        call->value = error;
        memset(call->args, 0, sizeof call->args);
        memset(call->handles, 0, sizeof call->handles);
        call_replied(call);
        return;
    }
    switch (call->kind) {
    case MESSAGE_CALL:
        arch_set_result(task, error);
        sched_wake(task);
        break;
    case MESSAGE_TRAP: task_divert(task, DIVERT_FAILED, error); break;
    case MESSAGE_PAGE: task_fault(task, FAULT_BUS, call->number, call->args[2], 0, 0); break;
    default: task_orphaned(task); break;
    }
}

void call_replied(struct call *call)
{
    call->state = CALL_REPLIED;
    port_event(call->reply_port, call);
}

void call_cancel(struct call *call)
{
    call->cancelled = true;
    if (call->state == CALL_OPEN && !call->cancel_told && list_empty(&call->event_link))
        port_event(call->port, call);
}

void call_abandon(struct call *call)
{
    if (call->state == CALL_REPLIED || call->state == CALL_IDLE)
        return;
    // The owner destroyed the task itself; it needs no message about that.
    bool tell = call->state == CALL_OPEN && !(call->task && call->port == call->task->owner);
    struct port *port = call->port;
    object_get(&port->object);
    call_close(call);
    if (tell) {
        object_get(call->task ? &call->task->object : &call->object);
        call->ended = true;
        port_event(port, call);
    }
    object_put(&port->object);
}

// Of a cancelled trap nothing has happened yet, so it is taken back; everything else waits for the next
// instance, ahead of younger calls.
void call_server_died(struct call *call)
{
    struct task *server = call->server;
    list_remove(&call->link);
    if (call->committed || call->port->dead) {
        call_close(call);
        call_fail(call, -EIO);
        return;
    }
    if (call->cancelled && call->kind == MESSAGE_TRAP) {
        call_close(call);
        task_divert(call->task, DIVERT_NOT_BEGUN, 0);
        return;
    }
    list_remove(&call->event_link);
    server->serving = NULL;
    server->charge = &server->user_time;
    call->server = NULL;
    call->cancel_told = false;
    struct port *port = call->port;
    if (port->receiver) {
        struct task *receiver = port->receiver;
        message_deliver(call, receiver);
        port_wake_receiver(receiver, 0);
    } else {
        call->state = CALL_QUEUED;
        list_prepend(&port->queue, &call->link);
    }
}
