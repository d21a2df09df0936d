// SPDX-License-Identifier: MIT
// Deadlines of waits in receive, ordered in a tree per CPU, and the one-shot timer behind them and the time
// slices. The timer may fire early for a deadline that was taken out; it is never set later than needed. A task
// that waits in receive is queued with just the deadline of that wait; others may be queued with their last one.
#include <arch.h>
#include <arch/cpu.h>
#include <errno.h>
#include <port.h>
#include <sched.h>
#include <task.h>

void timer_arm(struct cpu *cpu, uint64_t when)
{
    if (when >= cpu->armed)
        return;
    cpu->armed = when;
    arch_timer_set(when);
}

static void insert(struct cpu *cpu, struct task *task)
{
    struct rbtree_node **place = &cpu->timers.root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = task->deadline < container_of(parent, struct task, timer)->deadline ? &parent->left
                                                                                    : &parent->right;
    }
    rbtree_insert(&cpu->timers, parent, place, &task->timer);
}

void timer_set(struct task *task, uint64_t deadline)
{
    struct cpu *cpu = this_cpu();
    if (task->deadline != NO_DEADLINE)
        rbtree_remove(&cpu->timers, &task->timer);
    task->deadline = deadline;
    if (deadline == NO_DEADLINE)
        return;
    insert(cpu, task);
    timer_arm(cpu, deadline);
}

void timer_expire(struct cpu *cpu, uint64_t now)
{
    while (cpu->timers.first) {
        struct task *task = container_of(cpu->timers.first, struct task, timer);
        if (task->deadline > now) {
            timer_arm(cpu, task->deadline);
            return;
        }
        timer_set(task, NO_DEADLINE);
        if (task->state == TASK_RECEIVING)
            port_wake_receiver(task, -ETIMEDOUT);
    }
}
