// SPDX-License-Identifier: MIT
// Ports and calls. A port is a queue of calls with one receiver; a call is a slot that a task (its own traps
// and calls) or a pre-paid asynchronous slot owns. States and who may move them are in docs/architecture.md.
#pragma once

#include <abi/message.h>
#include <handle.h>
#include <list.h>

struct task;
struct memory;

struct badge {
    struct list link;    // in port->badges
    struct port *port;
    unsigned long value;
    uint32_t references; // handles with it
    bool revoked, report;
    bool gone;           // queued on port->gone, reported at the next receive
    struct list gone_link;
};

struct port {
    struct object object;
    struct quota *quota;
    struct list queue;      // calls not received yet, highest priority first
    struct list open;       // calls received, not answered
    struct list events;     // calls with something to tell: CANCEL, ENDED, REPLY (precede queued calls)
    struct list badges, gone;
    unsigned long pending;  // notification bits
    struct task *receiver;  // waiting in receive, or NULL
};

enum call_state {
    CALL_IDLE,
    CALL_QUEUED, // in port->queue
    CALL_OPEN,   // received; in port->open
    CALL_REPLIED, // asynchronous: answer waits to be received, in reply_port->events
};

struct call {
    struct object object;   // asynchronous slots are objects of their own; a task's lives in the task
    struct list link;       // queue or open
    struct list event_link; // port->events
    uint32_t slot;          // index in the call table: low half of its token
    uint32_t generation;    // counts calls: high half
    uint8_t state, kind;    // enum call_state, enum message_kind
    bool cancelled, cancel_told, committed, ended;
    struct port *port;      // where it is queued or open (reference)
    struct task *task;      // the caller; NULL: asynchronous
    struct space *space;    // asynchronous: the beginner's space
    struct port *reply_port; // asynchronous: where the answer goes (reference)
    unsigned long cookie;
    struct task *server;    // who received it last (accounting, death)
    unsigned long label, number;
    unsigned long args[MESSAGE_WORDS];
    handle_t handles[MESSAGE_HANDLES]; // indices in the caller's space; translated at receive
    struct window readable, writable;
    struct message reply;   // asynchronous: the answer until it is received
};

struct port *port_create(struct quota *quota);
void port_destroy(struct object *object);
void port_notify(struct port *port, unsigned long bits);
// Sends a call of `task` (its own slot); task then waits. Switches to the receiver if that waits.
void call_send(struct call *call, struct port *port);
struct call *call_find(token_t token); // open call, or NULL if the token is stale
