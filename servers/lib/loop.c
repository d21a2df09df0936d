// SPDX-License-Identifier: MIT
// The event loop of a server. The last answer of a round is not sent at once but together with the next
// receive, in one kernel call; reply_flush() sends it early where order matters. It waits in the page's `out`, so
// whoever needs that flushes first.
#include "loop.h"

#include <errno.h>
#include <kernel_call.h>
#include <string.h>

static bool reply_pending;

void reply_flush(void)
{
    if (!reply_pending)
        return;
    reply_pending = false;
    reply();
}

static inline struct message *answer(token_t token, uint32_t kind, unsigned long number, long value)
{
    struct message *out = &message_page->out;
    reply_flush();
    reply_pending = true;
    out->kind = kind;
    out->flags = 0;
    out->token = token;
    out->number = number;
    out->value = value;
    out->handles[0] = out->handles[1] = out->handles[2] = out->handles[3] = 0;
    return out;
}

void reply_value(token_t token, long value) { answer(token, REPLY_VALUE, 0, value); }

void reply_frame(token_t token) { answer(token, REPLY_FRAME, 0, 0); }

void reply_consume(void)
{
    if (reply_pending)
        message_page->out.flags = REPLY_CONSUME;
}

void reply_divert(token_t token, unsigned long reason, long value)
{
    answer(token, REPLY_DIVERT, reason, value);
}

// With handles it is sent at once, since the caller may close them then.
void reply_message(token_t token, const struct message *message)
{
    struct message *out = answer(token, REPLY_VALUE, 0, message->value);
    memcpy(out->args, message->args, sizeof(out->args));
    if (!message->handles[0])
        return;
    memcpy(out->handles, message->handles, sizeof(out->handles));
    reply_flush();
}

int async_init(struct async_call *async, void (*done)(struct async_call *, const struct message *))
{
    long call = call_create(self_quota);
    if (call < 0)
        return (int)call;
    *async = (struct async_call){ .call = (handle_t)call, .done = done };
    return 0;
}

int async_begin(struct async_call *async, handle_t port, const struct message *message)
{
    if (async->busy)
        return -EBUSY;
    reply_flush();
    message_page->out = *message;
    long error = begin(async->call, port, self_port, (unsigned long)async);
    async->busy = error == 0;
    return (int)error;
}

static void replied(const struct message *message)
{
    if (message->label & COOKIE_FIBER) {
        fiber_reply(message->label & ~COOKIE_FIBER, message);
        return;
    }
    struct async_call *async = (struct async_call *)message->label;
    async->busy = false;
    async->done(async, message);
}

static void dispatch(const struct server_handlers *handlers, const struct message *message)
{
    void (*handler)(const struct message *) = NULL;
    switch (message->kind) {
    case MESSAGE_CALL: handler = handlers->call; break;
    case MESSAGE_TRAP: handler = handlers->trap; break;
    case MESSAGE_FAULT: handler = handlers->fault; break;
    case MESSAGE_DIVERT: handler = handlers->divert; break;
    case MESSAGE_PAGE: handler = handlers->page; break;
    case MESSAGE_CANCEL: handler = handlers->cancelled; break;
    case MESSAGE_ENDED: handler = handlers->ended; break;
    case MESSAGE_REPLY: handler = replied; break;
    case MESSAGE_NOTIFY: handler = handlers->notified; break;
    case MESSAGE_BADGE_GONE: handler = handlers->badge_gone; break;
    }
    if (handler)
        handler(message);
    else if (message->token != 0 && message->kind != MESSAGE_CANCEL && message->kind != MESSAGE_ENDED)
        reply_value(message->token, -ENOSYS);
}

static long next_message(uint64_t deadline)
{
    message_page->wide[0] = deadline;
    bool replies = reply_pending;
    reply_pending = false;
    return kernel_call1(self_port, replies ? CALL_reply_receive : CALL_receive);
}

_Noreturn void server_loop(const struct server_handlers *handlers)
{
    for (;;) {
        do {
            if (handlers->before_wait)
                handlers->before_wait();
        } while (fibers_run_ready()); // each may make work for the other
        long error = next_message(handlers->deadline ? handlers->deadline() : NO_DEADLINE);
        if (error == 0)
            dispatch(handlers, &message_page->in);
        else if (error == -ETIMEDOUT)
            handlers->expired();
    }
}
