// SPDX-License-Identifier: MIT
// A shortage of frames ends in one of two ways: a process that is on its way out leaves its memory, or the largest
// process is killed (proc(5), oom_score_adj), not whoever happened to ask last. pm and vfs work on the kernel's reserve
// meanwhile. Whoever waits tries again each time.
#include "shortage.h"

#include "mm.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <limits.h>
#include <server.h>

static uint64_t badness(struct process *process)
{
    struct thread *thread = process_any_thread(process);
    if (process == pm->init || !thread->mm || process->live == 0)
        return 0;
    if (process->oom_score_adj <= -1000)
        return 0;
    struct mm_usage usage;
    mm_usage(thread->mm, &usage);
    uint64_t pages = usage.resident + usage.tables;
    return pages + (uint64_t)((int64_t)pages * process->oom_score_adj / 1000) + 1;
}

static struct process *largest(void)
{
    struct process *victim = NULL;
    uint64_t worst = 0;
    for (struct pid *pid = pid_next(1); pid; pid = pid_next(pid->number + 1)) {
        uint64_t points = pid->process ? badness(pid->process) : 0;
        if (points > worst) {
            worst = points;
            victim = pid->process;
        }
    }
    return victim;
}

static bool any_dying(void) { return !list_empty(&pm->exits) || pm->exit_fibers > 0; }

// Who is dying already ends in memory_freed().
static void kill_largest(void)
{
    if (any_dying())
        return;
    struct process *victim = largest();
    if (!victim)
        system_stop("out of memory and nobody to kill", 105);
    if (victim->group_exit) // killed already; a fiber that works for it has to end first
        return;
    print("pm: out of memory: killed process %d (%s)\n", process_id(victim), victim->leader->comm);
    process_exit(victim, SIGKILL);
}

void memory_wait(struct thread *thread)
{
    thread->busy = false;
    if (thread->state == THREAD_DEAD)
        return;
    thread->state = THREAD_IN;
    if (thread->dying) {
        thread_kill(thread);
        return;
    }
    thread_park(thread, PARK_MEMORY, NO_DEADLINE);
    list_append(&pm->starving, &thread->park.memory.link);
    kill_largest();
}

// The question was long under way if memory was freed since it was written: that may be enough, and nobody dies for it.
long memory_wait_vfs(token_t token, unsigned long freed)
{
    if (freed != pm->freed)
        return (long)pm->freed;
    pm->vfs_starving = token;
    kill_largest();
    return NO_REPLY;
}

void memory_freed(void)
{
    pm->freed = (pm->freed + 1) & LONG_MAX;
    while (!list_empty(&pm->starving)) {
        struct thread *thread = list_first(&pm->starving, struct thread, park.memory.link);
        thread_unpark(thread);
        thread_resume_later(thread);
    }
    if (pm->vfs_starving)
        reply_value(pm->vfs_starving, (long)pm->freed);
    pm->vfs_starving = 0;
}
