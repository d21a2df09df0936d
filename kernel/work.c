// SPDX-License-Identifier: MIT
// The work list and its thread.
#include <arch.h>
#include <assert.h>
#include <cpu.h>
#include <sched.h>
#include <task.h>
#include <work.h>

#define WORK_PRIORITY 1 // the lowest fixed one: memory is back before the next user program runs

static struct list pending = { &pending, &pending };
static struct task *worker;
static bool stepping; // a step that allocates must not step

void work_queue(struct work *work)
{
    list_append(&pending, &work->link);
    if (worker && worker->state == TASK_SUSPENDED)
        sched_wake(worker);
}

bool work_step(void)
{
    if (stepping || list_empty(&pending))
        return false;
    struct work *work = list_first(&pending, struct work, link);
    stepping = true;
    list_remove(&work->link);
    if (work->step(work))
        list_prepend(&pending, &work->link);
    stepping = false;
    return true;
}

static void run(void *argument)
{
    for (;;) {
        if (!work_step())
            sched_block(worker, TASK_SUSPENDED);
        arch_kernel_yield();
    }
}

void work_init(void)
{
    worker = kernel_thread(run, NULL);
    if (!worker)
        panic("no memory for the work thread");
    sched_set(worker, SCHEDULE_FIXED, WORK_PRIORITY);
}
