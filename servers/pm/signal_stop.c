// SPDX-License-Identifier: MIT
// Job control: a group stops when one of its threads takes a stop signal; each thread stops at its way to user
// mode, the last one tells the parent. SIGCONT and SIGKILL end the stop.
#include "process.h"
#include "thread.h"

static void notify_parent(struct process *process, int code, int status)
{
    struct process *parent = process->parent;
    if (!parent)
        return;
    wait_notify(parent); // who waits is told before the signal could end the wait
    const struct thread *listener = process_any_thread(parent);
    const struct sigaction_user *action = &listener->sighand->actions[SIGCHLD - 1];
    if (action->handler != SIG_IGN && !(action->flags & SA_NOCLDSTOP)) {
        struct usage usage;
        process_usage(process, &usage);
        struct siginfo info = { .signo = SIGCHLD, .code = code };
        info.child.pid = process_id(process);
        info.child.uid = process->leader->cred.uid;
        info.child.status = status;
        info.child.user_time = (long)(usage.user_time / NSEC_PER_TICK);
        info.child.system_time = (long)(usage.system_time / NSEC_PER_TICK);
        signal_send_process(parent, &info);
    }
}

static void all_stopped(struct process *process)
{
    process->stopped = true;
    process->stop_reportable = true;
    process->continue_reportable = false;
    notify_parent(process, CLD_STOPPED, process->stop_signal);
}

void stop_begin(struct thread *thread, int signal)
{
    struct process *process = thread->process;
    if (process->group_exit || process->exec_thread)
        return;
    if (!process->stopped)
        process->stop_signal = signal;
    process->stop_count = 0;
    for_each_thread(other, process)
    {
        if (other->state == THREAD_DEAD || other->dying || other->state == THREAD_STOPPED)
            continue;
        process->stop_count++;
        other->stop_pending = true;
        if (other != thread)
            signal_wake(other);
    }
}

bool stop_take_part(struct thread *thread)
{
    struct process *process = thread->process;
    thread->stop_pending = false;
    thread->state = THREAD_STOPPED;
    if (--process->stop_count == 0 && !process->stopped)
        all_stopped(process);
    return true;
}

void stop_thread_gone(struct thread *thread)
{
    struct process *process = thread->process;
    if (!thread->stop_pending)
        return;
    thread->stop_pending = false;
    if (--process->stop_count == 0 && !process->stopped && process->live > 0)
        all_stopped(process);
}

void stop_end(struct process *process, bool by_signal)
{
    bool was_stopped = process->stopped, was_stopping = process->stop_count > 0;
    process->stopped = false;
    process->stop_count = 0;
    for_each_thread(thread, process)
    {
        thread->stop_pending = false;
        if (thread->state != THREAD_STOPPED)
            continue;
        // It goes on where it stopped, its call's result or restart still with it.
        thread->state = THREAD_IN;
        list_remove(&thread->in_returns);
        thread_resume_later(thread);
    }
    if (!by_signal || !(was_stopped || was_stopping))
        return;
    process->stop_reportable = false;
    process->continue_reportable = was_stopped;
    notify_parent(process, was_stopped ? CLD_CONTINUED : CLD_STOPPED,
                  was_stopped ? SIGCONT : process->stop_signal);
}
