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
    uint8_t priority;        // fixed: 1..63, else 0
    uint8_t direct;          // priority for direct switches to it: 0 when they need a closer look
    bool queued;
    uint32_t weight;
    uint64_t virtual_time;
    uint64_t consumed;  // of the task's counters, what virtual_time contains already
    uint64_t slice_end; // ns; 0: starts when somebody else wants the CPU
};

// Where a traced task's trap is.
enum trap_phase {
    PHASE_NONE,
    PHASE_ENTER, // DIVERT_ENTER is with the owner
    PHASE_CALL,  // routed, DIVERT_EXIT is to follow
    PHASE_EXIT,  // DIVERT_EXIT is with the owner
};

struct task {
    struct arch_task arch; // first: assembly finds the frame at offset 0
    struct object object;
    struct quota *quota;
    struct space *space;        // NULL: kernel thread
    struct routes *routes;      // NULL: native (traps are kernel calls) or kernel thread
    struct message_page *page;  // kernel address of a native task's message page, else NULL
    struct memory *page_memory; // the page's object: its frame lives as long as the task or a mapping
    unsigned long page_address; // where its space maps it
    struct port *owner;         // faults and diverts go there
    unsigned long labels[TASK_LABELS];
    long constants[TASK_CONSTANTS];
    struct lent *lent[TASK_LENT]; // in a server's frame, with a reference to it; NULL: none
    uint8_t state;                // enum task_state
    uint8_t trace;                // TRACE_*
    uint8_t phase;                // enum trap_phase
    bool interrupted;             // divert at the next boundary to user mode
    bool suspended;               // becomes TASK_SUSPENDED instead of runnable
    struct call call;
    struct port *receiving;
    struct list served;   // calls it has received and not answered
    struct task *serving; // caller whose call it handles: time is charged there. No reference: call_close()
                          // and the caller's death clear it
    uint64_t *charge;     // counter that pays for its running: its own user_time, or what `serving` pays with
    struct schedule schedule;
    struct cpu *cpu;          // where it runs or is queued
    struct rbtree_node timer; // deadline queue
    uint64_t
        deadline; // in the deadline queue, NO_DEADLINE: not queued. Stays there when the wait ends early,
                  // since the next one mostly has the same
    uint64_t user_time, system_time; // in cycles (arch_cycles)
    unsigned long switches;
    struct list all;    // every task
    void *kernel_stack; // kernel threads only
};

struct task *task_create(struct space *space, struct quota *quota, struct port *owner, unsigned long label,
                         int *error);
void task_destroy(struct object *object);
struct task *task_clone(struct task *parent, struct space *space, struct quota *quota, unsigned flags,
                        unsigned long stack, unsigned long tls, int *error);
long task_set_message_page(struct task *task, unsigned long address); // maps one, before the start
// The struct lent at an address of the lender becomes the task's; 0: none. -EFAULT: not at hand
long task_lend(struct task *task, unsigned slot, struct space *lender, unsigned long address);
void task_set_space(struct task *task, struct space *space); // while it cannot run
void task_kill(struct task *task);  // off its CPU, out of every queue; its open call ends
long task_start(struct task *task); // starts or resumes; -EINVAL unless new or suspended
long task_suspend(struct task *task);
void task_reap(struct cpu *cpu);                                // frees what died while it was current
extern struct task *first_task;                                 // root; its death is the system's
extern struct list task_list;                                   // every task, by `all`
struct task *kernel_thread(void (*fn)(void *), void *argument); // idle and workers; starts runnable
_Noreturn void task_exit_kernel(void);
uint64_t task_count(void);

#include <arch/frame.h> // needs struct task
