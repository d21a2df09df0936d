// SPDX-License-Identifier: MIT
// Reads and writes under way between vfs and a driver.
#include "device_link.h"

#include <errno.h>
#include <heap.h>
#include <protocol_device.h>

#define RETRY_AFTER 50000000ull // ns, when a driver fails a request: it is being restarted

static void read_answered(struct async_call *async, const struct message *reply)
{
    struct device_link *link = container_of(async, struct device_link, reading);
    if (reply->value < 0) {
        timer_set(&link->retry, clock_monotonic() + RETRY_AFTER);
        return;
    }
    link->taken = 0;
    link->received = (size_t)reply->value;
    link->end = reply->value == 0;
    link->arrived(link);
}

void device_link_read(struct device_link *link)
{
    if (link->reading.busy || link->retry.armed || link->taken < link->received)
        return;
    struct message message = { .number = DEVICE_READ };
    message.args[0] = link->unit;
    message.writable = (struct window){ (unsigned long)link->input, link->size };
    if (async_begin(&link->reading, link->port, &message) < 0)
        timer_set(&link->retry, clock_monotonic() + RETRY_AFTER);
}

static void write_rest(struct device_link *link)
{
    struct message message = { .number = DEVICE_WRITE };
    message.args[0] = link->unit;
    message.readable =
        (struct window){ (unsigned long)link->sending + link->sent, link->sending_length - link->sent };
    if (async_begin(&link->writing, link->port, &message) < 0)
        timer_set(&link->retry, clock_monotonic() + RETRY_AFTER);
}

void device_link_send(struct device_link *link)
{
    if (link->sending_length > 0 || link->filled == 0)
        return;
    uint8_t *full = link->filling;
    link->filling = link->sending;
    link->sending = full;
    link->sending_length = link->filled;
    link->filled = link->sent = 0;
    write_rest(link);
}

static void write_answered(struct async_call *async, const struct message *reply)
{
    struct device_link *link = container_of(async, struct device_link, writing);
    if (reply->value < 0) {
        timer_set(&link->retry, clock_monotonic() + RETRY_AFTER);
        return;
    }
    link->sent += (size_t)reply->value;
    if (link->sent < link->sending_length) {
        write_rest(link);
        return;
    }
    link->sending_length = 0;
    device_link_send(link);
    link->left(link);
}

static void try_again(struct timer *timer)
{
    struct device_link *link = container_of(timer, struct device_link, retry);
    device_link_read(link);
    if (link->sending_length > 0 && !link->writing.busy)
        write_rest(link);
}

int device_link_init(struct device_link *link, handle_t port, unsigned unit, size_t size)
{
    link->port = port;
    link->unit = unit;
    link->size = size;
    link->retry.fire = try_again;
    link->input = heap_alloc(size);
    link->sending = heap_alloc(size);
    link->filling = heap_alloc(size);
    if (!link->input || !link->sending || !link->filling)
        return -ENOMEM;
    int error = async_init(&link->reading, read_answered);
    return error < 0 ? error : async_init(&link->writing, write_answered);
}

struct awaiting {
    struct waiter waiter;
    struct fiber *fiber;
};

static void await_woken(struct waiter *waiter, unsigned events)
{
    struct awaiting *awaiting = container_of(waiter, struct awaiting, waiter);
    if (awaiting->fiber)
        fiber_wake(awaiting->fiber);
    awaiting->fiber = NULL; // once, though more may be taken before the fiber runs
}

void device_link_await(struct wait_queue *queue)
{
    struct awaiting awaiting = { .waiter = { .events = POLL_WRITABLE, .wake = await_woken },
                                 .fiber = fiber_self() };
    queue_add(queue, &awaiting.waiter);
    fiber_wait();
    list_remove(&awaiting.waiter.link);
}
