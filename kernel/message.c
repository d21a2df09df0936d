// SPDX-License-Identifier: MIT
// Messages as they appear in a receiver's page. A page is plain kernel memory here (task->page), so writing one
// neither faults nor looks at page tables. The words of a native caller's message are read from its own page
// when the call is received: the caller waits, and could deceive nobody but itself.
#include <abi/message.h>
#include <arch.h>
#include <handle.h>
#include <message.h>
#include <port.h>
#include <space.h>
#include <string.h>
#include <task.h>

static bool any_handle(const handle_t *handles) { return handles[0] | handles[1] | handles[2] | handles[3]; }

static struct handle *transferable(struct space *space, handle_t index)
{
    if (index == 0 || index >= space->handles.capacity)
        return NULL;
    struct handle *handle = &space->handles.entries[index];
    return handle->object && (handle->rights & RIGHT_TRANSFER) ? handle : NULL;
}

void message_move_handles(struct space *from, const handle_t *source, struct space *to, handle_t *target)
{
    handle_t indices[MESSAGE_HANDLES];
    memcpy(indices, source, sizeof indices);
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++) {
        struct handle *handle = transferable(from, indices[i]);
        long index = handle ? handle_copy(to, handle, RIGHT_ALL) : 0;
        target[i] = index < 0 ? 0 : (handle_t)index;
    }
}

static void copy_words(struct message *in, const unsigned long *args, const handle_t *handles,
                       struct space *from, struct space *to)
{
    in->args[0] = args[0];
    in->args[1] = args[1];
    in->args[2] = args[2];
    in->args[3] = args[3];
    in->args[4] = args[4];
    in->args[5] = args[5];
    if (any_handle(handles)) {
        message_move_handles(from, handles, to, in->handles);
        return;
    }
    in->handles[0] = in->handles[1] = in->handles[2] = in->handles[3] = 0;
}

static void deliver_native(struct call *call, struct message *in, struct task *server)
{
    struct task *caller = call->task;
    const struct message *out = &caller->page->out;
    in->number = out->number;
    in->readable = out->readable;
    in->writable = out->writable;
    copy_words(in, out->args, out->handles, caller->space, server->space);
}

static void deliver_asynchronous(struct call *call, struct message *in, struct task *server)
{
    in->number = call->number;
    in->readable = call->readable;
    in->writable = call->writable;
    copy_words(in, call->args, call->handles, call->space, server->space);
}

static void deliver_trap(struct call *call, struct message *in)
{
    in->number = call->number;
    in->value = 0; // carried: only the short way does that
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        in->args[i] = arch_call_arg(call->task, i);
}

void message_deliver(struct call *call, struct task *server)
{
    struct message *in = &server->page->in;
    call->state = CALL_OPEN;
    call->server = server;
    call->generation++;
    list_append(&server->served, &call->link);
    in->kind = call->kind;
    in->flags = call->cancelled ? MESSAGE_CANCELLED : 0;
    in->token = call_token(call);
    in->label = call->label;
    if (!call->task) {
        server->serving = NULL;
        server->charge = &server->user_time;
        deliver_asynchronous(call, in, server);
        return;
    }
    server->serving = call->task;
    if (call->kind == MESSAGE_CALL) {
        server->charge = call->task->charge; // which may be somebody else's for whom the caller works
        deliver_native(call, in, server);
        return;
    }
    server->charge = &call->task->system_time;
    if (call->kind == MESSAGE_TRAP) {
        deliver_trap(call, in);
    } else {
        in->number = call->number;
        memcpy(in->args, call->args, sizeof in->args);
    }
}

static void charge_self(struct task *server)
{
    server->serving = NULL;
    server->charge = &server->user_time;
}

// The answer of an asynchronous call. One whose beginner's space is gone is nobody's here: the port has a new
// receiver now, to which the cookie means nothing.
static bool deliver_reply(struct call *call, struct message *in, struct task *server)
{
    struct port *reply_port = call->reply_port;
    bool known = call->space_identity == server->space->object.identity;
    if (known) {
        in->kind = MESSAGE_REPLY;
        in->token = 0;
        in->label = call->cookie;
        in->value = call->value;
        memcpy(in->args, call->args, sizeof in->args);
        memcpy(in->handles, call->handles, sizeof in->handles);
    }
    call->state = CALL_IDLE;
    call->reply_port = NULL;
    if (call->fault_in)
        object_put(&call->object);
    object_put(&reply_port->object);
    return known;
}

bool message_event(struct call *call, struct task *server)
{
    struct message *in = &server->page->in;
    charge_self(server);
    in->flags = 0;
    if (call->state == CALL_REPLIED)
        return deliver_reply(call, in, server);
    in->kind = call->ended ? MESSAGE_ENDED : MESSAGE_CANCEL;
    in->token = call_token(call);
    in->label = call->label;
    if (call->ended)
        object_put(call->task ? &call->task->object : &call->object);
    else
        call->cancel_told = true;
    return true;
}

void message_notify(struct task *server, unsigned long bits)
{
    charge_self(server);
    server->page->in.kind = MESSAGE_NOTIFY;
    server->page->in.flags = 0;
    server->page->in.token = 0;
    server->page->in.number = bits;
}

void message_badge_gone(struct task *server, unsigned long value)
{
    charge_self(server);
    server->page->in.kind = MESSAGE_BADGE_GONE;
    server->page->in.flags = 0;
    server->page->in.token = 0;
    server->page->in.label = value;
}
