// SPDX-License-Identifier: MIT
// Signal calls of programs about themselves: dispositions, masks, waiting, sigreturn. What sends is in kill.c.
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "timecalls.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/process.h>
#include <string.h>

#define SIGSET_SIZE 8

// --- dispositions

// Ignoring a signal drops what is pending of it (POSIX).
static void drop_ignored(struct thread *caller, int signal)
{
    pending_remove(&caller->process->shared, SIGNAL_BIT(signal));
    for_each_thread(thread, caller->process) pending_remove(&thread->pending, SIGNAL_BIT(signal));
}

static void set_action(struct thread *caller, int signal, const struct sigaction_user *new)
{
    struct sigaction_user *action = &caller->sighand->actions[signal - 1];
    *action = *new;
    action->flags &= SIGACTION_FLAGS; // so that programs can find out what there is
    action->mask &= ~UNBLOCKABLE;
    caller->sighand->lent.changed |= SIGNAL_BIT(signal);
    bool ignored =
        action->handler == SIG_IGN || (action->handler == SIG_DFL && signal_default_ignored(signal));
    if (ignored)
        drop_ignored(caller, signal);
}

static bool settable(int signal)
{
    return signal >= 1 && signal <= SIGNALS && signal != SIGKILL && signal != SIGSTOP;
}

// What the kernel does not exchange by itself (table.c).
long call_rt_sigaction(struct thread *caller, const unsigned long args[6])
{
    int signal = (int)args[0];
    struct sigaction_user new;
    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    const struct sigaction_user *carried = args[1] ? trap_carried(caller->token, sizeof new) : NULL;
    if (carried)
        new = *carried;
    else if (args[1] && mm_read(caller->mm, &new, args[1], sizeof new) < 0)
        return -EFAULT;
    if (signal < 1 || signal > SIGNALS || (args[1] && !settable(signal)))
        return -EINVAL;
    const struct sigaction_user *old = &caller->sighand->actions[signal - 1];
    long error = args[2] ? mm_write(caller->mm, args[2], old, sizeof *old) : 0;
    if (error < 0 && caller->mm->starved)
        return error; // the call is made again
    if (args[1])
        set_action(caller, signal, &new);
    return error;
}

struct old_sigaction { // i386
    uint32_t handler, mask, flags, restorer;
};

long call_sigaction(struct thread *caller, const unsigned long args[6])
{
    int signal = (int)args[0];
    struct old_sigaction user;
    if (signal < 1 || signal > SIGNALS || (args[1] && !settable(signal)))
        return -EINVAL;
    struct sigaction_user old = caller->sighand->actions[signal - 1];
    if (args[1]) {
        if (mm_read(caller->mm, &user, args[1], sizeof user) < 0)
            return -EFAULT;
        struct sigaction_user new = { .handler = user.handler, .flags = user.flags, .mask = user.mask };
        sigaction_set_restorer(&new, user.restorer);
        if (args[2] && !mm_prepare(caller->mm, args[2], sizeof user))
            return -EFAULT;
        set_action(caller, signal, &new);
    }
    if (!args[2])
        return 0;
    user = (struct old_sigaction){ (uint32_t)old.handler, (uint32_t)old.mask, (uint32_t)old.flags,
                                   (uint32_t)SIGACTION_RESTORER(&old) };
    return mm_write(caller->mm, args[2], &user, sizeof user);
}

long call_signal(struct thread *caller, const unsigned long args[6])
{
    int signal = (int)args[0];
    if (!settable(signal))
        return -EINVAL;
    unsigned long old = caller->sighand->actions[signal - 1].handler;
    struct sigaction_user new = { .handler = args[1], .flags = SA_RESETHAND | SA_NODEFER };
    set_action(caller, signal, &new);
    return (long)old;
}

// --- masks

static long change_mask(struct thread *caller, int how, uint64_t set, uint64_t keep)
{
    uint64_t blocked = caller->blocked;
    switch (how) {
    case SIG_BLOCK: blocked |= set; break;
    case SIG_UNBLOCK: blocked &= ~set; break;
    case SIG_SETMASK: blocked = set | (blocked & keep); break;
    default: return -EINVAL;
    }
    signal_set_blocked(caller, blocked);
    return 0;
}

static long mask_store(struct thread *caller, unsigned long address, const void *user, size_t size,
                       uint64_t old)
{
    long error = mm_write(caller->mm, address, user, size);
    if (error < 0 && caller->mm->starved)
        signal_set_blocked(caller, old); // the call is made again
    return error;
}

long call_rt_sigprocmask(struct thread *caller, const unsigned long args[6])
{
    uint64_t set, old = caller->blocked;
    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    if (!args[1])
        return args[2] ? thread_store(caller, args[2], &old, sizeof old) : 0;
    const uint64_t *carried = trap_carried(caller->token, sizeof set);
    if (carried)
        set = *carried;
    else if (mm_read(caller->mm, &set, args[1], sizeof set) < 0)
        return -EFAULT;
    long error = change_mask(caller, (int)args[0], set, 0);
    if (error < 0)
        return error;
    return args[2] ? mask_store(caller, args[2], &old, sizeof old, old) : 0;
}

long call_sigprocmask(struct thread *caller, const unsigned long args[6])
{
    uint64_t old = caller->blocked; // its first word is the old form's set
    uint32_t set;
    if (args[1]) {
        if (mm_read(caller->mm, &set, args[1], sizeof set) < 0)
            return -EFAULT;
        long error = change_mask(caller, (int)args[0], set, ~0ull << 32);
        if (error < 0)
            return error;
    }
    return args[2] ? mask_store(caller, args[2], &old, sizeof set, old) : 0;
}

long call_sgetmask(struct thread *caller, const unsigned long args[6])
{
    return (long)(uint32_t)caller->blocked;
}

long call_ssetmask(struct thread *caller, const unsigned long args[6])
{
    uint32_t old = (uint32_t)caller->blocked;
    signal_set_blocked(caller, (uint32_t)args[0]);
    return (long)old;
}

static uint64_t pending_set(struct thread *caller)
{
    return (caller->pending.set | caller->process->shared.set) & caller->blocked;
}

long call_rt_sigpending(struct thread *caller, const unsigned long args[6])
{
    uint64_t set = pending_set(caller);
    if (args[1] > SIGSET_SIZE)
        return -EINVAL;
    return thread_store(caller, args[0], &set, args[1]);
}

long call_sigpending(struct thread *caller, const unsigned long args[6])
{
    uint64_t set = pending_set(caller);
    return mm_write(caller->mm, args[0], &set, sizeof(long));
}

// --- waiting

static long suspend(struct thread *caller, uint64_t set)
{
    signal_set_temporary(caller, set);
    if (signals_due(caller))
        return -ERESTARTNOHAND;
    thread_park(caller, PARK_PAUSE, NO_DEADLINE);
    return NO_REPLY;
}

long call_rt_sigsuspend(struct thread *caller, const unsigned long args[6])
{
    uint64_t set;
    if (args[1] != SIGSET_SIZE)
        return -EINVAL;
    if (mm_read(caller->mm, &set, args[0], sizeof set) < 0)
        return -EFAULT;
    return suspend(caller, set);
}

long call_sigsuspend(struct thread *caller, const unsigned long args[6]) // i386: (unused, unused, mask)
{
    return suspend(caller, (uint32_t)args[2]);
}

long call_pause(struct thread *caller, const unsigned long args[6])
{
    if (signals_due(caller))
        return -ERESTARTNOHAND;
    thread_park(caller, PARK_PAUSE, NO_DEADLINE);
    return NO_REPLY;
}

static long write_info(struct thread *thread, unsigned long address, const struct siginfo *info)
{
    uint8_t full[SIGINFO_SIZE] = { 0 };
    memcpy(full, info, sizeof *info);
    return mm_write(thread->mm, address, full, sizeof full);
}

static int take_waited(struct thread *thread, uint64_t set, struct siginfo *info)
{
    int signal = pending_take(&thread->pending, set, info);
    return signal ? signal : pending_take(&thread->process->shared, set, info);
}

long sigwait_woken(struct thread *thread)
{
    struct siginfo info;
    if (thread->park.signal.info && !mm_prepare(thread->mm, thread->park.signal.info, SIGINFO_SIZE))
        return -EFAULT;
    int signal = take_waited(thread, thread->park.signal.set, &info);
    if (!signal)
        return -EINTR;
    if (thread->park.signal.info && write_info(thread, thread->park.signal.info, &info) < 0)
        return -EFAULT;
    return signal;
}

static long sigtimedwait(struct thread *caller, const unsigned long args[6], bool wide)
{
    uint64_t set, wait = 0;
    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    if (mm_read(caller->mm, &set, args[0], sizeof set) < 0)
        return -EFAULT;
    if (args[2]) {
        long error = timespec_read(caller, args[2], wide, &wait);
        if (error < 0)
            return error;
    }
    caller->park.signal.set = set & ~UNBLOCKABLE;
    caller->park.signal.info = args[1];
    long value = sigwait_woken(caller);
    if (value != -EINTR)
        return value;
    if (args[2] && wait == 0)
        return -EAGAIN;
    if (signals_due(caller))
        return -EINTR;
    thread_park(caller, PARK_SIGNAL, args[2] ? deadline_after(wait) : NO_DEADLINE);
    return NO_REPLY;
}

long call_rt_sigtimedwait(struct thread *caller, const unsigned long args[6])
{
    return sigtimedwait(caller, args, sizeof(long) == 8);
}

long call_rt_sigtimedwait_time64(struct thread *caller, const unsigned long args[6])
{
    return sigtimedwait(caller, args, true);
}

// --- alternate stack, return from a handler

static bool on_alternate(const struct thread *thread, unsigned long stack)
{
    return stack - thread->alternate.base - 1 < thread->alternate.size;
}

static long set_alternate(struct thread *thread, const struct stack_info *new, unsigned long stack,
                          size_t minimum)
{
    int mode = new->flags & ~(int)SS_AUTODISARM;
    if (thread->alternate.size && !(thread->alternate.flags & (int)SS_AUTODISARM) &&
        on_alternate(thread, stack))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        thread->alternate = (struct stack_info){ .flags = SS_DISABLE };
        return 0;
    }
    if (new->size < minimum)
        return -ENOMEM;
    thread->alternate = *new;
    thread->alternate.flags = new->flags &(int)SS_AUTODISARM;
    return 0;
}

long call_sigaltstack(struct thread *caller, const unsigned long args[6])
{
    struct stack_info new, old = caller->alternate;
    struct user_frame frame;
    task_read_frame(caller->task, &frame);
    old.flags &= (int)SS_AUTODISARM;
    if (old.size == 0)
        old.flags = SS_DISABLE;
    else if (on_alternate(caller, frame_stack(&frame)))
        old.flags |= SS_ONSTACK;
    if (args[0]) {
        if (mm_read(caller->mm, &new, args[0], sizeof new) < 0)
            return -EFAULT;
        if (args[1] && !mm_prepare(caller->mm, args[1], sizeof old))
            return -EFAULT;
        long error = set_alternate(caller, &new, frame_stack(&frame), MINSIGSTKSZ);
        if (error < 0)
            return error;
    }
    return args[1] ? mm_write(caller->mm, args[1], &old, sizeof old) : 0;
}

static long sigreturn(struct thread *caller, bool rt)
{
    struct user_frame *frame = (struct user_frame *)message_page->frame;
    uint64_t mask;
    struct stack_info alternate;
    const void *carried = SIGNAL_CARRIED ? trap_carried(caller->token, SIGNAL_CARRIED) : NULL;
    if (!carried)
        task_read_frame(caller->task, frame);
    long fpu = signal_frame_pop(carried, caller->task, caller->mm->space, frame, rt, &mask, &alternate);
    if (fpu < 0) {
        struct siginfo info = signal_info_kernel(SIGSEGV);
        signal_force(caller, &info);
        thread_return_frame(caller);
        return NO_REPLY;
    }
    signal_set_blocked(caller, mask);
    if (rt)
        set_alternate(caller, &alternate, frame_stack(frame), 0); // as Linux: errors do not count here
    thread_return_state(caller, (size_t)fpu);
    return NO_REPLY;
}

long call_rt_sigreturn(struct thread *caller, const unsigned long args[6]) { return sigreturn(caller, true); }

long call_sigreturn(struct thread *caller, const unsigned long args[6]) { return sigreturn(caller, false); }
