// SPDX-License-Identifier: MIT
// Ports: life, notifications, and what a receiver gets next. While somebody waits in receive all of a port's
// lists are empty and no notification is pending: whatever comes goes straight to the receiver.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <inline.h>
#include <message.h>
#include <port.h>
#include <sched.h>
#include <task.h>
#include <trap.h>

struct port *port_create(struct quota *quota)
{
    struct port *port = kmalloc(quota, sizeof *port);
    if (!port)
        return NULL;
    object_init(&port->object, HANDLE_PORT);
    object_get(&quota->object);
    port->quota = quota;
    list_init(&port->queue);
    list_init(&port->events);
    list_init(&port->gone);
    list_init(&port->badges);
    return port;
}

void port_destroy(struct object *object)
{
    struct port *port = (struct port *)object;
    struct quota *quota = port->quota;
    // Queued calls, events that matter, receivers and badges of handles all hold a reference or a handle.
    assert(!port->receiver && list_empty(&port->queue) && list_empty(&port->events));
    list_for_each_safe(badge, &port->badges, struct badge, link) badge_free(badge);
    kfree(quota, port, sizeof *port);
    object_put(&quota->object);
}

// Takes a call's event off its port and finishes what nobody will receive.
static void drop_event(struct call *call)
{
    list_remove(&call->event_link);
    if (call->ended) {
        object_put(call->task ? &call->task->object : &call->object);
    } else if (call->state == CALL_REPLIED) {
        struct port *port = call->reply_port;
        call->state = CALL_IDLE;
        call->reply_port = NULL;
        if (call->fault_in)
            object_put(&call->object);
        object_put(&port->object);
    }
}

void port_shut(struct port *port)
{
    object_get(&port->object);
    port->dead = true;
    if (port->receiver)
        port_wake_receiver(port->receiver, -EPIPE);
    while (!list_empty(&port->events))
        drop_event(list_first(&port->events, struct call, event_link));
    while (!list_empty(&port->gone))
        badge_free(list_first(&port->gone, struct badge, gone_link));
    port->pending = 0;
    while (!list_empty(&port->queue)) {
        struct call *call = list_first(&port->queue, struct call, link);
        call_close(call);
        call_fail(call, -EPIPE);
    }
    object_put(&port->object);
}

void port_wake_receiver(struct task *receiver, long result)
{
    receiver->receiving->receiver = NULL;
    receiver->receiving = NULL;
    arch_set_result(receiver, result);
    sched_wake(receiver);
}

void port_notify(struct port *port, unsigned long bits)
{
    if (port->dead)
        return;
    if (!port->receiver) {
        port->pending |= bits;
        return;
    }
    message_notify(port->receiver, bits);
    port_wake_receiver(port->receiver, 0);
}

void port_event(struct port *port, struct call *call)
{
    assert(list_empty(&call->event_link));
    struct task *receiver = port->receiver;
    if (port->dead)
        drop_event(call);
    else if (!receiver)
        list_append(&port->events, &call->event_link);
    else if (message_event(call, receiver))
        port_wake_receiver(receiver, 0);
}

// Kept out of the path of a receive that finds nothing.
// Events of calls come first, so that MESSAGE_CANCEL precedes whatever else there is to say about a task.
APART bool port_take(struct port *port, struct task *task)
{
    while (!list_empty(&port->events)) {
        struct call *call = list_first(&port->events, struct call, event_link);
        list_remove(&call->event_link);
        if (message_event(call, task))
            return true;
    }
    if (!list_empty(&port->gone)) {
        struct badge *badge = list_first(&port->gone, struct badge, gone_link);
        message_badge_gone(task, badge->value);
        badge_free(badge);
        return true;
    }
    if (port->pending) {
        message_notify(task, port->pending);
        port->pending = 0;
        return true;
    }
    if (!list_empty(&port->queue)) {
        struct call *call = list_first(&port->queue, struct call, link);
        list_remove(&call->link);
        message_deliver(call, task);
        return true;
    }
    return false;
}
