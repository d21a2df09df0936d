// SPDX-License-Identifier: MIT
// Waiting: queues of what wants to hear of an event, timers, and parked calls (a call that waits for user
// programs). Wakers only mark parked calls; they are tried again from park_run(), never from the waker's stack.
#pragma once

#include <linux/poll.h>
#include <list.h>
#include <rbtree.h>
#include <abi/message.h>
#include "transfer.h"

struct client;
struct file;

// One interest in a queue. `wake` runs on the waker's stack: it may only mark.
struct waiter {
    struct list link;
    unsigned events; // POLL* wanted; errors and hang-ups always count
    void (*wake)(struct waiter *waiter, unsigned events);
};
struct wait_queue {
    struct list waiters;
    struct async *asyncs; // files whose owner gets a signal (async.h)
};
void queue_init(struct wait_queue *queue);
void queue_add(struct wait_queue *queue, struct waiter *waiter);
void queue_wake(struct wait_queue *queue, unsigned events);
void queue_clear(
    struct wait_queue *queue); // the queue goes away: waiters are woken with POLLHUP and detached

struct timer {
    struct rbtree_node node;
    uint64_t deadline; // monotonic ns
    bool armed;
    void (*fire)(struct timer *timer);
};
void timer_set(struct timer *timer, uint64_t deadline); // NO_DEADLINE: off
void timer_cancel(struct timer *timer);
uint64_t timers_deadline(void); // of the first, NO_DEADLINE: none
void timers_expire(void);

// What a kind of wait does. Functions run on the loop's stack or on the call's fiber.
struct park_kind {
    long (*retry)(struct client *caller);       // woken: -> result, or NO_REPLY to wait on, or -EFIBER
    long (*expired)(struct client *caller);     // deadline passed -> result
    long (*interrupted)(struct client *caller); // cancelled -> partial result to return, or -EINTR: divert
    void (*release)(struct client *caller);     // frees what the record holds
    unsigned long divert;                       // reason when interrupted with -EINTR
};

// poll(2) as restart_syscall goes on with it: until the same moment as before.
struct poll_again {
    unsigned long entries, count;
    uint64_t deadline;
};

struct lock_request;
struct poll_set;

struct parked {
    const struct park_kind *kind; // NULL: not parked
    struct client *client;
    struct waiter waiter; // on one queue; kinds with more have their own
    struct timer timer;
    struct list ready;    // to be tried again
    struct list starving; // to be tried again when there is memory (shortage.c)
    bool timed_out;
    bool woken; // while a fiber works on it: try again afterwards
    union {
        struct {
            struct file *file; // reference
            struct transfer transfer;
            uint64_t position;
            bool positioned, writing;
        } io;
        struct {
            struct poll_set *set;
        } poll;
        struct {
            struct lock_request *request;
        } lock;
        struct {
            struct file *file; // reference: what a waiting open() or drain is about
            unsigned long word[4];
        } file;
        struct {
            struct file *file; // reference or NULL
            long (*handler)(struct client *, const unsigned long *);
            unsigned long args[MESSAGE_WORDS];
        } redo;
    };
};

// Parks the call in hand; the union must be filled in. Waits on `queue` if not NULL. -> NO_REPLY, or the answer
// at once if the call was already cancelled.
long park(struct client *caller, const struct park_kind *kind, struct wait_queue *queue, unsigned events,
          uint64_t deadline);
// Parks so that the whole handler is run again when woken: for calls that have changed nothing yet. Keeps a
// reference to `file`, whose queue it waits on if queue is NULL.
long park_redo(struct client *caller, long (*handler)(struct client *, const unsigned long *),
               const unsigned long *args, struct file *file, struct wait_queue *queue, unsigned events);
// The same for a call that ended for lack of frames.
long park_starving(struct client *caller, long (*handler)(struct client *, const unsigned long *),
                   const unsigned long *args);
void park_wake(struct client *client);   // mark for another try
void park_cancel(struct client *client); // MESSAGE_CANCEL
void park_drop(struct client *client);   // forget without answer
void park_run(void);                     // tries what was marked; server loop, before it waits
