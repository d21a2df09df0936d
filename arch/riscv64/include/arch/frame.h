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

// The rare parts of a switch.
extern bool icache_stale;                                                        // pte.h, paging.c
void icache_sync(void);                                                          // paging.c
void space_identify(struct arch_cpu *cpu, struct space *space);                  // paging.c
void fpu_switch(struct arch_cpu *cpu, struct task *previous, struct task *next); // fpu.c

static inline void arch_switch(struct task *previous, struct task *next)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (__builtin_expect(cpu->fpu_owner != NULL, 0))
        fpu_switch(cpu, previous, next);
    struct space *space = next->space;
    if (!space || space == cpu->space)
        return;
    if (__builtin_expect(space->arch.generation != cpu->asid_generation, 0))
        space_identify(cpu, space);
    __asm__ volatile("csrw satp, %0" ::"r"(space->arch.satp) : "memory");
    cpu->space = space;
    if (__builtin_expect(icache_stale, 0))
        icache_sync();
}
