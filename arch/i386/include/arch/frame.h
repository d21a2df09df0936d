// SPDX-License-Identifier: MIT
// i386: a task's registers as the generic kernel reads and writes them, on the path of every call. The
// functions are described in arch.h; task.h includes this once struct task is complete.
#pragma once

#include <task.h>

static inline unsigned long arch_call_number(const struct task *task) { return task->arch.frame.orig_eax; }

static inline unsigned long arch_trap_arg(const struct task *task, unsigned i)
{
    const struct user_frame *frame = &task->arch.frame;
    return i < 5 ? (&frame->ebx)[i] : frame->ebp;
}

static inline unsigned long arch_call_arg(const struct task *task, unsigned i)
{
    const struct user_frame *frame = &task->arch.frame;
    if (task->routes == NULL) // native: ecx and edx are what sysenter returns with
        return i == 0 ? frame->ebx : i == 1 ? frame->esi : i == 2 ? frame->edi : frame->ebp;
    return arch_trap_arg(task, i);
}

static inline void arch_set_result(struct task *task, long value) { task->arch.frame.eax = (uint32_t)value; }

static inline void arch_set_call_number(struct task *task, unsigned long number)
{
    task->arch.frame.orig_eax = number;
}

static inline unsigned long arch_user_pc(const struct task *task) { return task->arch.frame.eip; }
static inline unsigned long arch_user_stack(const struct task *task) { return task->arch.frame.esp; }

void switch_state(struct task *previous, struct task *next); // task.c

static inline void arch_switch(struct task *previous, struct task *next) { switch_state(previous, next); }
