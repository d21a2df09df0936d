// SPDX-License-Identifier: MIT
// A task: one flow of control. Trap frame, FPU state, scheduling state, a reference to its space, its trap
// routes, its labels, and the one call it can be in.
#pragma once

#include <arch/task.h> // struct arch_task; first member is the trap frame that entry code stores
#include <list.h>
#include <port.h>
#include <rbtree.h>
#include <routes.h>
#include <space.h>

enum task_state {
    TASK_NEW,       // not started
    TASK_RUNNABLE,  // running or in a run queue
    TASK_RECEIVING, // waits in receive on `receiving`
    TASK_CALLING,   // its call is queued or open
    TASK_FAULTING,  // its call is to the pager of the page it touched
    TASK_SUSPENDED,
    TASK_DEAD,
};

struct schedule {
    struct list queue;       // fixed priorities: run queue of the level
    struct rbtree_node node; // fair: by virtual time
    uint8_t class;           // enum schedule_class
    uint8_t priority;        // fixed: 1..63
    bool queued;
    uint32_t weight;
    uint64_t virtual_time;
    uint64_t slice_end;
};

struct task {
    struct arch_task arch; // first: assembly finds the frame at offset 0
    struct object object;
    struct quota *quota;
    struct space *space;       // NULL: kernel thread
    struct routes *routes;     // NULL: native (traps are kernel calls) or kernel thread
    struct message_page *page; // kernel address of a native task's message page, else NULL
    struct frame *page_frame;
    unsigned long page_address; // where its space maps it
    struct port *owner;        // faults and diverts go there
    unsigned long labels[TASK_LABELS];
    long constants[TASK_CONSTANTS];
    uint8_t state;             // enum task_state
    uint8_t trace;             // TRACE_*
    bool interrupted;          // divert at the next boundary to user mode
    bool in_trap;              // in a routed trap (a reply may still rewind it)
    struct call call;
    struct port *receiving;
    struct task *serving;      // caller whose call it handles: time is charged there (reference-less: by token)
    token_t serving_token;
    struct schedule schedule;
    struct cpu *cpu;           // where it runs or is queued
    struct rbtree_node timer;  // deadline queue
    uint64_t deadline;         // NO_DEADLINE: not queued
    uint64_t user_time, system_time, switches;
    struct list all;           // every task
    void *kernel_stack;        // kernel threads only
};

struct task *task_create(struct space *space, struct quota *quota, struct port *owner, unsigned long label, int *error);
void task_destroy(struct object *object);
void task_kill(struct task *task); // off its CPU, out of every queue; its open call ends
void task_start(struct task *task);
struct task *kernel_thread(void (*fn)(void *), void *argument); // idle and workers; starts runnable
_Noreturn void task_exit_kernel(void);
uint64_t task_count(void);
