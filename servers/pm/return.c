// SPDX-License-Identifier: MIT
// The way back to user mode: Linux's exit_to_user_mode. Every answer to a call, divert or fault of a Linux program
// passes here, so that signals are delivered and calls restarted in one place.
#include "mm.h"
#include "process.h"
#include "shortage.h"
#include "state.h"
#include "thread.h"

#include <errno.h>
#include <linux/process.h>
#include <server.h>

// After reply_value or reply_frame.
static void answered(struct thread *thread)
{
    thread->token = 0;
    thread->has_result = false;
    thread->state = THREAD_OUT;
    if (thread->interrupted) {
        // its signals have been looked at; signal_wake sends this answer before it interrupts again
        reply_consume();
        thread->interrupted = false;
    }
}

static void answer(struct thread *thread)
{
    if (thread->has_result)
        reply_value(thread->token, thread->result);
    else
        reply_frame(thread->token);
    answered(thread);
}

// It only has to go on: no signal, stop or end comes first.
static bool unhindered(const struct thread *thread)
{
    return !(thread->dying | thread->restore_blocked) && !signals_due(thread);
}

// Common end: nothing to do but to answer, or signals and restarts first.
static void leave(struct thread *thread)
{
    thread->busy = false;
    if (thread->state == THREAD_DEAD)
        return;
    thread->state = THREAD_IN;
    if (thread->dying)
        thread_kill(thread);
    else if (thread->restart != RESTART_NONE || thread->restore_blocked || signals_due(thread))
        signals_deliver(thread);
    else
        answer(thread);
}

static enum restart restart_of(long value)
{
    switch (value) {
    case -ERESTARTSYS: return RESTART_SYS;
    case -ERESTARTNOHAND: return RESTART_NOHAND;
    case -ERESTARTNOINTR: return RESTART_NOINTR;
    case -ERESTART_RESTARTBLOCK: return RESTART_BLOCK;
    default: return RESTART_NONE;
    }
}

// -> false: the call could not reach the thread's memory for lack of frames. It has done nothing yet (mm_write) and
// is made once more.
static bool set_result(struct thread *thread, long value)
{
    bool starved = value == -EFAULT && thread->mm && mm_starved(thread->mm);
    thread->restart = starved ? RESTART_NOINTR : restart_of(value);
    thread->has_result = thread->restart == RESTART_NONE;
    thread->result = value;
    return !starved;
}

// What thread_store put by, if the answer cannot take it along.
static long store_now(struct thread *thread)
{
    size_t length = thread->store_length;
    thread->store_length = 0;
    return mm_write(thread->mm, thread->store_address, message_page->data, length);
}

long thread_store(struct thread *thread, unsigned long address, const void *from, size_t length)
{
    if (!reply_takes(thread->token))
        return mm_write(thread->mm, address, from, length);
    __builtin_memcpy(reply_buffer(), from, length);
    thread->store_address = address;
    thread->store_length = length;
    return 0;
}

static __attribute__((noinline)) void return_carefully(struct thread *thread, long value)
{
    if (thread->store_length)
        value = store_now(thread);
    if (set_result(thread, value))
        leave(thread);
    else
        memory_wait(thread);
}

void thread_return(struct thread *thread, long value)
{
    if (value < 0 || thread->state != THREAD_IN || reply_waits() || !unhindered(thread)) {
        return_carefully(thread, value);
        return;
    }
    thread->busy = false;
    reply_value(thread->token, value);
    if (thread->store_length) {
        reply_data(thread->store_address, thread->store_length);
        thread->store_length = 0;
    }
    answered(thread);
}

void thread_return_frame(struct thread *thread)
{
    thread->restart = RESTART_NONE;
    thread->has_result = false;
    leave(thread);
}

void thread_return_state(struct thread *thread, size_t fpu)
{
    if (unhindered(thread)) {
        reply_frame(thread->token);
        reply_state(fpu);
        answered(thread);
        return;
    }
    task_write_frame(thread->task, (const struct user_frame *)message_page->frame);
    if (fpu)
        task_write_fpu(thread->task, message_page->fpu, fpu);
    thread_return_frame(thread);
}

void thread_return_restart(struct thread *thread, enum restart restart)
{
    thread->restart = restart;
    thread->has_result = false;
    leave(thread);
}

void thread_return_later(struct thread *thread, long value)
{
    if (set_result(thread, value))
        thread_resume_later(thread);
    else
        memory_wait(thread);
}

void thread_resume_later(struct thread *thread)
{
    thread->state = THREAD_IN;
    list_remove(&thread->in_returns);
    list_append(&pm->returns, &thread->in_returns);
}

void returns_drain(void)
{
    while (!list_empty(&pm->returns)) {
        struct thread *thread = list_first(&pm->returns, struct thread, in_returns);
        list_remove(&thread->in_returns);
        leave(thread);
    }
}

// What is left of the call is in thread->{has_result, result, restart}; it stays there while the thread is stopped.
static bool restarts_after_handler(struct thread *thread, const struct sigaction_user *action)
{
    switch (thread->restart) {
    case RESTART_NOINTR: return true;
    case RESTART_SYS: return action->flags & SA_RESTART;
    default: return false;
    }
}

static void apply_restart(struct thread *thread, struct user_frame *frame, bool again)
{
    if (thread->restart == RESTART_NONE)
        return;
    if (!again) {
        thread->block.kind = BLOCK_NONE;
        frame_set_result(frame, -EINTR);
    } else if (thread->restart == RESTART_BLOCK)
        frame_restart_block(frame, (unsigned long)linux_number_of(LINUX_restart_syscall));
    else
        frame_restart(frame);
    thread->restart = RESTART_NONE;
}

// Where the signal frame goes: the alternate stack, or below the interrupted function's.
static unsigned long choose_stack(struct thread *thread, const struct user_frame *frame,
                                  const struct sigaction_user *action)
{
    unsigned long stack = frame_stack(frame);
    const struct stack_info *alternate = &thread->alternate;
    bool on_it = !(alternate->flags & (int)SS_AUTODISARM) && stack - alternate->base - 1 < alternate->size;
    if ((action->flags & SA_ONSTACK) && alternate->size && !on_it)
        return alternate->base + alternate->size;
    return stack - SIGNAL_RED_ZONE;
}

static int alternate_flags(struct thread *thread, const struct user_frame *frame)
{
    const struct stack_info *alternate = &thread->alternate;
    int kept = alternate->flags & (int)SS_AUTODISARM;
    if (alternate->size == 0)
        return SS_DISABLE;
    if (kept)
        return kept;
    return frame_stack(frame) - alternate->base - 1 < alternate->size ? SS_ONSTACK : 0;
}

// Linux's handle_signal and signal_delivered. -> false: no memory for the frame, nothing has changed
static bool run_handler(struct thread *thread, struct user_frame *frame, const struct siginfo *info)
{
    struct sigaction_user *action = &thread->sighand->actions[info->signo - 1];
    uint64_t mask = thread->restore_blocked ? thread->saved_blocked : thread->blocked;
    unsigned long vdso = thread->mm->vdso;
    struct signal_delivery delivery = {
        .signal = info->signo,
        .info = info,
        .mask = mask,
        .handler = action->handler,
        .flags = (uint32_t)action->flags,
        .restorer = SIGACTION_RESTORER(action),
        .alternate = thread->alternate,
        .stack = choose_stack(thread, frame, action),
        .trampoline = vdso + pm->vdso_sigreturn,
        .rt_trampoline = vdso + pm->vdso_rt_sigreturn,
        .fault_address = thread->fault_address,
        .fault_trap = thread->fault_trap,
        .fault_error = thread->fault_error,
    };
    delivery.alternate.flags = alternate_flags(thread, frame);
    int error = signal_frame_push(thread->mm->space, frame, &delivery);
    if (error == -ENOMEM)
        return false;
    thread->restore_blocked = false;
    uint64_t handler_mask = action->mask;
    if (!(action->flags & SA_NODEFER))
        handler_mask |= SIGNAL_BIT(info->signo);
    if (action->flags & SA_RESETHAND)
        action->handler = SIG_DFL;
    if (error < 0) { // Linux's force_sigsegv: a SIGSEGV handler that cannot be entered is not tried again
        if (info->signo == SIGSEGV)
            action->handler = SIG_DFL;
        struct siginfo fault = signal_info_kernel(SIGSEGV);
        signal_force(thread, &fault);
        return true;
    }
    if (thread->alternate.flags & (int)SS_AUTODISARM)
        thread->alternate = (struct stack_info){ .flags = SS_DISABLE };
    signal_set_blocked(thread, thread->blocked | handler_mask);
    return true;
}

static int held_take(struct thread *thread, struct siginfo *info)
{
    if (!thread->holds_signal)
        return 0;
    thread->holds_signal = false;
    *info = thread->held;
    return info->signo;
}

// Linux's get_signal: acts on everything that has no handler. -> signal with a handler in *info; 0: none left;
// -1: the thread does not go on (killed or stopped).
static int next_handled(struct thread *thread, struct siginfo *info)
{
    for (;;) {
        if (thread->state == THREAD_DEAD)
            return -1;
        if (thread->stop_pending && stop_take_part(thread))
            return -1;
        int signal = held_take(thread, info);
        if (!signal)
            signal = pending_take(&thread->pending, SYNCHRONOUS_SIGNALS & ~thread->blocked, info);
        if (!signal)
            signal = pending_take(&thread->pending, ~thread->blocked, info);
        if (!signal)
            signal = pending_take(&thread->process->shared, ~thread->blocked, info);
        if (!signal)
            return 0;
        const struct sigaction_user *action = &thread->sighand->actions[signal - 1];
        if (action->handler == SIG_IGN)
            continue;
        if (action->handler != SIG_DFL)
            return signal;
        if (signal_default_ignored(signal) || (thread->process->unkillable && signal != SIGKILL))
            continue;
        if (signal_default_stops(signal)) {
            if (signal == SIGSTOP || !group_is_orphaned(thread->process->group, NULL))
                stop_begin(thread, signal);
            continue;
        }
        process_exit(thread->process, signal);
        return -1;
    }
}

// -> true: page.frame is what the thread shall go on with; false: the signal is held, until there is memory
static bool enter_handler(struct thread *thread, const struct siginfo *info)
{
    struct user_frame *frame = (struct user_frame *)message_page->frame;
    enum restart restart = thread->restart;
    task_read_state(thread->task);
    if (thread->has_result)
        frame_set_result(frame, thread->result);
    apply_restart(thread, frame, restarts_after_handler(thread, &thread->sighand->actions[info->signo - 1]));
    if (!run_handler(thread, frame, info)) {
        thread->restart = restart;
        thread->held = *info;
        thread->holds_signal = true;
        return false;
    }
    thread->has_result = false;
    return true;
}

void signals_deliver(struct thread *thread)
{
    struct siginfo info;
    int signal;
    while ((signal = next_handled(thread, &info)) > 0) {
        if (!enter_handler(thread, &info)) {
            memory_wait(thread);
            return;
        }
        if (unhindered(thread)) {
            thread_return_state(thread, 0);
            return;
        }
        // It may stop or die before the next handler.
        task_write_frame(thread->task, (const struct user_frame *)message_page->frame);
    }
    if (signal < 0)
        return;
    if (thread->restart != RESTART_NONE) {
        struct user_frame frame;
        task_read_frame(thread->task, &frame);
        apply_restart(thread, &frame, true);
        task_write_frame(thread->task, &frame);
    }
    if (thread->restore_blocked) {
        thread->restore_blocked = false;
        signal_set_blocked(thread, thread->saved_blocked);
        if (signals_due(thread)) { // what the temporary set held back
            signals_deliver(thread);
            return;
        }
    }
    answer(thread);
}

// --- calls that wait for other servers

static void fiber_main(void *argument)
{
    struct thread *thread = argument;
    long value = thread->fiber_fn(thread, thread->fiber_args);
    if (value != NO_REPLY) // otherwise fn has seen to everything, and the thread may be gone
        thread_return(thread, value);
}

long thread_on_fiber(struct thread *thread, long (*fn)(struct thread *, const unsigned long *),
                     const unsigned long *args)
{
    thread->busy = true;
    thread->fiber_fn = fn;
    for (int i = 0; i < 6; i++)
        thread->fiber_args[i] = args[i];
    if (fiber_run(fiber_main, thread, false) < 0) {
        thread->busy = false;
        return -ENOMEM;
    }
    return NO_REPLY;
}
