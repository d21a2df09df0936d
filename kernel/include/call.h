// SPDX-License-Identifier: MIT
// A call: a slot that a task owns (its own traps and calls) or a pre-paid asynchronous slot. call.c moves it
// between its states, message.c writes it into the receiver's message page, reply.c answers it.
#pragma once

#include <abi/message.h>
#include <list.h>
#include <object.h>
#include <stdbool.h>

struct port;
struct task;
struct space;
struct quota;

enum call_state {
    CALL_IDLE,
    CALL_QUEUED,  // in port->queue
    CALL_OPEN,    // received; in server->served
    CALL_REPLIED, // asynchronous: the answer waits in reply_port->events
};

struct call {
    struct object object;   // asynchronous slots are objects of their own; a task's lives in the task
    struct list link;       // port->queue or server->served
    struct list event_link; // port->events: CANCEL or ENDED of an open call, or REPLY
    uint32_t slot;          // index in the call table: low half of its token
    uint32_t generation;    // counts deliveries: high half
    uint8_t state, kind;    // enum call_state, enum message_kind
    bool cancelled;         // its caller wants it ended
    bool cancel_told;       // and the receiver has been told
    bool committed;         // the receiver's death fails it instead of queueing it again
    bool ended;             // the caller died; only the event is left, which holds a reference to the holder
    bool fault_in;          // made by the kernel for fault_in: frees itself when its answer was received
    struct port *port;      // where it is queued or open (reference)
    struct task *task;      // the caller; NULL: asynchronous
    struct task *server;    // CALL_OPEN: who received it (no reference: a dying server gives its calls back)
    unsigned long label, number;
    // Messages that stand neither in the caller's page (MESSAGE_CALL of a task, read when received) nor in its
    // frame (MESSAGE_TRAP): faults, diverts, page requests and asynchronous calls; then the asynchronous answer.
    unsigned long args[MESSAGE_WORDS];
    handle_t handles[MESSAGE_HANDLES]; // asynchronous: indices in the beginner's space
    // Asynchronous calls only.
    struct quota *quota;
    struct space *space; // the beginner's; its handle table owns the slot, so the slot never outlives it
    uint64_t space_identity;
    struct port *reply_port; // reference while under way
    unsigned long cookie;
    long value; // of the answer
    struct window readable, writable;
};

int call_init(struct call *call, struct task *task); // takes a slot; 0 or -ENOMEM
void call_release(struct call *call);                // gives the slot back; the call must be idle
struct call *call_create(struct quota *quota, struct space *space); // asynchronous slot, or NULL
void call_destroy(struct object *object);

// Sends an idle call of `kind`, filled in by the caller; a task's state must be set already. Consumes nothing:
// takes its own reference to port. Runs the receiver directly if it waits and nobody better is ready.
void call_send(struct call *call, struct port *port);
void call_queue(struct call *call, struct port *port);
void call_close(struct call *call);            // OPEN or QUEUED -> IDLE: off its lists, port dropped
void call_fail(struct call *call, long error); // an IDLE call that nobody will answer: tells its caller
void call_cancel(struct call *call);      // its caller wants it ended; QUEUED calls are left to the caller
void call_abandon(struct call *call);     // its caller is gone: the receiver gets ENDED
void call_server_died(struct call *call); // OPEN: queued again, or failed if committed
void call_replied(struct call *call);     // asynchronous, answer filled in: posts REPLY
// The open call of a token that `server` (its space) has received, or NULL.
struct call *call_find(token_t token, const struct task *server);

static inline token_t call_token(const struct call *call)
{
    return call->slot | (token_t)call->generation << 32;
}
