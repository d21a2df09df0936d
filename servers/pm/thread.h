// SPDX-License-Identifier: MIT
// A thread: Linux's task_struct. Found by its label (index and generation) in every message about it. pm either
// holds its open call (token) or it is out: in user mode or in a call of another server.
#pragma once

#include "credentials.h"
#include "pid.h"
#include "signals.h"
#include "timer.h"

#include <kernel.h>
#include <linux_calls.h>

enum thread_state {
    THREAD_NEW,     // not started yet
    THREAD_OUT,     // in user mode, or in a call of another server
    THREAD_IN,      // pm holds its call and works for it
    THREAD_PARKED,  // pm holds its call until what `park` says happens
    THREAD_STOPPED, // pm holds its call: job-control stop
    THREAD_DEAD,    // its kernel task is gone; exit is under way or done
};

enum restart { RESTART_NONE, RESTART_SYS, RESTART_NOHAND, RESTART_NOINTR, RESTART_BLOCK };

enum park_kind {
    PARK_NONE,
    PARK_WAIT,
    PARK_VFORK,
    PARK_SLEEP,
    PARK_FUTEX,
    PARK_SIGNAL,
    PARK_PAUSE,
    PARK_MEMORY
};

struct futex_key {
    uint64_t object, offset;
};

// What a parked thread waits for.
struct park {
    enum park_kind kind;
    struct timer timer; // its timeout
    union {
        struct {
            int which;       // P_*
            struct pid *pid; // reference held; NULL for P_ALL
            unsigned options;
            unsigned long status, info, usage; // user addresses, 0: not wanted
        } wait;
        struct {
            uint64_t deadline;       // monotonic
            unsigned long remaining; // user address of what is left, 0: not wanted
            bool wide;               // timespec64
            bool absolute;
        } sleep;
        struct {
            struct futex_key key;
            uint32_t bitset;
            struct list link;
        } futex;
        struct {
            uint64_t set;
            unsigned long info;
        } signal;
        struct {
            struct list link;
        } memory;
    };
};

enum block_kind { BLOCK_NONE, BLOCK_SLEEP, BLOCK_FUTEX, BLOCK_VFS };

// What restart_syscall(2) goes on with.
struct restart_block {
    enum block_kind kind;
    uint64_t deadline;
    unsigned long address, remaining;
    uint32_t value, bitset;
    bool wide, shared;
};

struct thread {
    uint32_t label;
    enum thread_state state;
    struct pid *pid;
    struct process *process;
    struct list in_process; // of process->threads
    handle_t task;
    unsigned long vfs_label;
    uint64_t start_time;
    char comm[16];

    // the open call
    token_t token;
    unsigned long call_number; // the trap's
    bool busy;                 // a fiber works for it: nothing may take the call away
    bool dying;                // to be killed when no longer busy
    bool interrupted;          // task_interrupt was called since its last answer
    bool traced;               // TRACE_CALLS is on, to see a forwarded call's end
    bool has_result;
    long result;
    unsigned long store_address,
        store_length; // what the answer takes along (thread_store); length 0: nothing
    enum restart restart;
    struct list in_returns; // returns_drain has to finish its call
    struct list in_exits;
    long (*fiber_fn)(struct thread *, const unsigned long *);
    unsigned long fiber_args[6];
    struct park park;
    struct restart_block block;

    // contexts
    struct mm *mm;
    struct sighand *sighand;
    struct credentials cred;
    bool no_new_privs;

    // signals
    struct lent
        lent; // the head of `blocked`, which the kernel changes itself (table.c) unless something is pending
    uint64_t blocked;
    unsigned long clear_child_tid; // addresses in its memory; these words follow `lent`, too
    unsigned long robust_list;
    uint64_t saved_blocked;
    bool restore_blocked;
    struct pending pending;
    struct siginfo held; // taken, but there was no memory for its frame (holds_signal)
    bool holds_signal;
    struct stack_info alternate;
    bool stop_pending; // has to take part in the group's stop
    unsigned long fault_address, fault_trap, fault_error;
    int exit_status;    // as wait(2) shows it
    bool ended_outside; // perhaps in a call of vfs, which may have to end first
    int parent_death_signal;

    struct thread *vfork_parent; // parked until this thread releases its mm

    // scheduling
    int nice, policy, priority;
    bool reset_on_fork;
    uint64_t timer_slack;
    uint64_t affinity;

    // accounting, final once the task is gone
    uint64_t user_time, system_time, switches;
    uint64_t personality;
};

struct thread *thread_create(int *error); // with a slot and a label, in no process
void thread_free(struct thread *thread);
struct thread *thread_of_label(unsigned long label); // NULL if stale
void thread_note_time(struct thread *thread);        // from the kernel's answer about its task
void thread_count_time(struct thread *thread);       // brings user_time ... up to date

#define NO_REPLY (-0x10000l) // a handler's "the answer comes later"
// Results that never reach a program (linux/errno.h).
// task_info's answer for a task that waits in a call (kernel/include/task.h, TASK_CALLING).
#define TASK_INFO_CALLING 3

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

// --- ending calls (return.c)
void thread_return(struct thread *thread, long value); // value may be -ERESTART*
// The last thing before a call returns 0: these bytes go to its memory, with the answer if they can. -> 0, -EFAULT
long thread_store(struct thread *thread, unsigned long address, const void *from, size_t length);
void thread_return_frame(struct thread *thread); // its frame is as it shall be
void thread_return_state(struct thread *thread,
                         size_t fpu); // page.frame shall be it, and so many bytes of page.fpu
void thread_return_restart(struct thread *thread, enum restart restart); // what diverts say
void thread_return_later(struct thread *thread, long value); // the same, after the current message
void thread_resume_later(struct thread *thread);             // a stopped thread goes on with its call
void returns_drain(void);
void signals_deliver(struct thread *thread); // the rest of thread_return; also after a stop
// Runs fn on a fiber and returns its result to the thread.
long thread_on_fiber(struct thread *thread, long (*fn)(struct thread *, const unsigned long *),
                     const unsigned long *args);

// --- parking (park.c)
void thread_park(struct thread *thread, enum park_kind kind, uint64_t deadline); // NO_DEADLINE: none
void thread_unpark(struct thread *thread);    // leaves queues; still pm's, state THREAD_IN
long park_interrupted(struct thread *thread); // what the call returns when a signal ends it
void park_expired(struct thread *thread);
