// SPDX-License-Identifier: MIT
// Per-CPU state: who runs, run queues, deadlines, the kernel stack. One CPU today; nothing here is global, so
// more is an addition.
#pragma once

#include <arch/cpu_state.h> // struct arch_cpu; first member
#include <list.h>
#include <rbtree.h>
#include <stdbool.h>
#include <stdint.h>

#define PRIORITIES 64

struct task;

struct cpu {
    struct arch_cpu arch; // first: assembly finds it at offset 0
    struct task *current; // who entered the kernel, and who will leave it
    struct task *idle;    // process 0
    unsigned id;
    bool reschedule; // somebody better than current became runnable, or current stopped
    uint64_t ready;  // bit p: fixed[p] is not empty
    uint8_t top;     // highest p in ready, 0 if there is none
    struct list fixed[PRIORITIES];
    struct rbtree fair;        // by virtual time
    uint64_t fair_clock;       // smallest virtual time seen, never goes back
    struct list idlers;        // SCHEDULE_IDLE
    struct rbtree timers;      // tasks by deadline
    struct task *fair_current; // the fair task whose slice runs, even while a server works for it
    uint64_t armed;            // when the one-shot timer fires, NO_DEADLINE: it is off
    uint64_t *account;         // counter that the running time goes to
    uint64_t accounted;        // cycle count up to which someone has been charged
    uint64_t kernel_time;      // pays where no task does (a task died while it was charged)
    unsigned long switches;
    struct task *dead; // died while current; freed after the switch away
};

extern struct cpu boot_cpu __attribute__((aligned(ARCH_CPU_ALIGN)));
