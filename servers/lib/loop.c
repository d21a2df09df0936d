// SPDX-License-Identifier: MIT
// The event loop of a server. The last answer of a round is not sent at once but together with the next
// receive, in one kernel call; reply_flush() sends it early where order matters.
#include "loop.h"

#include <errno.h>
#include <string.h>

static struct {
    bool pending;
    uint32_t kind, flags;
    token_t token;
    unsigned long number;
    long value;
    bool has_args;
    unsigned long args[MESSAGE_WORDS];
} last_reply;

static void put_reply(void)
{
    struct message *out = &message_page->out;
    out->kind = last_reply.kind;
    out->flags = last_reply.flags;
    out->token = last_reply.token;
    out->number = last_reply.number;
    out->value = last_reply.value;
    if (last_reply.has_args)
        memcpy(out->args, last_reply.args, sizeof(out->args));
    memset(out->handles, 0, sizeof(out->handles));
    last_reply.pending = false;
}

void reply_flush(void)
{
    if (!last_reply.pending)
        return;
    put_reply();
    reply();
}

static void answer(token_t token, uint32_t kind, unsigned long number, long value)
{
    reply_flush();
    last_reply.pending = true;
    last_reply.kind = kind;
    last_reply.flags = 0;
    last_reply.token = token;
    last_reply.number = number;
    last_reply.value = value;
    last_reply.has_args = false;
}

void reply_value(token_t token, long value) { answer(token, REPLY_VALUE, 0, value); }

void reply_frame(token_t token) { answer(token, REPLY_FRAME, 0, 0); }

void reply_consume(void)
{
    if (last_reply.pending)
        last_reply.flags = REPLY_CONSUME;
}

void reply_divert(token_t token, unsigned long reason, long value)
{
    answer(token, REPLY_DIVERT, reason, value);
}

// With handles it is sent at once, since the caller may close them then.
void reply_message(token_t token, const struct message *message)
{
    if (!message->handles[0]) {
        answer(token, REPLY_VALUE, 0, message->value);
        last_reply.has_args = true;
        memcpy(last_reply.args, message->args, sizeof(last_reply.args));
        return;
    }
    reply_flush();
    struct message *out = &message_page->out;
    *out = *message;
    out->kind = REPLY_VALUE;
    out->flags = 0;
    out->token = token;
    reply();
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
    if (!last_reply.pending)
        return receive(self_port, deadline);
    put_reply();
    return KCALL1(reply_receive, self_port);
}

_Noreturn void server_loop(const struct server_handlers *handlers)
{
    for (;;) {
        do {
            if (handlers->before_wait)
                handlers->before_wait();
        } while (fibers_run_ready()); // each may make work for the other
        long error = next_message(handlers->deadline ? handlers->deadline() : NO_DEADLINE);
        if (error == -ETIMEDOUT) {
            handlers->expired();
        } else if (error == 0) {
            struct message message = message_page->in;
            dispatch(handlers, &message);
        }
    }
}
