// SPDX-License-Identifier: MIT
// Interval timers (setitimer, alarm), POSIX timers, and watching of CPU time.
#pragma once

#include "process.h"
#include "timer.h"

void interval_timer_expired(struct interval_timer *interval); // ITIMER_REAL
void cpu_timer_expired(struct process *process);
void cpu_timer_rearm(struct process *process); // something it looks after has changed
void posix_timer_expired(struct timer *timer);
void timers_exec(struct process *process); // execve: POSIX timers go, ITIMER_REAL stays
void timers_exit(struct process *process);
void posix_timers_forget(struct thread *thread); // it was a timer's target
