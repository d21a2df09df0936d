// SPDX-License-Identifier: MIT
// A process: Linux's thread group and signal_struct, with its place among families, groups and sessions.
#pragma once

#include "signals.h"
#include "timer.h"

#include <linux/resource.h>
#include <list.h>

struct pid;
struct mm;
struct fiber;

struct usage {
    uint64_t user_time, system_time; // ns
    uint64_t switches;
    uint64_t peak_pages;
};

struct interval_timer {
    struct timer timer;
    struct process *process;
    uint64_t interval; // ns
    uint64_t value;    // CPU clocks: CPU time at which it fires, 0: off
};

struct process {
    struct pid *pid;
    struct list threads; // all not yet released; the leader stays until the process is reaped
    uint32_t live;       // threads whose exit is not complete
    struct thread *leader;

    // family
    struct process *parent;
    struct thread *parent_thread; // who forked it; for comparison only
    struct list children;
    struct list sibling; // in parent->children
    int exit_signal;
    bool zombie; // may be waited for
    bool child_subreaper;
    bool executed;   // has called execve since it was forked (setpgid)
    bool unkillable; // init: takes no signal that it does not handle

    // groups
    struct pid *group, *session;
    struct list in_group, in_session;

    // exit
    bool group_exit;
    int exit_status;            // as wait(2) shows it
    struct thread *exec_thread; // is killing the other threads
    struct fiber *exec_fiber;   // waits for them

    // stops
    bool stopped;        // every thread is stopped
    unsigned stop_count; // threads that have yet to stop
    int stop_signal;
    bool stop_reportable; // wait has not told it yet
    bool continue_reportable;

    struct pending shared;
    struct rlimit64 limits[RLIMITS];

    struct interval_timer timers[3]; // ITIMER_*
    struct timer cpu_timer;          // looks after timers[1], timers[2] and RLIMIT_CPU
    struct list posix_timers;
    int next_posix_timer;
    uint64_t cpu_warning; // next SIGXCPU, in seconds of CPU time

    struct usage dead; // threads that are gone
    struct usage children_usage;
    uint64_t start_time;
    int oom_score_adj;
    uint32_t login_uid;
    bool has_pidfd; // somebody may poll for its end
};

struct process *process_create(void);
void process_free(struct process *process); // in no list, no threads
void process_join_group(struct process *process, struct pid *group, struct pid *session);
void process_leave_group(struct process *process);
struct process *process_find(long tgid); // NULL: no such thread group
int32_t process_id(const struct process *process);
int32_t process_parent_id(const struct process *process);
void process_usage(struct process *process, struct usage *usage);
struct thread *process_any_thread(struct process *process); // a living one; the leader if none lives
bool process_session_leader(const struct process *process);

#define for_each_thread(t, p) list_for_each_safe(t, &(p)->threads, struct thread, in_process)

// --- exit.c
void thread_kill(struct thread *thread);                // ends one thread
void process_exit(struct process *process, int status); // exit_group
void thread_take_lead(struct thread *thread);           // execve by another thread than the leader
bool exits_run(void);                                   // before each wait of the loop
void process_release(struct process *process);          // a zombie was waited for
bool group_is_orphaned(struct pid *group, struct process *without);
void system_stop(const char *why, int status) __attribute__((noreturn));

// --- wait.c
void wait_notify(struct process *parent); // a child changed: waiting threads look again
