// SPDX-License-Identifier: MIT
// example: a task's registers as the generic kernel reads and writes them, on the path of every call. The
// functions are described in arch.h; task.h includes this once struct task is complete.
#pragma once

#include <arch/cpu.h>
#include <task.h>

static inline unsigned long arch_call_number(const struct task *task) { return task->arch.frame.number; }

static inline unsigned long arch_call_arg(const struct task *task, unsigned i)
{
    return i == 0 ? task->arch.frame.first_argument : task->arch.frame.args[i];
}

static inline unsigned long arch_trap_arg(const struct task *task, unsigned i)
{
    return arch_call_arg(task, i);
}

static inline void arch_set_result(struct task *task, long value)
{
    task->arch.frame.result = (unsigned long)value;
}

static inline void arch_set_call_number(struct task *task, unsigned long number)
{
    task->arch.frame.number = number;
}

static inline unsigned long arch_user_pc(const struct task *task) { return task->arch.frame.pc; }
static inline unsigned long arch_user_stack(const struct task *task) { return task->arch.frame.sp; }

// FPU and other state that entry code does not save; load the space's tables if it differs.
static inline void arch_switch(struct task *previous, struct task *next)
{
    (void)previous;
    if (next->space)
        this_cpu()->arch.space = next->space;
}
