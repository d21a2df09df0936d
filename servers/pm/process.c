// SPDX-License-Identifier: MIT
// Processes: creation, groups and sessions, accounting.
#include "process.h"

#include "state.h"
#include "thread.h"

#include <heap.h>

struct process *process_create(void)
{
    struct process *process = heap_alloc(sizeof *process);
    if (!process)
        return NULL;
    list_init(&process->threads);
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->in_group);
    list_init(&process->in_session);
    list_init(&process->posix_timers);
    pending_init(&process->shared);
    for (int i = 0; i < 3; i++)
        process->timers[i].process = process;
    return process;
}

void process_free(struct process *process)
{
    pending_flush(&process->shared);
    heap_free(process);
}

void process_join_group(struct process *process, struct pid *group, struct pid *session)
{
    pid_get(group);
    pid_get(session);
    process_leave_group(process);
    process->group = group;
    process->session = session;
    list_append(&group->group, &process->in_group);
    list_append(&session->session, &process->in_session);
}

void process_leave_group(struct process *process)
{
    list_remove(&process->in_group);
    list_remove(&process->in_session);
    struct pid *group = process->group, *session = process->session;
    process->group = process->session = NULL;
    pid_put(group);
    pid_put(session);
}

struct process *process_find(long tgid)
{
    struct pid *pid = pid_find(tgid);
    return pid ? pid->process : NULL;
}

int32_t process_id(const struct process *process) { return process->pid->number; }

int32_t process_parent_id(const struct process *process)
{
    return process->parent ? process_id(process->parent) : 0;
}

bool process_session_leader(const struct process *process) { return process->session == process->pid; }

struct thread *process_any_thread(struct process *process)
{
    for_each_thread(thread, process) if (thread->state != THREAD_DEAD) return thread;
    return process->leader;
}

void process_usage(struct process *process, struct usage *usage)
{
    *usage = process->dead;
    for_each_thread(thread, process)
    {
        thread_count_time(thread);
        usage->user_time += thread->user_time;
        usage->system_time += thread->system_time;
        usage->switches += thread->switches;
    }
}
