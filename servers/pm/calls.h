// SPDX-License-Identifier: MIT
// Handlers of Linux calls: what table.c dispatches to. Each gets the calling thread, whose call pm holds, and the
// trap's arguments; it returns the result, -ERESTART*, or NO_REPLY when it parked the thread or runs on.
#pragma once

#include "thread.h"

typedef long call_handler(struct thread *caller, const unsigned long args[6]);

call_handler *call_handler_of(unsigned long number); // NULL: not built
void routes_build(void);

// Constants that the kernel answers by itself.
enum {
    CONSTANT_TGID,
    CONSTANT_TID,
    CONSTANT_PPID,
    CONSTANT_UID,
    CONSTANT_EUID,
    CONSTANT_GID,
    CONSTANT_EGID,
    CONSTANT_PGRP
};
// Blocks of signal state that are lent to a task.
enum { LENT_MASK, LENT_ACTIONS };
void lend_signals(struct thread *thread); // again when its sighand is another

void constants_set_ids(struct thread *thread); // all of them
void constants_of_child(const struct thread *child, const struct thread *caller, uint64_t flags,
                        long constants[TASK_CONSTANTS]); // all of them, before it has a task
void constants_set_parent(struct process *process);
void constants_set_group(struct process *process);

// clang-format off
// Every call that pm has built: a handler call_<name> for each.
#define PM_CALLS(X) \
    X(alarm) \
    X(brk) \
    X(capget) \
    X(capset) \
    X(clock_getres) \
    X(clock_getres_time64) \
    X(clock_gettime) \
    X(clock_gettime64) \
    X(clock_nanosleep) \
    X(clock_nanosleep_time64) \
    X(clock_settime) \
    X(clock_settime64) \
    X(clone) \
    X(clone3) \
    X(epoll_pwait) \
    X(epoll_pwait2) \
    X(execve) \
    X(execveat) \
    X(exit) \
    X(exit_group) \
    X(fork) \
    X(futex) \
    X(futex_time64) \
    X(get_robust_list) \
    X(get_thread_area) \
    X(getcpu) \
    X(getegid16) \
    X(geteuid16) \
    X(getgid16) \
    X(getgroups) \
    X(getgroups16) \
    X(getitimer) \
    X(getpgid) \
    X(getpriority) \
    X(getrandom) \
    X(getresgid) \
    X(getresgid16) \
    X(getresuid) \
    X(getresuid16) \
    X(getrlimit) \
    X(getrusage) \
    X(getsid) \
    X(gettimeofday) \
    X(getuid16) \
    X(kill) \
    X(madvise) \
    X(membarrier) \
    X(mincore) \
    X(mlock) \
    X(mlock2) \
    X(mlockall) \
    X(mmap) \
    X(mmap2) \
    X(mprotect) \
    X(mremap) \
    X(msync) \
    X(munlock) \
    X(munlockall) \
    X(munmap) \
    X(nanosleep) \
    X(nice) \
    X(old_getrlimit) \
    X(old_mmap) \
    X(oldolduname) \
    X(olduname) \
    X(pause) \
    X(personality) \
    X(pidfd_open) \
    X(pidfd_send_signal) \
    X(ppoll) \
    X(ppoll_time64) \
    X(prctl) \
    X(prlimit64) \
    X(pselect6) \
    X(pselect6_time64) \
    X(reboot) \
    X(restart_syscall) \
    X(riscv_flush_icache) \
    X(rt_sigaction) \
    X(rt_sigpending) \
    X(rt_sigprocmask) \
    X(rt_sigqueueinfo) \
    X(rt_sigreturn) \
    X(rt_sigsuspend) \
    X(rt_sigtimedwait) \
    X(rt_sigtimedwait_time64) \
    X(rt_tgsigqueueinfo) \
    X(sched_get_priority_max) \
    X(sched_get_priority_min) \
    X(sched_getaffinity) \
    X(sched_getparam) \
    X(sched_getscheduler) \
    X(sched_rr_get_interval) \
    X(sched_rr_get_interval_time64) \
    X(sched_setaffinity) \
    X(sched_getattr) \
    X(sched_setattr) \
    X(sched_setparam) \
    X(sched_setscheduler) \
    X(set_robust_list) \
    X(set_thread_area) \
    X(set_tid_address) \
    X(setdomainname) \
    X(setfsgid) \
    X(setfsgid16) \
    X(setfsuid) \
    X(setfsuid16) \
    X(setgid) \
    X(setgid16) \
    X(setgroups) \
    X(setgroups16) \
    X(sethostname) \
    X(setitimer) \
    X(setpgid) \
    X(setpriority) \
    X(setregid) \
    X(setregid16) \
    X(setresgid) \
    X(setresgid16) \
    X(setresuid) \
    X(setresuid16) \
    X(setreuid) \
    X(setreuid16) \
    X(setrlimit) \
    X(setsid) \
    X(settimeofday) \
    X(setuid) \
    X(setuid16) \
    X(sgetmask) \
    X(sigaction) \
    X(sigaltstack) \
    X(signal) \
    X(sigpending) \
    X(sigprocmask) \
    X(sigreturn) \
    X(sigsuspend) \
    X(ssetmask) \
    X(stime) \
    X(sysinfo) \
    X(syslog) \
    X(tgkill) \
    X(time) \
    X(timer_create) \
    X(timer_delete) \
    X(timer_getoverrun) \
    X(timer_gettime) \
    X(timer_gettime64) \
    X(timer_settime) \
    X(timer_settime64) \
    X(times) \
    X(tkill) \
    X(ulimit) \
    X(uname) \
    X(unshare) \
    X(vfork) \
    X(wait4) \
    X(waitid) \
    X(waitpid)
// clang-format on

#define X(name) call_handler call_##name;
PM_CALLS(X)
#undef X

long call_forward(struct thread *caller); // to vfs, as it is
