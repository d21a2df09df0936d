// SPDX-License-Identifier: MIT
// riscv64: a task's registers: how calls read them, how a task is made (copy_thread) and what a switch changes.

#include "csr.h"
#include "offsets.h"
#include "riscv64.h"
#include <arch/cpu.h>
#include <assert.h>
#include <errno.h>
#include <space.h>
#include <string.h>
#include <task.h>

enum { RA = 0, SP = FRAME_SP, TP = 3, A0 = FRAME_A0 }; // indices into user_frame.x
#define NO_CALL UINT64_MAX

#define SAME(structure, member, offset) _Static_assert(offsetof(structure, member) == (offset), #member)
SAME(struct user_frame, pc, FRAME_PC);
SAME(struct user_frame, x[0], FRAME_X(1));
SAME(struct user_frame, orig_a0, FRAME_ORIG_A0);
SAME(struct user_frame, number, FRAME_NUMBER);
SAME(struct task, arch.frame, 0);
SAME(struct task, arch.cpu, TASK_CPU);
SAME(struct task, arch.status, TASK_STATUS);
SAME(struct task, routes, TASK_ROUTES);
SAME(struct cpu, arch.stack_top, CPU_STACK);
SAME(struct cpu, arch.fault_stack_top, CPU_FAULT_STACK);
SAME(struct cpu, arch.scratch, CPU_SCRATCH);
SAME(struct cpu, arch.fault_frame, CPU_FAULT_FRAME);
SAME(struct cpu, current, CPU_CURRENT);

// --- frame --------------------------------------------------------------------------------------------------------

void arch_frame_read(const struct task *task, struct user_frame *frame) { *frame = task->arch.frame; }

// Nothing in it is privileged: what a user task may not reach, its page tables say.
void arch_frame_write(struct task *task, const struct user_frame *frame) { task->arch.frame = *frame; }

long arch_tls_set(struct task *task, unsigned index, unsigned long word0, unsigned long word1)
{
    (void)word1;
    if (index != 0)
        return -EINVAL;
    task->arch.frame.x[TP] = word0;
    return 0;
}

long arch_tls_get(struct task *task, unsigned index, unsigned long words[2])
{
    if (index != 0)
        return -EINVAL;
    words[0] = task->arch.frame.x[TP];
    words[1] = 0;
    return 0;
}

// What arch_switch leaves.
__attribute__((noinline, cold)) void switch_rarely(struct task *previous, struct task *next)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->fpu_owner)
        fpu_switch(cpu, previous, next);
    struct space *space = next->space;
    if (!space || space == cpu->space)
        return;
    if (space->arch.generation != cpu->asid_generation)
        space_identify(cpu, space);
    switch_space(cpu, space);
    if (icache_stale)
        icache_sync();
}

// The architecture has none for user mode; whoever traces places breakpoints.
void arch_set_single_step(struct task *task, bool on) { (void)task, (void)on; }

void arch_set_landing(struct task *task, unsigned long address) { (void)task, (void)address; }

// --- life ---------------------------------------------------------------------------------------------------------

void arch_task_init(struct task *task, unsigned long entry, unsigned long stack, unsigned long argument)
{
    memset(&task->arch, 0, sizeof(task->arch));
    task->arch.frame.pc = entry;
    task->arch.frame.x[SP] = stack;
    task->arch.frame.x[A0] = argument;
    task->arch.frame.number = NO_CALL;
}

int copy_thread(struct task *child, struct task *parent, unsigned flags, unsigned long stack,
                unsigned long tls)
{
    struct user_frame *frame = &child->arch.frame;
    *frame = parent->arch.frame;
    frame->x[A0] = 0;
    frame->number = NO_CALL;
    if (flags & CLONE_STACK)
        frame->x[SP] = stack;
    if (flags & CLONE_TLS)
        frame->x[TP] = tls;
    child->arch.status = 0;
    fpu_copy(child, parent);
    return 0; // and leaves through ret_from_fork (entry.S), which takes nothing but this frame
}

void copy_thread_kernel(struct task *child, void (*fn)(void *), void *argument, void *stack_top)
{
    arch_task_init(child, (unsigned long)fn, (unsigned long)stack_top & ~15ul, (unsigned long)argument);
    child->arch.frame.x[RA] = (unsigned long)task_exit_kernel;
    child->arch.status = SSTATUS_SPP;
}

void arch_task_release(struct task *task) { fpu_release(task); }
