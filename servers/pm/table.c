// SPDX-License-Identifier: MIT
// Which handler each Linux call has, and the routes that bring every program's traps to pm or vfs.
#include "calls.h"
#include "process.h"
#include "state.h"
#include "timecalls.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/process.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <server.h>

static call_handler *const handlers[LINUX_CALL_COUNT] = {
#define X(name) [LINUX_##name] = call_##name,
    PM_CALLS(X)
#undef X
};

// What a call's message brings along (trap_carried).
static const struct {
    enum linux_call call;
    unsigned argument;
    size_t length;
} carried[] = {
    { LINUX_rt_sigaction, 1, sizeof(struct sigaction_user) },
    { LINUX_rt_sigprocmask, 1, sizeof(uint64_t) },
    { LINUX_rt_sigreturn, MESSAGE_WORDS, SIGNAL_CARRIED }, // from the stack pointer
};

#define LENT_WORD(member)                                                                                    \
    ((offsetof(struct thread, member) - offsetof(struct thread, blocked)) / sizeof(long))

// What the kernel answers itself from what lend_signals lends: rt_sigprocmask(how, set, old, size),
// rt_sigaction(signal, new, old, size), set_tid_address(address) and set_robust_list(address, size). Left to this server
// are masks while a signal is pending, and actions that ignore a signal or are the default, as they drop what is
// pending of it.
static const struct exchange mask_exchange = {
    .length = sizeof(uint64_t),
    .records = 1,
    .words = sizeof(uint64_t) / sizeof(long),
    .allowed = { (unsigned long)~UNBLOCKABLE, ~0ul },
}, action_exchange = {
    .length = sizeof(uint64_t),
    .records = SIGNALS,
    .words = sizeof(struct sigaction_user) / sizeof(long),
    .least = SIG_IGN + 1,
    .allowed = SIGACTION_WORDS(~0ul, SIGACTION_FLAGS, ~0ul, ~UNBLOCKABLE),
}, tid_exchange = {
    .word = LENT_WORD(clear_child_tid),
    .constant = CONSTANT_TID,
}, robust_exchange = {
    .length = sizeof(struct robust_list_head),
    .word = LENT_WORD(robust_list),
    .constant = TASK_CONSTANTS, // none: 0
};

static call_handler *by_number[LINUX_NUMBER_LIMIT]; // filled by routes_build

call_handler *call_handler_of(unsigned long number)
{
    return number < LINUX_NUMBER_LIMIT ? by_number[number] : NULL;
}

// Answered by the kernel itself from the task's constants.
static const struct {
    enum linux_call call;
    unsigned constant;
} constants[] = {
    { LINUX_getpid, CONSTANT_TGID },  { LINUX_gettid, CONSTANT_TID },   { LINUX_getppid, CONSTANT_PPID },
    { LINUX_getuid, CONSTANT_UID },   { LINUX_geteuid, CONSTANT_EUID }, { LINUX_getgid, CONSTANT_GID },
    { LINUX_getegid, CONSTANT_EGID }, { LINUX_getpgrp, CONSTANT_PGRP },
};

void routes_build(void)
{
    long routes = routes_create(self_quota, LINUX_NUMBER_LIMIT - 1);
    if (routes < 0)
        system_stop("no trap routes", 103);
    pm->routes = (handle_t)routes;
    for (int call = 0; call < LINUX_CALL_COUNT; call++) {
        long number = linux_number_of(call);
        if (number < 0)
            continue;
        by_number[number] = handlers[call];
        bool vfs = linux_server_of(call) == LINUX_SERVER_VFS;
        if (vfs || handlers[call])
            routes_set(pm->routes, (unsigned long)number, vfs ? pm->vfs : pm->port,
                       vfs ? LABEL_VFS : LABEL_PM);
    }
    for (unsigned i = 0; i < sizeof carried / sizeof carried[0]; i++)
        routes_carry(pm->routes, (unsigned long)linux_number_of(carried[i].call), carried[i].argument,
                     carried[i].length);
    enum linux_call wide_time = sizeof(long) == 8 ? LINUX_clock_gettime : LINUX_clock_gettime64;
    routes_clock(pm->routes, (unsigned long)linux_number_of(wide_time), MONOTONIC_CLOCKS, WALL_CLOCKS);
    routes_exchange(pm->routes, (unsigned long)linux_number_of(LINUX_rt_sigprocmask), LENT_MASK, EXCHANGE_SET,
                    &mask_exchange);
    routes_exchange(pm->routes, (unsigned long)linux_number_of(LINUX_rt_sigaction), LENT_ACTIONS,
                    EXCHANGE_RECORD, &action_exchange);
    routes_exchange(pm->routes, (unsigned long)linux_number_of(LINUX_set_tid_address), LENT_MASK,
                    EXCHANGE_WORD, &tid_exchange);
    routes_exchange(pm->routes, (unsigned long)linux_number_of(LINUX_set_robust_list), LENT_MASK,
                    EXCHANGE_WORD, &robust_exchange);
    routes_yield(pm->routes, (unsigned long)linux_number_of(LINUX_sched_yield));
    for (unsigned i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        long number = linux_number_of(constants[i].call);
        if (number >= 0)
            routes_constant(pm->routes, (unsigned long)number, constants[i].constant);
    }
}

void lend_signals(struct thread *thread)
{
    _Static_assert(offsetof(struct thread, blocked) == offsetof(struct thread, lent) + sizeof(struct lent),
                   "the record follows the head");
    task_lend(thread->task, LENT_MASK, &thread->lent);
    task_lend(thread->task, LENT_ACTIONS, &thread->sighand->lent);
}

void constants_set_ids(struct thread *thread)
{
    const struct credentials *cred = &thread->cred;
    task_set_constant(thread->task, CONSTANT_TID, thread->pid->number);
    task_set_constant(thread->task, CONSTANT_TGID, process_id(thread->process));
    task_set_constant(thread->task, CONSTANT_PPID, process_parent_id(thread->process));
    task_set_constant(thread->task, CONSTANT_PGRP, thread->process->group->number);
    task_set_constant(thread->task, CONSTANT_UID, (long)cred->uid);
    task_set_constant(thread->task, CONSTANT_EUID, (long)cred->euid);
    task_set_constant(thread->task, CONSTANT_GID, (long)cred->gid);
    task_set_constant(thread->task, CONSTANT_EGID, (long)cred->egid);
}

// It has no process of its own yet, or is not in it: what link_child is going to say.
void constants_of_child(const struct thread *child, const struct thread *caller, uint64_t flags,
                        long values[TASK_CONSTANTS])
{
    const struct credentials *cred = &child->cred;
    const struct process *process = caller->process;
    bool siblings = flags & (CLONE_THREAD | CLONE_PARENT);
    values[CONSTANT_TID] = child->pid->number;
    values[CONSTANT_TGID] = flags & CLONE_THREAD ? process_id(process) : child->pid->number;
    values[CONSTANT_PPID] = siblings ? process_parent_id(process) : process_id(process);
    values[CONSTANT_PGRP] = process->group->number;
    values[CONSTANT_UID] = (long)cred->uid;
    values[CONSTANT_EUID] = (long)cred->euid;
    values[CONSTANT_GID] = (long)cred->gid;
    values[CONSTANT_EGID] = (long)cred->egid;
}

void constants_set_parent(struct process *process)
{
    for_each_thread(thread, process) if (thread->state != THREAD_DEAD)
        task_set_constant(thread->task, CONSTANT_PPID, process_parent_id(process));
}

void constants_set_group(struct process *process)
{
    for_each_thread(thread, process) if (thread->state != THREAD_DEAD)
        task_set_constant(thread->task, CONSTANT_PGRP, process->group->number);
}
