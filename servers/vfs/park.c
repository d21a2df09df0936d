// SPDX-License-Identifier: MIT
// Wait queues, timers and parked calls. Retries run from park_run() alone, so a waker never recurses into the
// object it is changing.

#include "park.h"
#include <errno.h>
#include <server.h>
#include <string.h>
#include "client.h"
#include "file.h"
#include "shortage.h"

static struct rbtree timers;
static struct list ready_list = { &ready_list, &ready_list };

void queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
    queue->asyncs = NULL;
}

void queue_add(struct wait_queue *queue, struct waiter *waiter)
{
    list_append(&queue->waiters, &waiter->link);
}

void queue_wake(struct wait_queue *queue, unsigned events)
{
    list_for_each_safe(waiter, &queue->waiters, struct waiter,
                       link) if (events & (waiter->events | POLLERR | POLLHUP)) waiter->wake(waiter, events);
}

void queue_clear(struct wait_queue *queue)
{
    while (!list_empty(&queue->waiters)) {
        struct waiter *waiter = list_first(&queue->waiters, struct waiter, link);
        list_remove(&waiter->link);
        waiter->wake(waiter, POLLHUP);
    }
}

void timer_cancel(struct timer *timer)
{
    if (timer->armed)
        rbtree_remove(&timers, &timer->node);
    timer->armed = false;
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    timer_cancel(timer);
    timer->deadline = deadline;
    if (deadline == NO_DEADLINE)
        return;
    struct rbtree_node **place = &timers.root, *parent = NULL;
    while (*place) {
        parent = *place;
        place =
            deadline < container_of(parent, struct timer, node)->deadline ? &parent->left : &parent->right;
    }
    rbtree_insert(&timers, parent, place, &timer->node);
    timer->armed = true;
}

uint64_t timers_deadline(void)
{
    return timers.first ? container_of(timers.first, struct timer, node)->deadline : NO_DEADLINE;
}

void timers_expire(void)
{
    uint64_t now = clock_monotonic();
    while (timers.first) {
        struct timer *timer = container_of(timers.first, struct timer, node);
        if (timer->deadline > now)
            break;
        timer_cancel(timer);
        timer->fire(timer);
    }
}

static void parked_woken(struct waiter *waiter, unsigned events)
{
    park_wake(container_of(waiter, struct parked, waiter)->client);
}

static void parked_timeout(struct timer *timer)
{
    struct parked *parked = container_of(timer, struct parked, timer);
    parked->timed_out = true;
    park_wake(parked->client);
}

void park_wake(struct client *client)
{
    struct parked *parked = &client->parked;
    if (parked->kind && list_empty(&parked->ready))
        list_append(&ready_list, &parked->ready);
}

// Takes the record off every list and frees what it holds; the caller has its result already.
static void unpark(struct client *client)
{
    struct parked *parked = &client->parked;
    const struct park_kind *kind = parked->kind;
    list_remove(&parked->waiter.link);
    list_remove(&parked->ready);
    list_remove(&parked->starving);
    timer_cancel(&parked->timer);
    parked->kind = NULL;
    if (kind && kind->release)
        kind->release(client);
}

static long interrupted(struct client *client)
{
    const struct park_kind *kind = client->parked.kind;
    long result = kind->interrupted ? kind->interrupted(client) : -EINTR;
    unpark(client);
    client->divert = result == -EINTR ? kind->divert : DIVERT_EINTR;
    return result;
}

long park(struct client *caller, const struct park_kind *kind, struct wait_queue *queue, unsigned events,
          uint64_t deadline)
{
    struct parked *parked = &caller->parked;
    parked->kind = kind;
    parked->timed_out = false;
    if (caller->cancelled || caller->ended)
        return interrupted(caller);
    parked->waiter.events = events;
    parked->waiter.wake = parked_woken;
    if (queue)
        queue_add(queue, &parked->waiter);
    parked->timer.fire = parked_timeout;
    timer_set(&parked->timer, deadline);
    return NO_REPLY;
}

void park_cancel(struct client *client)
{
    if (client->on_fiber)
        client->cancelled = true;
    else if (client->parked.kind)
        client_finish(client, interrupted(client));
}

void park_drop(struct client *client)
{
    if (client->parked.kind)
        unpark(client);
}

static bool starves(const struct client *client, long result) { return result == -EFAULT && client->starved; }

// A retry has the handler's form so that it can move to a fiber.
static long retry(struct client *client, const unsigned long args[MESSAGE_WORDS])
{
    struct parked *parked = &client->parked;
    const struct park_kind *kind = parked->kind;
    if (!kind)
        return NO_REPLY;
    client->starved = false;
    long result = kind->retry(client);
    if (result == -EFIBER)
        return result;
    if (result == NO_REPLY && parked->kind != kind)
        return NO_REPLY; // cancelled meanwhile
    if (result == NO_REPLY && parked->timed_out)
        result = kind->expired ? kind->expired(client) : -ETIMEDOUT;
    if (starves(client, result)) {
        shortage_wait(client);
        result = NO_REPLY;
    }
    if (result == NO_REPLY && (client->cancelled || client->ended))
        return interrupted(client);
    if (result != NO_REPLY)
        unpark(client);
    return result;
}

// The record is taken off its queue before the handler runs, because that may park again.
static long redo_retry(struct client *client);

static void redo_release(struct client *client)
{
    if (client->parked.redo.file)
        file_put(client->parked.redo.file);
}

static const struct park_kind kind_starving = {
    .retry = redo_retry,
    .release = redo_release,
    .divert = DIVERT_RESTARTNOINTR, // nothing has happened yet
};

static const struct park_kind kind_redo = {
    .retry = redo_retry,
    .release = redo_release,
    .divert = DIVERT_RESTARTSYS,
};

static long redo_retry(struct client *client)
{
    struct parked *parked = &client->parked;
    struct file *file = parked->redo.file;
    const struct park_kind *kind = parked->kind;
    unsigned long args[MESSAGE_WORDS];
    memcpy(args, parked->redo.args, sizeof(args));
    list_remove(&parked->waiter.link);
    parked->kind = NULL;
    long result = parked->redo.handler(client, args);
    if (result == -EFIBER || starves(client, result))
        parked->kind = kind;
    else if (file)
        file_put(file);
    return result;
}

long park_redo(struct client *caller, call_handler *handler, const unsigned long *args, struct file *file,
               struct wait_queue *queue, unsigned events)
{
    caller->parked.redo.file = file ? file_get(file) : NULL;
    caller->parked.redo.handler = handler;
    memmove(caller->parked.redo.args, args, sizeof(caller->parked.redo.args));
    return park(caller, &kind_redo, queue ? queue : file ? file->queue : NULL, events, NO_DEADLINE);
}

long park_starving(struct client *caller, call_handler *handler, const unsigned long *args)
{
    caller->parked.redo.file = NULL;
    caller->parked.redo.handler = handler;
    memmove(caller->parked.redo.args, args, sizeof(caller->parked.redo.args));
    long result = park(caller, &kind_starving, NULL, 0, NO_DEADLINE);
    if (result == NO_REPLY)
        shortage_wait(caller);
    return result;
}

void park_run(void)
{
    static const unsigned long no_args[MESSAGE_WORDS];
    while (!list_empty(&ready_list)) {
        struct parked *parked = list_first(&ready_list, struct parked, ready);
        list_remove(&parked->ready);
        if (parked->client->on_fiber)
            parked->woken = true;
        else
            client_run(parked->client, retry, no_args);
    }
}
