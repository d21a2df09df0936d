// SPDX-License-Identifier: MIT
// The end of threads: killing (at once, whatever they are doing), and Linux's do_exit for each, on a fiber if
// vfs may have to be waited for.
#include "calls.h"
#include "exit_mm.h"
#include "itimer.h"
#include "mm.h"
#include "process.h"
#include "shortage.h"
#include "state.h"
#include "thread.h"
#include "vfs_client.h"

#include <server.h>

#define EXIT_FIBERS 6

// The last thread to go decides what the process ends with; how long each then takes to be cleared away does not.
static void process_ends_with(struct process *process, struct thread *thread)
{
    if (process->group_exit || process_any_thread(process)->state != THREAD_DEAD)
        return;
    process->group_exit = true;
    process->exit_status = thread->exit_status;
}

// Its space, if nobody will look at its memory any more, and forgets it.
static handle_t last_space(struct thread *thread)
{
    struct mm *mm = thread->mm;
    if (mm->users > 1 || thread->robust_list)
        return 0;
    handle_t space = mm->space;
    mm->space = 0;
    return space;
}

void thread_kill(struct thread *thread)
{
    if (thread->state == THREAD_DEAD)
        return;
    if (thread->busy) {
        thread->dying = true; // when its fiber is done with it
        return;
    }
    if (thread->state == THREAD_PARKED)
        thread_unpark(thread);
    list_remove(&thread->in_returns);
    timer_cancel(&thread->park.timer);
    thread->ended_outside = thread->state == THREAD_OUT;
    task_destroy_close(thread->task, last_space(thread));
    thread_note_time(thread);
    mm_note_resident(thread->mm, message_page->result[3]);
    thread->task = 0;
    thread->token = 0;
    thread->state = THREAD_DEAD;
    process_ends_with(thread->process, thread);
    stop_thread_gone(thread);
    list_append(&pm->exits, &thread->in_exits);
}

void process_exit(struct process *process, int status)
{
    if (!process->group_exit) {
        process->group_exit = true;
        process->exit_status = status;
    }
    for_each_thread(thread, process) thread_kill(thread);
}

// Adds what the thread used to its process's record of threads gone, unless it stays as a zombie leader: then its
// own numbers are still counted through the list of threads.
static void thread_release(struct thread *thread)
{
    struct process *process = thread->process;
    process->dead.user_time += thread->user_time;
    process->dead.system_time += thread->system_time;
    process->dead.switches += thread->switches;
    pending_flush(&thread->pending);
    sighand_put(thread->sighand);
    if (thread->cred.user) {
        thread->cred.user->processes--;
        user_put(thread->cred.user);
    }
    struct pid *pid = thread->pid;
    if (pid->thread == thread)
        pid->thread = NULL;
    thread_free(thread);
    pid_put(pid);
}

// The caller of execve is all that is left of its process: it becomes the leader, with the process's id as tid.
void thread_take_lead(struct thread *thread)
{
    struct process *process = thread->process;
    struct thread *old = process->leader;
    struct pid *own = thread->pid;
    own->thread = NULL;
    thread->pid = pid_get(process->pid);
    thread->start_time = old->start_time;
    process->leader = thread;
    thread_release(old);
    process->pid->thread = thread;
    pid_put(own);
}

void process_release(struct process *process)
{
    list_remove(&process->sibling);
    struct pid *pid = process->pid;
    struct process *parent = process->parent;
    thread_release(process->leader);
    if (parent) {
        struct usage *sum = &parent->children_usage;
        sum->user_time += process->dead.user_time + process->children_usage.user_time;
        sum->system_time += process->dead.system_time + process->children_usage.system_time;
        sum->switches += process->dead.switches + process->children_usage.switches;
        if (process->dead.peak_pages > sum->peak_pages)
            sum->peak_pages = process->dead.peak_pages;
        if (process->children_usage.peak_pages > sum->peak_pages)
            sum->peak_pages = process->children_usage.peak_pages;
    }
    process_leave_group(process);
    pid->process = NULL;
    pid_put(pid);
    process_free(process);
}

// --- families

// Who takes over the children: the nearest ancestor that asked for it, else init.
static struct process *find_reaper(struct process *process)
{
    for (struct process *p = process->parent; p; p = p->parent)
        if (p->child_subreaper && p->live > 0)
            return p;
    return pm->init;
}

static void parent_death_signals(struct thread *exiting)
{
    list_for_each(child, &exiting->process->children, struct process, sibling)
    {
        if (child->parent_thread != exiting)
            continue;
        for_each_thread(thread, child)
        {
            if (!thread->parent_death_signal)
                continue;
            struct siginfo info = signal_info_user(exiting, thread->parent_death_signal, SI_USER);
            signal_send_process(child, &info);
        }
    }
}

static bool autoreaps(struct process *parent, struct process *child)
{
    const struct sigaction_user *action = &process_any_thread(parent)->sighand->actions[SIGCHLD - 1];
    return child->exit_signal == SIGCHLD && (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT));
}

// What its parent is to be sent; signo 0: nothing
static struct siginfo exit_signal_info(struct process *process)
{
    const struct sigaction_user *action = &process_any_thread(process->parent)->sighand->actions[SIGCHLD - 1];
    bool ignored = process->exit_signal == SIGCHLD && action->handler == SIG_IGN;
    int status = process->exit_status;
    struct siginfo info = { .signo = ignored || process->exit_signal < 0 ? 0 : process->exit_signal };
    info.code = status & 0x80 ? CLD_DUMPED : status & 0x7f ? CLD_KILLED : CLD_EXITED;
    info.child.pid = process_id(process);
    info.child.uid = process->leader->cred.uid;
    info.child.status = status & 0x7f ? status & 0x7f : status >> 8;
    info.child.user_time = (long)((process->dead.user_time + process->leader->user_time) / NSEC_PER_TICK);
    info.child.system_time =
        (long)((process->dead.system_time + process->leader->system_time) / NSEC_PER_TICK);
    return info;
}

// Linux's do_notify_parent. Who waits sees the child before its signal could end the wait, and never one that
// nobody need wait for. The process may be gone afterwards.
static void notify_parent(struct process *process)
{
    struct process *parent = process->parent;
    struct siginfo info = exit_signal_info(process);
    process->zombie = true;
    if (autoreaps(parent, process))
        process_release(process);
    wait_notify(parent);
    if (info.signo)
        signal_send_process(parent, &info);
}

static void child_ended(struct process *process)
{
    uint32_t pidfd_label = process->has_pidfd ? process->leader->label : 0;
    if (process->parent)
        notify_parent(process);
    else
        process_release(process);
    if (pidfd_label)
        vfs_pidfd_ready(pidfd_label);
}

static void reparent(struct process *child, struct process *reaper)
{
    list_remove(&child->sibling);
    list_append(&reaper->children, &child->sibling);
    child->parent = reaper;
    child->parent_thread = process_any_thread(reaper);
    child->exit_signal = SIGCHLD;
    constants_set_parent(child);
}

bool group_is_orphaned(struct pid *group, struct process *without)
{
    list_for_each(member, &group->group, struct process, in_group)
    {
        struct process *parent = member->parent;
        if (member == without || (member->zombie && member->live == 0) || !parent || parent == pm->init)
            continue;
        if (parent->group != group && parent->session == member->session)
            return false;
    }
    return true;
}

static bool has_stopped_member(struct pid *group)
{
    list_for_each(member, &group->group, struct process, in_group) if (member->stopped) return true;
    return false;
}

// Linux's kill_orphaned_pgrp: the end of `process`, which belonged to `parent`, may leave `group` without anybody
// who could continue it.
static void check_orphaned(struct process *process, struct process *parent, struct pid *group,
                           struct process *without)
{
    if (!parent || parent->group == group || parent->session != process->session)
        return;
    if (!group_is_orphaned(group, without) || !has_stopped_member(group))
        return;
    struct siginfo hangup = signal_info_kernel(SIGHUP), cont = signal_info_kernel(SIGCONT);
    signal_send_group(group, &hangup);
    signal_send_group(group, &cont);
}

static void forget_children(struct process *process)
{
    struct process *reaper = find_reaper(process);
    list_for_each_safe(child, &process->children, struct process, sibling)
    {
        reparent(child, reaper);
        check_orphaned(child, process, child->group, NULL);
        if (child->zombie)
            notify_parent(child);
    }
    wait_notify(reaper);
}

static void exit_notify(struct process *process)
{
    if (process == pm->init) {
        int status = process->exit_status;
        if (status & 0x7f)
            print("process 1 was killed by signal %d\n", status & 0x7f);
        else
            print("process 1 exited with status %d\n", status >> 8);
        system_stop("process 1 ended", 102);
    }
    forget_children(process);
    check_orphaned(process, process->parent, process->group, process);
    child_ended(process);
}

// --- one thread

static void end_session(struct process *process)
{
    if (!process_session_leader(process))
        return;
    bool hung_up;
    long foreground = vfs_session_end(process_id(process), &hung_up);
    struct pid *group = foreground > 0 ? pid_find(foreground) : NULL;
    if (!group)
        return;
    struct siginfo hangup = signal_info_kernel(SIGHUP), cont = signal_info_kernel(SIGCONT);
    signal_send_group(group, &hangup);
    if (hung_up)
        signal_send_group(group, &cont);
}

static void choose_parent_thread(struct thread *gone)
{
    struct thread *heir = process_any_thread(gone->process);
    list_for_each(child, &gone->process->children, struct process, sibling) if (child->parent_thread == gone)
        child->parent_thread = heir;
}

static void do_exit(struct thread *thread)
{
    struct process *process = thread->process;
    signal_retarget(thread);
    if (process->live == 1)
        timers_exit(process);
    exit_mm(thread);
    vfs_exit(thread);
    parent_death_signals(thread);
    choose_parent_thread(thread);
    posix_timers_forget(thread);

    // From here on no wait, but for the session's terminal below.
    bool last = process->live == 1;
    if (last)
        end_session(process);
    process->live--;
    bool leader = thread == process->leader;
    if (!leader)
        thread_release(thread);
    if (process->exec_fiber && process->live == 1)
        fiber_wake(process->exec_fiber);
    if (process->live == 0)
        exit_notify(process);
}

static struct thread *take_exit(void)
{
    struct thread *thread = list_first(&pm->exits, struct thread, in_exits);
    list_remove(&thread->in_exits);
    return thread;
}

static void exit_fiber(void *unused)
{
    while (!list_empty(&pm->exits))
        do_exit(take_exit());
    pm->exit_fibers--;
    memory_freed();
}

// vfs may have to end a call, or to be told of more than the end.
static bool may_wait(const struct thread *thread)
{
    const struct process *process = thread->process;
    return thread->ended_outside || process->has_pidfd || process_session_leader(process);
}

// Without memory to queue a start some fiber is at work, and the loop comes back here.
bool exits_run(void)
{
    bool any = false;
    while (!list_empty(&pm->exits) && pm->exit_fibers < EXIT_FIBERS) {
        if (!may_wait(list_first(&pm->exits, struct thread, in_exits))) {
            do_exit(take_exit());
            memory_freed();
            any = true;
            continue;
        }
        pm->exit_fibers++;
        if (fiber_run(exit_fiber, NULL, true) < 0) {
            pm->exit_fibers--;
            break;
        }
        any = true;
    }
    return any;
}
