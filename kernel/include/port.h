// SPDX-License-Identifier: MIT
// Ports: a queue of calls with one receiver at a time, notification bits, and badges. port.c owns life and
// receiving, badge.c badges, call.c the calls that wait here.
#pragma once

#include <abi/message.h>
#include <call.h>
#include <handle.h>
#include <list.h>

struct task;

struct badge {
    struct list link; // in port->badges
    struct port *port;
    unsigned long value;
    uint32_t references; // handles with it
    bool revoked, report;
    struct list gone_link; // queued on port->gone, reported at the next receive; then freed
};

struct port {
    struct object object;
    struct quota *quota;
    struct task *receiver; // waiting in receive, or NULL; while it waits all lists here are empty
    struct list queue;     // calls not received yet, highest priority first
    struct list events;    // calls with something to tell: CANCEL, ENDED, REPLY (precede queued calls)
    struct list gone;      // badges whose last handle went
    struct list badges;
    unsigned long pending; // notification bits
    uint32_t receivers;    // handles with RIGHT_RECEIVE
    bool dead;             // had such handles, has none any more: calls fail with -EPIPE
};

struct port *port_create(struct quota *quota);
void port_destroy(struct object *object);
void port_shut(struct port *port); // the last receive right went
void port_notify(struct port *port, unsigned long bits);
void port_event(struct port *port,
                struct call *call); // tells the receiver about call, now or at its next receive
// Takes what waits, most urgent first, into task's page. -> false if nothing does.
bool port_take(struct port *port, struct task *task);
// Ends a wait in receive, with its result.
void port_wake_receiver(struct task *receiver, long result);

// Does port_take have something to take? Without branches, for receive.
static inline bool port_has_work(const struct port *port)
{
    return (((uintptr_t)port->queue.next ^ (uintptr_t)&port->queue) |
            ((uintptr_t)port->events.next ^ (uintptr_t)&port->events) |
            ((uintptr_t)port->gone.next ^ (uintptr_t)&port->gone) | port->pending) != 0;
}

struct badge *badge_get(struct port *port, unsigned long value,
                        bool report); // found or made; NULL: no memory
void badge_put(struct badge *badge);  // a handle with it went
void badge_free(struct badge *badge);
long badge_revoke(struct port *port, unsigned long value);
