// SPDX-License-Identifier: MIT
// All of pm's state hangs on this one struct, which is the first block of the heap: a new instance finds it there.
#pragma once

#include "pid.h"

#include <kernel.h>
#include <linux/misc.h>
#include <list.h>
#include <rbtree.h>
#include <slots.h>

#define STATE_MAGIC 0x6f646e6170ull
#define FUTEX_BUCKETS 256
#define THREADS_MAX 16384
#define THREAD_INDEX_BITS 15

struct pm {
    uint64_t magic;
    struct slots threads; // by label
    // pids
    struct rbtree pids;
    int32_t last_pid, last_serial;
    uint64_t forks;
    struct process *init;
    struct list users;
    // queues
    struct rbtree timers;
    struct list returns, exits;
    unsigned exit_fibers;
    struct list starving; // threads that wait for memory (shortage.c)
    token_t vfs_starving; // vfs's question for it, 0: none
    unsigned long freed;  // how often memory was; never negative as a long
    struct list futexes[FUTEX_BUCKETS];
    // the machine
    handle_t port, vfs, root, system, user_quota, vdso, routes;
    size_t vdso_size;
    unsigned long vdso_sigreturn, vdso_rt_sigreturn, vdso_syscall, vdso_landing; // offsets
    struct utsname uts;
    uint64_t boot_time; // wall clock, ns
    uint64_t load[3];   // 11 bits of fraction
    uint64_t next_load, load_time, load_idle;
    char boot_id[37];
};

extern struct pm *pm;
