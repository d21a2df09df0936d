// SPDX-License-Identifier: MIT
// Sending of signals: Linux's send_signal_locked, prepare_signal and complete_signal.
#include "pid.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

#include <errno.h>
#include <heap.h>

bool signals_due(const struct thread *thread)
{
    uint64_t pending = thread->pending.set | thread->process->shared.set;
    return (pending & ~thread->blocked) || thread->stop_pending || thread->holds_signal;
}

void signal_set_blocked(struct thread *thread, uint64_t blocked)
{
    uint64_t added = blocked & ~thread->blocked & ~UNBLOCKABLE;
    thread->blocked = blocked & ~UNBLOCKABLE;
    thread->lent.closed = (thread->pending.set | thread->process->shared.set) != 0;
    if (added & thread->process->shared.set) // others may want what this one just blocked
        signal_retarget(thread);
}

void signal_set_temporary(struct thread *thread, uint64_t blocked)
{
    thread->saved_blocked = thread->blocked;
    thread->restore_blocked = true;
    signal_set_blocked(thread, blocked);
}

void signal_wake(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_OUT:
        reply_flush(); // an answer on its way would take this interrupt for the one it ends
        thread->interrupted = true;
        task_interrupt(thread->task);
        break;
    case THREAD_PARKED:
        if (thread->park.kind == PARK_MEMORY) {
            thread_unpark(thread);
            thread_resume_later(thread);
        } else if (thread->park.kind != PARK_VFORK) {
            long value = park_interrupted(thread);
            thread_unpark(thread);
            thread_return_later(thread, value);
        }
        break;
    case THREAD_NEW:
    case THREAD_IN:      // sees to it when it leaves
    case THREAD_STOPPED: // goes on only when told so
    case THREAD_DEAD: break;
    }
}

struct siginfo signal_info_kernel(int signal)
{
    return (struct siginfo){ .signo = signal, .code = SI_KERNEL };
}

struct siginfo signal_info_user(const struct thread *sender, int signal, int code)
{
    struct siginfo info = { .signo = signal, .code = code };
    info.rt.pid = process_id(sender->process);
    info.rt.uid = sender->cred.uid;
    return info;
}

static bool action_ignores(const struct process *process, const struct sigaction_user *action, int signal)
{
    if (process->unkillable && action->handler == SIG_DFL && signal != SIGKILL)
        return true;
    return action->handler == SIG_IGN || (action->handler == SIG_DFL && signal_default_ignored(signal));
}

bool signal_ignored(const struct thread *target, int signal)
{
    if (target->blocked & SIGNAL_BIT(signal))
        return false; // the disposition may change before it is taken
    if (signal == SIGKILL && target->process->unkillable)
        return true;
    return action_ignores(target->process, &target->sighand->actions[signal - 1], signal);
}

// SIGCONT and stop signals undo each other at once, blocked or not.
static void prepare(struct process *process, int signal)
{
    if (signal_default_stops(signal)) {
        pending_remove(&process->shared, SIGNAL_BIT(SIGCONT));
        for_each_thread(thread, process) pending_remove(&thread->pending, SIGNAL_BIT(SIGCONT));
    } else if (signal == SIGCONT) {
        pending_remove(&process->shared, STOP_SIGNALS);
        for_each_thread(thread, process) pending_remove(&thread->pending, STOP_SIGNALS);
        stop_end(process, true);
    }
}

// Counts against the target's user, under the target's RLIMIT_SIGPENDING.
static struct queued_signal *queue_alloc(struct thread *target, bool must)
{
    struct user *user = target->cred.user;
    if (!must && user->pending >= target->process->limits[RLIMIT_SIGPENDING].current)
        return NULL;
    struct queued_signal *queued = heap_alloc(sizeof *queued);
    if (!queued)
        return NULL;
    user->references++;
    user->pending++;
    queued->user = user;
    return queued;
}

// From now on a change of the blocked set may have consequences, which are this server's to draw.
static void set_pending(struct pending *pending, struct process *process, struct thread *target, int signal)
{
    pending->set |= SIGNAL_BIT(signal);
    target->lent.closed = 1;
    if (pending == &process->shared)
        for_each_thread(thread, process) thread->lent.closed = 1;
}

static long enqueue(struct thread *target, struct pending *pending, const struct siginfo *info)
{
    int signal = info->signo;
    if (signal == SIGKILL) {
        set_pending(pending, target->process, target, signal);
        return 0;
    }
    struct queued_signal *queued = queue_alloc(target, signal < SIGRTMIN && info->code >= 0);
    if (queued) {
        queued->info = *info;
        list_append(&pending->queue, &queued->link);
    } else if (signal >= SIGRTMIN && info->code != SI_USER) {
        return -EAGAIN; // a queued signal is not lost silently
    }
    set_pending(pending, target->process, target, signal);
    return 0;
}

static bool wants(const struct thread *thread, int signal)
{
    if (thread->state == THREAD_DEAD || thread->dying)
        return false;
    if (signal == SIGKILL)
        return true;
    if (thread->park.kind == PARK_SIGNAL && (thread->park.signal.set & SIGNAL_BIT(signal)))
        return true;
    return !(thread->blocked & SIGNAL_BIT(signal)) && thread->state != THREAD_STOPPED;
}

static struct thread *choose(struct process *process, struct thread *preferred, int signal)
{
    if (preferred && wants(preferred, signal))
        return preferred;
    for_each_thread(thread, process) if (wants(thread, signal)) return thread;
    return NULL;
}

// A signal that kills for certain does so now, without waiting for a thread to look.
static bool kills(const struct thread *thread, int signal)
{
    const struct sigaction_user *action = &thread->sighand->actions[signal - 1];
    if (signal == SIGKILL)
        return true;
    return action->handler == SIG_DFL && !(thread->blocked & SIGNAL_BIT(signal)) &&
           !thread->process->unkillable && !signal_default_ignored(signal) && !signal_default_stops(signal);
}

void signal_arrived(struct process *process, struct thread *target, int signal, bool to_group)
{
    struct thread *thread = to_group                ? choose(process, target, signal)
                            : wants(target, signal) ? target
                                                    : NULL;
    if (!thread)
        return; // stays pending until somebody unblocks it
    if (kills(thread, signal))
        process_exit(process, signal);
    else
        signal_wake(thread);
}

static long send(struct process *process, struct thread *target, struct pending *pending,
                 const struct siginfo *info, bool to_group)
{
    int signal = info->signo;
    if (process->live == 0)
        return 0;
    prepare(process, signal);
    if (signal_ignored(target, signal))
        return 0;
    if (signal < SIGRTMIN && (pending->set & SIGNAL_BIT(signal)))
        return 0;
    long error = enqueue(target, pending, info);
    if (error < 0)
        return error;
    signal_arrived(process, target, signal, to_group);
    return 0;
}

bool signal_send_queued(struct process *process, struct thread *target, struct queued_signal *queued)
{
    struct thread *thread = target ? target : process_any_thread(process);
    struct pending *pending = target ? &target->pending : &process->shared;
    int signal = queued->info.signo;
    prepare(process, signal);
    if (signal_ignored(thread, signal))
        return false;
    list_append(&pending->queue, &queued->link);
    set_pending(pending, process, thread, signal);
    signal_arrived(process, thread, signal, !target);
    return true;
}

long signal_send_thread(struct thread *target, const struct siginfo *info)
{
    if (target->state == THREAD_DEAD)
        return 0;
    return send(target->process, target, &target->pending, info, false);
}

long signal_send_process(struct process *target, const struct siginfo *info)
{
    return send(target, process_any_thread(target), &target->shared, info, true);
}

long signal_send_group(struct pid *group, const struct siginfo *info)
{
    if (!group || list_empty(&group->group))
        return -ESRCH;
    pid_get(group);
    list_for_each(process, &group->group, struct process, in_group) signal_send_process(process, info);
    pid_put(group);
    return 0;
}

void signal_force(struct thread *target, const struct siginfo *info)
{
    uint64_t bit = SIGNAL_BIT(info->signo);
    struct sigaction_user *action = &target->sighand->actions[info->signo - 1];
    if ((target->blocked & bit) || action->handler == SIG_IGN) {
        action->handler = SIG_DFL;
        target->blocked &= ~bit;
    }
    if (action->handler == SIG_DFL)
        target->process->unkillable = false;
    pending_remove(&target->pending, bit);
    enqueue(target, &target->pending, info);
}

void signal_retarget(struct thread *exiting)
{
    struct process *process = exiting->process;
    for (uint64_t left = process->shared.set; left; left &= left - 1) {
        int signal = __builtin_ctzll(left) + 1;
        for_each_thread(thread, process)
        {
            if (thread != exiting && wants(thread, signal)) {
                signal_wake(thread);
                break;
            }
        }
    }
}
