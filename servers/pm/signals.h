// SPDX-License-Identifier: MIT
// Signals: dispositions, pending sets, sending, delivery, stops.
#pragma once

#include <abi/object.h>
#include <linux/process_arch.h>
#include <linux/signal.h>
#include <list.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct process;
struct user;
struct pid;

// Shared by CLONE_SIGHAND. Lent to the tasks, so that the kernel exchanges most actions itself (table.c): `changed` has
// every signal whose action is not all zeroes, perhaps others.
struct sighand {
    struct lent lent;
    struct sigaction_user actions[SIGNALS]; // of signal n at n - 1
    uint32_t references;
};
_Static_assert(offsetof(struct sighand, actions) == sizeof(struct lent), "the records follow the head");

struct queued_signal {
    struct list link;
    struct siginfo info;
    struct user *user;         // who pays (RLIMIT_SIGPENDING)
    struct posix_timer *timer; // preallocated by timer_create, NULL otherwise
};

struct pending {
    uint64_t set;
    struct list queue;
};

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define STOP_SIGNALS (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define SYNCHRONOUS_SIGNALS                                                                                  \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |                   \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

// --- sets and dispositions (signal_set.c)
void pending_init(struct pending *pending);
void pending_flush(struct pending *pending); // drops everything
void pending_remove(struct pending *pending, uint64_t signals);
int pending_take(struct pending *pending, uint64_t wanted, struct siginfo *info); // -> signal, 0
struct sighand *sighand_create(void);
struct sighand *sighand_copy(const struct sighand *from);
void sighand_set(struct sighand *sighand, const struct sighand *from); // of a new one
void sighand_reset(struct sighand *sighand); // handlers go, ignored stays ignored (exec, CLONE_CLEAR_SIGHAND)
void sighand_put(struct sighand *sighand);
bool signal_default_ignored(int signal);
bool signal_default_stops(int signal);
bool signal_has_codes(int signal);     // si_code says something of its own (sigaction(2))
bool signal_default_dumps(int signal); // of which WCOREDUMP would be set if dumps were written

// --- sending (signal_send.c). Return 0 or a negative error.
long signal_send_thread(struct thread *target, const struct siginfo *info);
long signal_send_process(struct process *target, const struct siginfo *info);
// A record of the sender's own, to the thread or, if NULL, to the process. -> false: ignored
bool signal_send_queued(struct process *process, struct thread *target, struct queued_signal *queued);
long signal_send_group(struct pid *group, const struct siginfo *info); // ESRCH if it is empty
void signal_force(struct thread *target, const struct siginfo *info);  // cannot be blocked or ignored
struct siginfo signal_info_kernel(int signal);
struct siginfo signal_info_user(const struct thread *sender, int signal, int code);
bool signal_ignored(const struct thread *target, int signal);
void signal_retarget(struct thread *exiting); // its shared signals are for the others now
void signal_arrived(struct process *process, struct thread *target, int signal,
                    bool to_group);            // complete_signal
void signal_wake(struct thread *thread);       // makes it notice its signals
bool signals_due(const struct thread *thread); // is there anything to do before user mode?

// --- blocked set; wakes the thread for what is deliverable now only when it leaves pm
void signal_set_blocked(struct thread *thread, uint64_t blocked);
// Temporary set of sigsuspend, ppoll ...: restored when the call has ended (restore_saved_sigmask).
void signal_set_temporary(struct thread *thread, uint64_t blocked);

// --- stops (signal_stop.c)
void stop_begin(struct thread *thread, int signal);     // the group stops
bool stop_take_part(struct thread *thread);             // true: it is stopped now
void stop_end(struct process *process, bool by_signal); // SIGCONT, SIGKILL
void stop_thread_gone(struct thread *thread);           // a dying thread need not be waited for

long sigwait_woken(struct thread *thread); // what rt_sigtimedwait returns now
