// SPDX-License-Identifier: MIT
// Scheduling: fixed priorities for servers over a fair class (virtual time, weights). Direct switch: a call
// to a waiting receiver of higher class goes there at once, without the run queues.
#pragma once

#include <arch/cpu.h>
#include <cpu.h>
#include <task.h>

void sched_init(void);
void sched_wake(struct task *task);                  // runnable now; may set cpu->reschedule
void sched_block(struct task *task, unsigned state); // no longer runnable
// Wakes a task that current, which has just blocked, called or answered: switches to it at once unless
// somebody better is ready.
void sched_hand_over(struct task *task);
void sched_yield(struct task *task);
void sched_pick(void); // called by trap_leave when reschedule is set
void sched_set(struct task *task, unsigned class, unsigned value);
void sched_inherit(struct task *child, const struct task *parent);
void sched_suspend(struct task *task, bool suspended); // sets task->suspended
void sched_forget(struct task *task);                  // it died
void sched_timer(void);                                // expired deadlines, end of time slice

// timer.c: deadlines of waits in receive.
void timer_set(struct task *task, uint64_t deadline); // NO_DEADLINE takes it out
void timer_expire(struct cpu *cpu, uint64_t now);
void timer_arm(struct cpu *cpu, uint64_t when); // the timer fires at `when` or before

// account.c: time goes to the counter cpu->account, in cycles.
void account_switch(struct cpu *cpu, uint64_t *counter); // from now on
void account_end_service(struct task *task);             // it dies: whoever works for it pays for itself
void account_forget(struct task *task);                  // its counters go away

// The same as account_switch, for paths on which a function call counts.
static inline void account_move(struct cpu *cpu, uint64_t *counter)
{
    uint64_t now = arch_cycles();
    *cpu->account += now - cpu->accounted;
    cpu->accounted = now;
    cpu->account = counter;
}

static inline void account_to(struct cpu *cpu, uint64_t *counter)
{
    if (cpu->account != counter)
        account_switch(cpu, counter);
}
