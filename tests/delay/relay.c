// SPDX-License-Identifier: MIT
// Calls between pm and vfs. They go on in the order in which they came, since each server relies on its own order;
// their answers come back in any order. What a window lends is copied, since a call cannot be forwarded.
#include "delay.h"

#include <errno.h>
#include <heap.h>
#include <protocol_pm_vfs.h>
#include <string.h>

struct relay {
    struct held held;
    struct list link; // while free
    struct async_call async;
    token_t token;
    struct message message; // the call, then its answer
    void *readable, *writable;
    struct window caller_writable;
    handle_t handles[MESSAGE_HANDLES]; // of the call: ours until it is answered
};

static struct list free_relays = { &free_relays, &free_relays };
static uint64_t last_due[2]; // to vfs, to pm

static void close_handles(handle_t *handles)
{
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
        if (handles[i])
            handle_close(handles[i]);
    memset(handles, 0, MESSAGE_HANDLES * sizeof(*handles));
}

static void answer(struct held *held)
{
    struct relay *relay = container_of(held, struct relay, held);
    if (relay->writable && relay->message.value >= 0)
        copy_out(relay->token, 0, relay->writable, relay->caller_writable.base,
                 relay->caller_writable.length);
    reply_message(relay->token, &relay->message);
    close_handles(relay->message.handles);
    close_handles(relay->handles);
    heap_free(relay->readable);
    heap_free(relay->writable);
    list_append(&free_relays, &relay->link);
}

static void fail(struct relay *relay, long error)
{
    relay->message = (struct message){ .value = error };
    answer(&relay->held);
}

static void answered(struct async_call *async, const struct message *reply)
{
    struct relay *relay = container_of(async, struct relay, async);
    relay->message = *reply;
    relay->held.fire = answer;
    hold(&relay->held);
}

static void pass_on(struct held *held)
{
    struct relay *relay = container_of(held, struct relay, held);
    long error = async_begin(&relay->async, relay->message.number < PM_SIGNAL ? vfs : pm, &relay->message);
    if (error < 0)
        fail(relay, error);
}

static struct relay *relay_get(void)
{
    struct relay *relay;
    if (!list_empty(&free_relays)) {
        relay = list_first(&free_relays, struct relay, link);
        list_remove(&relay->link);
        return relay;
    }
    relay = heap_alloc(sizeof(*relay));
    if (relay && async_init(&relay->async, answered) == 0)
        return relay;
    heap_free(relay);
    return NULL;
}

static bool take_windows(struct relay *relay)
{
    struct window *readable = &relay->message.readable, *writable = &relay->message.writable;
    relay->caller_writable = *writable;
    relay->readable = readable->length ? heap_alloc(readable->length) : NULL;
    relay->writable = writable->length ? heap_alloc(writable->length) : NULL;
    if ((readable->length && !relay->readable) || (writable->length && !relay->writable))
        return false;
    if (readable->length &&
        copy_in(relay->token, 0, relay->readable, readable->base, readable->length) != (long)readable->length)
        return false;
    readable->base = (unsigned long)relay->readable;
    writable->base = (unsigned long)relay->writable;
    return true;
}

void relay_call(const struct message *message)
{
    struct relay *relay = relay_get();
    if (!relay) {
        reply_value(message->token, -ENOMEM);
        return;
    }
    relay->token = message->token;
    relay->message = *message;
    memcpy(relay->handles, message->handles, sizeof(relay->handles));
    held_init(&relay->held, pass_on);
    if (!take_windows(relay)) {
        fail(relay, -ENOMEM);
        return;
    }
    uint64_t *last = &last_due[message->number >= PM_SIGNAL], due = clock_monotonic() + delay_length();
    *last = due > *last ? due : *last;
    hold_until(&relay->held, *last);
}
