// SPDX-License-Identifier: MIT
// exit, process groups and sessions, thread ids, TLS areas.
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/process.h>
#include <linux/wait.h>

long call_exit(struct thread *caller, const unsigned long args[6])
{
    caller->exit_status = STATUS_EXITED((int)args[0]);
    thread_kill(caller);
    return NO_REPLY;
}

long call_exit_group(struct thread *caller, const unsigned long args[6])
{
    process_exit(caller->process, STATUS_EXITED((int)args[0]));
    return NO_REPLY;
}

long call_set_tid_address(struct thread *caller, const unsigned long args[6])
{
    caller->clear_child_tid = args[0];
    return caller->pid->number;
}

long call_set_thread_area(struct thread *caller, const unsigned long args[6])
{
    return tls_set_area(caller->task, caller->mm->space, args[0]);
}

long call_get_thread_area(struct thread *caller, const unsigned long args[6])
{
    return tls_get_area(caller->task, caller->mm->space, args[0]);
}

// --- groups and sessions

static struct process *named(struct thread *caller, long number)
{
    return number ? process_find(number) : caller->process;
}

long call_getpgid(struct thread *caller, const unsigned long args[6])
{
    struct process *process = named(caller, (int)args[0]);
    return process ? process->group->number : -ESRCH;
}

long call_getsid(struct thread *caller, const unsigned long args[6])
{
    struct process *process = named(caller, (int)args[0]);
    return process ? process->session->number : -ESRCH;
}

// vfs hears of it before the call returns.
static long identity_fiber(struct thread *caller, const unsigned long *args)
{
    struct process *process = process_find((long)args[0]);
    if (process)
        vfs_identity_process(process);
    return (long)args[1];
}

static long tell_vfs(struct thread *caller, struct process *process, long result)
{
    constants_set_group(process);
    return thread_on_fiber(
        caller, identity_fiber,
        (const unsigned long[6]){ (unsigned long)process_id(process), (unsigned long)result });
}

static bool group_in_session(struct pid *group, struct pid *session)
{
    if (list_empty(&group->group))
        return false;
    return list_first(&group->group, struct process, in_group)->session == session;
}

long call_setpgid(struct thread *caller, const unsigned long args[6])
{
    long number = (int)args[0], group_number = (int)args[1];
    struct process *self = caller->process;
    if (group_number < 0)
        return -EINVAL;
    struct process *target = named(caller, number);
    if (!target)
        return pid_find(number) ? -EINVAL : -ESRCH;
    if (target->parent == self && target != self) {
        if (target->session != self->session)
            return -EPERM;
        if (target->executed)
            return -EACCES;
    } else if (target != self) {
        return -ESRCH;
    }
    if (process_session_leader(target))
        return -EPERM;
    struct pid *group = target->pid;
    if (group_number != 0 && group_number != process_id(target)) {
        group = pid_find(group_number);
        if (!group || !group_in_session(group, self->session))
            return -EPERM;
    }
    if (group != target->group) // else vfs may still be hearing it from another call, its parent's mostly
        process_join_group(target, group, target->session);
    return tell_vfs(caller, target, 0);
}

long call_setsid(struct thread *caller, const unsigned long args[6])
{
    struct process *process = caller->process;
    if (!list_empty(&process->pid->group))
        return -EPERM;
    process_join_group(process, process->pid, process->pid);
    return tell_vfs(caller, process, process_id(process));
}
