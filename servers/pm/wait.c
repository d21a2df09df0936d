// SPDX-License-Identifier: MIT
// wait4, waitpid, waitid: Linux's do_wait over the children of the caller's process (wait(2)).
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "rusage.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/wait.h>
#include <string.h>

struct found {
    struct process *child;
    int code;   // CLD_*
    int status; // as siginfo shows it
    int word;   // as wait4 stores it
};

static bool matches(const struct thread *waiter, const struct process *child)
{
    const struct park *park = &waiter->park;
    unsigned options = park->wait.options;
    if (park->wait.which == P_PID && child->pid != park->wait.pid)
        return false;
    if (park->wait.which == P_PGID && child->group != park->wait.pid)
        return false;
    if ((options & __WNOTHREAD) && child->parent_thread != waiter)
        return false;
    bool is_clone = child->exit_signal != SIGCHLD;
    return (options & __WALL) || is_clone == !!(options & __WCLONE);
}

static bool reportable(const struct thread *waiter, struct process *child, struct found *found)
{
    unsigned options = waiter->park.wait.options;
    found->child = child;
    if (child->zombie) {
        int word = child->exit_status;
        found->word = word;
        found->code = word & 0x80 ? CLD_DUMPED : word & 0x7f ? CLD_KILLED : CLD_EXITED;
        found->status = word & 0x7f ? word & 0x7f : word >> 8;
        return options & WEXITED;
    }
    if (child->stop_reportable && (options & WSTOPPED)) {
        found->code = CLD_STOPPED;
        found->status = child->stop_signal;
        found->word = STATUS_STOPPED(child->stop_signal);
        return true;
    }
    if (child->continue_reportable && (options & WCONTINUED)) {
        found->code = CLD_CONTINUED;
        found->status = SIGCONT;
        found->word = STATUS_CONTINUED;
        return true;
    }
    return false;
}

// -> 1 with *found, 0 if it may come, -ECHILD if it never can.
static int find(struct thread *waiter, struct found *found)
{
    int result = -ECHILD;
    list_for_each(child, &waiter->process->children, struct process, sibling)
    {
        if (!matches(waiter, child))
            continue;
        if (reportable(waiter, child, found))
            return 1;
        result = 0;
    }
    return result;
}

static long store_info(struct thread *waiter, const struct found *found)
{
    const struct park *park = &waiter->park;
    if (!park->wait.info)
        return 0;
    uint8_t full[SIGINFO_SIZE] = { 0 };
    if (found) {
        struct siginfo info = { .signo = SIGCHLD, .code = found->code };
        info.child.pid = process_id(found->child);
        info.child.uid = found->child->leader->cred.uid;
        info.child.status = found->status;
        memcpy(full, &info, sizeof info);
    }
    return mm_write(waiter->mm, park->wait.info, full, sizeof full);
}

static void child_usage(struct process *child, struct usage *usage)
{
    process_usage(child, usage);
    usage->user_time += child->children_usage.user_time;
    usage->system_time += child->children_usage.system_time;
    usage->switches += child->children_usage.switches;
}

static bool is_waitid(const struct thread *waiter)
{
    return linux_call_of(waiter->call_number) == LINUX_waitid;
}

// Tells the caller about the child and, unless WNOWAIT, takes the news away. Faults are reported after that, as
// on Linux: the child is gone either way.
static long report(struct thread *waiter, const struct found *found)
{
    const struct park *park = &waiter->park;
    long error = 0;
    if (park->wait.status)
        error = mm_write(waiter->mm, park->wait.status, &found->word, sizeof found->word);
    if (park->wait.usage) {
        struct usage usage;
        child_usage(found->child, &usage);
        long usage_error = rusage_store(waiter, park->wait.usage, &usage);
        error = error < 0 ? error : usage_error;
    }
    long info_error = store_info(waiter, found);
    error = error < 0 ? error : info_error;
    if (error < 0 && waiter->mm->starved)
        return error; // asks again when there is memory
    int32_t pid = process_id(found->child);
    if (!(park->wait.options & WNOWAIT)) {
        if (found->code == CLD_STOPPED)
            found->child->stop_reportable = false;
        else if (found->code == CLD_CONTINUED)
            found->child->continue_reportable = false;
        else
            process_release(found->child);
    }
    if (error < 0)
        return error;
    return is_waitid(waiter) ? 0 : pid;
}

// -> the call's result, or NO_REPLY if there is nothing yet.
static long try(struct thread *waiter)
{
    struct found found;
    int result = find(waiter, &found);
    if (result < 0)
        return result;
    if (result > 0)
        return report(waiter, &found);
    if (waiter->park.wait.options & WNOHANG)
        return is_waitid(waiter) ? store_info(waiter, NULL) : 0;
    return NO_REPLY;
}

void wait_notify(struct process *parent)
{
    for_each_thread(thread, parent)
    {
        if (thread->state != THREAD_PARKED || thread->park.kind != PARK_WAIT)
            continue;
        long value = try(thread);
        if (value == NO_REPLY)
            continue;
        thread_unpark(thread);
        thread_return_later(thread, value);
    }
}

// What the calls share; park.wait is filled but for pid.
static long do_wait(struct thread *caller, long number)
{
    struct park *park = &caller->park;
    park->wait.pid = NULL;
    if (park->wait.which != P_ALL) {
        struct pid *pid = pid_find(number);
        if (!pid)
            return -ECHILD;
        park->wait.pid = pid_get(pid);
    }
    long value = try(caller);
    if (value == NO_REPLY)
        thread_park(caller, PARK_WAIT, NO_DEADLINE);
    else
        pid_put(park->wait.pid);
    return value;
}

static long wait4(struct thread *caller, long number, unsigned long status, unsigned options,
                  unsigned long usage)
{
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (number == INT32_MIN)
        return -ESRCH;
    struct park *park = &caller->park;
    park->wait.options = options | WEXITED;
    park->wait.status = status;
    park->wait.usage = usage;
    park->wait.info = 0;
    park->wait.which = number == -1 ? P_ALL : number > 0 ? P_PID : P_PGID;
    if (number == 0)
        number = caller->process->group->number;
    return do_wait(caller, number < 0 ? -number : number);
}

long call_wait4(struct thread *caller, const unsigned long args[6])
{
    return wait4(caller, (int)args[0], args[1], (unsigned)args[2], args[3]);
}

long call_waitpid(struct thread *caller, const unsigned long args[6])
{
    return wait4(caller, (int)args[0], args[1], (unsigned)args[2], 0);
}

static long waitid_pidfd(struct thread *caller, const unsigned long *args)
{
    long pid = vfs_pidfd_get(caller, (int)args[1]);
    if (pid < 0)
        return pid;
    caller->park.wait.which = P_PID;
    caller->busy = false;
    if (caller->dying)
        return 0; // ends with the return
    return do_wait(caller, pid);
}

long call_waitid(struct thread *caller, const unsigned long args[6])
{
    int which = (int)args[0];
    long number = (int)args[1];
    unsigned options = (unsigned)args[3];
    if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (which < P_ALL || which > P_PIDFD || (which == P_PID && number <= 0) ||
        (which == P_PGID && number < 0) || (which == P_PIDFD && number < 0))
        return -EINVAL;
    struct park *park = &caller->park;
    park->wait.options = options;
    park->wait.status = 0;
    park->wait.info = args[2];
    park->wait.usage = args[4];
    park->wait.which = which;
    if (which == P_PIDFD)
        return thread_on_fiber(caller, waitid_pidfd, args);
    if (which == P_PGID && number == 0)
        number = caller->process->group->number;
    return do_wait(caller, number);
}
