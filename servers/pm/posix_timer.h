// SPDX-License-Identifier: MIT
// A POSIX timer (timer_create(2)). Its signal's record is part of it, so expiry allocates nothing.
#pragma once

#include "signals.h"
#include "timer.h"

struct process;

struct posix_timer {
    struct list link; // process->posix_timers
    struct timer timer;
    struct queued_signal queued;
    struct process *process;
    struct thread *target; // SIGEV_THREAD_ID
    struct thread *owner;  // CLOCK_THREAD_CPUTIME_ID: whose time
    int id, clock, notify;
    uint64_t interval;
    uint64_t cpu_value; // CPU clocks: time at which it fires, 0: off
    int overrun, last_overrun;
    bool signal_pending;
};

uint64_t posix_timer_cpu_now(struct posix_timer *timer);
void posix_timers_check_cpu(struct process *process);
void posix_timers_delete(struct process *process);
void posix_timer_delivered(struct posix_timer *timer,
                           struct siginfo *info); // its signal was taken: fills overrun
