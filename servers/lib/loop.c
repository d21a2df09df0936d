// SPDX-License-Identifier: MIT
// The event loop of a server. The last answer of a round is not sent at once but together with the next
// receive, in one kernel call; reply_flush() sends it early where order matters. It waits in the page's `out`, so
// whoever needs that flushes first.
#include "loop.h"

#include <errno.h>
#include <kernel_call.h>
#include <string.h>

static bool reply_pending;

// An answer could not take its data along. It was that of the message in hand, which is still there.
static bool refused;
static struct message refused_message; // as it was: a call's answer may have taken its place (call_at_once)
static bool takes;                     // it has not been refused, and the message is as it came

static __attribute__((noinline)) void flush(void)
{
    reply_pending = false;
    if (reply() != -EFAULT)
        return;
    refused = true;
    refused_message = message_page->in;
}

void reply_flush(void)
{
    if (reply_pending)
        flush();
}

bool reply_waits(void) { return reply_pending; }

bool reply_takes(token_t token) { return takes && message_page->in.token == token; }

void *reply_buffer(void)
{
    reply_flush();
    return message_page->data;
}

void reply_data(unsigned long address, size_t length)
{
    struct message *out = &message_page->out;
    out->flags |= REPLY_DATA;
    out->args[0] = address;
    out->args[1] = length;
}

void reply_state(size_t fpu)
{
    message_page->out.flags |= REPLY_STATE;
    message_page->out.args[2] = fpu;
}

const void *trap_carried(token_t token, size_t length)
{
    const struct message *in = &message_page->in;
    return takes && in->token == token && in->value == (long)length ? message_page->carried : NULL;
}

// No handles stand in `out` but while somebody sends it.
static inline struct message *answer(token_t token, uint32_t kind, long value)
{
    struct message *out = &message_page->out;
    reply_flush();
    reply_pending = true;
    out->kind = kind;
    out->flags = 0;
    out->token = token;
    out->value = value;
    return out;
}

void reply_value(token_t token, long value) { answer(token, REPLY_VALUE, value); }

void reply_frame(token_t token) { answer(token, REPLY_FRAME, 0); }

void reply_consume(void)
{
    if (reply_pending)
        message_page->out.flags |= REPLY_CONSUME;
}

void reply_divert(token_t token, unsigned long reason, long value)
{
    answer(token, REPLY_DIVERT, value)->number = reason;
}

// With handles it is sent at once, since the caller may close them then.
void reply_message(token_t token, const struct message *message)
{
    struct message *out = answer(token, REPLY_VALUE, message->value);
    memcpy(out->args, message->args, sizeof(out->args));
    if (!message->handles[0])
        return;
    memcpy(out->handles, message->handles, sizeof(out->handles));
    reply_flush();
    memset(out->handles, 0, sizeof(out->handles));
}

void message_put(const struct message *message)
{
    reply_flush();
    message_page->out = *message;
}

struct message *message_room(void)
{
    static const struct window none;
    struct message *out = &message_page->out;
    reply_flush();
    out->readable = out->writable = none;
    return out;
}

void message_replaced(void) { takes = false; }

void message_taken(void)
{
    handle_t *handles = message_page->out.handles;
    handles[0] = handles[1] = handles[2] = handles[3] = 0;
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
    message_put(message);
    long error = begin(async->call, port, self_port, (unsigned long)async);
    message_taken();
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
    if (message->kind == MESSAGE_TRAP && handlers->trap) { // as mostly
        handlers->trap(message);
        return;
    }
    switch (message->kind) {
    case MESSAGE_CALL: handler = handlers->call; break;
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

// No message. -> true: the one in hand is handled once more
static bool again(const struct server_handlers *handlers, long error)
{
    if (error == -ETIMEDOUT)
        handlers->expired();
    if (error != -EFAULT)
        return false;
    if (refused)
        message_page->in = refused_message;
    refused = false;
    return true;
}

static long next_message(uint64_t deadline)
{
    if (refused)
        return -EFAULT;
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
        takes = error == 0;
        if (takes || again(handlers, error))
            dispatch(handlers, &message_page->in);
    }
}
