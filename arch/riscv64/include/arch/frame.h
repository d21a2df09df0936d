// SPDX-License-Identifier: MIT
// riscv64: a task's registers as the generic kernel reads and writes them, on the path of every call. The
// functions are described in arch.h; task.h includes this once struct task is complete.
#pragma once

#include <arch/cpu.h>
#include <task.h>

static inline unsigned long arch_call_number(const struct task *task) { return task->arch.frame.number; }

static inline unsigned long arch_call_arg(const struct task *task, unsigned i)
{
    return i == 0 ? task->arch.frame.orig_a0 : task->arch.frame.x[FRAME_A0 + i];
}

static inline unsigned long arch_trap_arg(const struct task *task, unsigned i)
{
    return arch_call_arg(task, i);
}

static inline void arch_set_result(struct task *task, long value)
{
    task->arch.frame.x[FRAME_A0] = (unsigned long)value;
}

static inline void arch_set_call_number(struct task *task, unsigned long number)
{
    task->arch.frame.number = number;
}

static inline unsigned long arch_user_pc(const struct task *task) { return task->arch.frame.pc; }
static inline unsigned long arch_user_stack(const struct task *task) { return task->arch.frame.x[FRAME_SP]; }

extern bool icache_stale;                                     // pte.h, paging.c
void switch_rarely(struct task *previous, struct task *next); // task.c

static inline void switch_space(struct arch_cpu *cpu, struct space *space)
{
    __asm__ volatile("csrw satp, %0" ::"r"(space->arch.satp) : "memory");
    cpu->space = space;
}

// The switch of every call has no function to call, but for what is rare.
static inline __attribute__((always_inline)) void arch_switch(struct task *previous, struct task *next)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    struct space *space = next->space;
    bool rare = cpu->fpu_owner || !space || space->arch.generation != cpu->asid_generation || icache_stale;
    if (__builtin_expect(rare, 0))
        switch_rarely(previous, next);
    else if (space != cpu->space)
        switch_space(cpu, space);
}
