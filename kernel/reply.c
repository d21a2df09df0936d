// SPDX-License-Identifier: MIT
// Answers to open calls: a value, the frame as it is, or a divert to the owner; by kind of caller.
#include <arch.h>
#include <errno.h>
#include <memory.h>
#include <message.h>
#include <port.h>
#include <sched.h>
#include <string.h>
#include <task.h>
#include <trap.h>

// A native caller: its page is written directly.
static struct task *answer_native(struct call *call, struct task *server, const struct message *out)
{
    struct task *caller = call->task;
    struct message *in = &caller->page->in;
    long value = out->value;
    in->value = value;
    in->args[0] = out->args[0];
    in->args[1] = out->args[1];
    in->args[2] = out->args[2];
    in->args[3] = out->args[3];
    in->args[4] = out->args[4];
    in->args[5] = out->args[5];
    if (out->handles[0] | out->handles[1] | out->handles[2] | out->handles[3])
        message_move_handles(server->space, out->handles, caller->space, in->handles);
    else
        in->handles[0] = in->handles[1] = in->handles[2] = in->handles[3] = 0;
    call_close(call);
    arch_set_result(caller, value);
    return caller;
}

// An asynchronous call keeps the answer in its slot until its beginner receives it.
static void answer_asynchronous(struct call *call, struct task *server, const struct message *out)
{
    call->value = out->value;
    memcpy(call->args, out->args, sizeof call->args);
    if (call->fault_in)
        memset(call->handles, 0, sizeof call->handles);
    else
        message_move_handles(server->space, out->handles, call->space, call->handles);
    call_close(call);
    call_replied(call);
}

// The pager of a page that a task touched: the task tries again, or has a bus error.
static struct task *answer_page(struct task *task, long value)
{
    if (value >= 0)
        return trap_finish(task, 0);
    unsigned kind = value == -ENOMEM ? FAULT_MEMORY : FAULT_BUS;
    task_fault(task, kind, task->call.number, (unsigned)task->call.args[2], 0, 0);
    return NULL;
}

_Static_assert(sizeof(struct user_frame) <= sizeof(((struct message_page *)0)->frame), "page.frame");
_Static_assert(sizeof(struct message_page) <= PAGE_SIZE, "message page");

static long check_state(const struct task *caller, const struct message *out)
{
    if (out->kind != REPLY_FRAME || out->args[2] > sizeof(((struct message_page *)0)->fpu))
        return -EINVAL;
    return caller->call.port == caller->owner ? 0 : -EPERM;
}

long reply_state(struct task *server, struct task *caller, const struct message *out)
{
    long error = check_state(caller, out);
    if (error < 0)
        return error;
    if (out->args[2] && arch_fpu_write(caller, server->page->fpu, out->args[2]) < 0)
        return -EINVAL;
    arch_frame_write(caller, (const struct user_frame *)server->page->frame);
    return 0;
}

// A call that could not be answered stays as it was.
static long take_along(struct task *server, struct task *caller, const struct message *out)
{
    const struct message_page *page = server->page;
    unsigned long length = out->args[1];
    if (caller->call.kind == MESSAGE_PAGE || out->kind > REPLY_FRAME)
        return -EINVAL;
    long error = out->flags & REPLY_STATE ? check_state(caller, out) : 0;
    if (error < 0)
        return error;
    if (out->flags & REPLY_DATA) {
        if (length > sizeof page->data)
            return -EINVAL;
        if (copy_to_space(caller->space, out->args[0], page->data, length) != length)
            return -EFAULT;
    }
    return out->flags & REPLY_STATE ? reply_state(server, caller, out) : 0;
}

static struct task *answer_trap(struct call *call, const struct message *out)
{
    struct task *task = call->task;
    unsigned kind = out->kind, call_kind = call->kind;
    unsigned long reason = out->number;
    long value = out->value;
    if (out->flags & REPLY_CONSUME)
        task->interrupted = false;
    call_close(call);
    if (call_kind == MESSAGE_PAGE)
        return answer_page(task, kind == REPLY_VALUE ? value : 0);
    if (kind == REPLY_DIVERT) {
        task->interrupted = false;
        if (call_kind == MESSAGE_TRAP)
            task->phase = PHASE_NONE;
        task_divert(task, reason, value);
        return NULL;
    }
    if (kind == REPLY_VALUE && call_kind != MESSAGE_FAULT)
        arch_set_result(task, value);
    if (task->phase == PHASE_ENTER) {
        task->phase = PHASE_CALL;
        if (kind == REPLY_FRAME) {
            trap_route(task); // with the number that the owner left in the frame
            return NULL;
        }
    }
    return trap_finish(task, kind == REPLY_VALUE ? value : 0);
}

long call_reply(struct task *server, const struct message *out, struct task **ready)
{
    struct call *call = call_find(out->token, server);
    if (!call)
        return -ESRCH;
    if (call->kind == MESSAGE_CALL || !call->task) {
        if (out->kind != REPLY_VALUE)
            return -EINVAL;
        if (call->task)
            *ready = answer_native(call, server, out);
        else
            answer_asynchronous(call, server, out);
        return 0;
    }
    if (out->kind > REPLY_DIVERT)
        return -EINVAL;
    long error = out->flags & (REPLY_DATA | REPLY_STATE) ? take_along(server, call->task, out) : 0;
    if (error < 0)
        return error;
    *ready = answer_trap(call, out);
    return 0;
}
