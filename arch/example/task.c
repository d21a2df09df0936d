// SPDX-License-Identifier: MIT
// example: a task's registers. None of this runs on the task's behalf: frames are plain memory here.

#include <arch.h>
#include <arch/cpu.h>
#include <errno.h>
#include <space.h>
#include <task.h>

#define NO_CALL UINT64_MAX

void arch_frame_read(const struct task *task, struct user_frame *frame) { *frame = task->arch.frame; }

// Privileged bits must not come from outside: flags, segment selectors, processor status.
void arch_frame_write(struct task *task, const struct user_frame *frame) { task->arch.frame = *frame; }

void arch_task_init(struct task *task, unsigned long entry, unsigned long stack, unsigned long argument)
{
    task->arch.frame =
        (struct user_frame){ .pc = entry, .sp = stack, .args = { argument }, .number = NO_CALL };
}

int copy_thread(struct task *child, struct task *parent, unsigned flags, unsigned long stack,
                unsigned long tls)
{
    child->arch.frame = parent->arch.frame;
    child->arch.frame.result = 0;
    child->arch.frame.number = NO_CALL;
    if (flags & CLONE_STACK)
        child->arch.frame.sp = stack;
    if (flags & CLONE_TLS)
        child->arch.frame.tls = tls;
    return 0; // and the FPU state
}

void copy_thread_kernel(struct task *child, void (*fn)(void *), void *argument, void *stack_top)
{
    arch_task_init(child, (unsigned long)fn, (unsigned long)stack_top, (unsigned long)argument);
    // Returns to task_exit_kernel(), and to kernel mode.
}

void arch_task_release(struct task *task)
{
    (void)task; // forget whose values are in the FPU
}

long arch_fpu_read(struct task *task, void *buffer, size_t length)
{
    (void)task, (void)buffer, (void)length;
    return 0;
}

long arch_fpu_write(struct task *task, const void *buffer, size_t length)
{
    (void)task, (void)buffer, (void)length;
    return 0;
}

long arch_tls_set(struct task *task, unsigned index, unsigned long word0, unsigned long word1)
{
    (void)word1;
    if (index != 0)
        return -EINVAL;
    task->arch.frame.tls = word0;
    return 0;
}

long arch_tls_get(struct task *task, unsigned index, unsigned long words[2])
{
    if (index != 0)
        return -EINVAL;
    words[0] = task->arch.frame.tls;
    words[1] = 0;
    return 0;
}

void arch_set_single_step(struct task *task, bool on) { (void)task, (void)on; }

void arch_set_landing(struct task *task, unsigned long address) { (void)task, (void)address; }
