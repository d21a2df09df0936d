// SPDX-License-Identifier: MIT
// Scheduling: fixed priorities for servers over a fair class (virtual time, weights). Direct switch: a call
// to a waiting receiver of higher class goes there at once, without the run queues.
#pragma once

#include <cpu.h>
#include <task.h>

void sched_init(void);
void sched_wake(struct task *task);              // runnable now; may set cpu->reschedule
void sched_block(struct task *task, unsigned state); // no longer runnable
void sched_switch_to(struct task *task);         // direct switch: task becomes cpu->current
void sched_pick(void);                           // called by trap_leave when reschedule is set
void sched_set(struct task *task, unsigned class, unsigned value);
void sched_set_deadline(struct task *task, uint64_t deadline); // NO_DEADLINE takes it out
void sched_timer(void);                          // expired deadlines, end of time slice
void sched_account(bool user);                   // charges the time since the last call to who used it
