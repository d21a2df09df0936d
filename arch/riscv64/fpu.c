// SPDX-License-Identifier: MIT
// riscv64: the FPU is off (sstatus.FS) until a task first uses it after a switch; what it then left dirty is saved when
// it is switched away. So a task's `fpu` is up to date whenever it is not current, and another CPU may take it. The
// registers are loaded again only if somebody else's were loaded in between.

#include "csr.h"
#include "riscv64.h"
#include <arch/cpu.h>
#include <string.h>
#include <task.h>

static void set_state(unsigned long state)
{
    csr_clear(sstatus, SSTATUS_FS);
    csr_set(sstatus, state);
}

// Writes back what the current task did.
static void fpu_sync(struct arch_cpu *cpu)
{
    if ((csr_read(sstatus) & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    fpu_save(&cpu->fpu_owner->arch.fpu);
    set_state(SSTATUS_FS_CLEAN);
}

void fpu_switch(struct arch_cpu *cpu, struct task *previous, struct task *next)
{
    if (previous == cpu->fpu_owner)
        fpu_sync(cpu);
    set_state(next == cpu->fpu_owner && &next->arch.fpu_cpu->arch == cpu ? SSTATUS_FS_CLEAN : SSTATUS_FS_OFF);
}

bool fpu_first_use(struct task *task)
{
    if (csr_read(sstatus) & SSTATUS_FS)
        return false;
    struct cpu *cpu = this_cpu();
    set_state(SSTATUS_FS_CLEAN);
    fpu_load(&task->arch.fpu);
    set_state(SSTATUS_FS_CLEAN); // loading made it dirty
    task->arch.fpu_used = true;
    task->arch.fpu_cpu = cpu;
    cpu->arch.fpu_owner = task;
    return true;
}

// The registers of a task that runs on this CPU into its `fpu`.
static void fpu_update(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->fpu_owner == task)
        fpu_sync(cpu);
}

void fpu_copy(struct task *child, struct task *parent)
{
    child->arch.fpu_used = parent->arch.fpu_used;
    child->arch.fpu_cpu = NULL;
    if (!parent->arch.fpu_used)
        return; // child's are zero as parent's are
    fpu_update(parent);
    child->arch.fpu = parent->arch.fpu;
}

void fpu_release(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->fpu_owner != task)
        return;
    set_state(SSTATUS_FS_OFF);
    cpu->fpu_owner = NULL;
}

long arch_fpu_read(struct task *task, void *buffer, size_t length)
{
    fpu_update(task);
    if (length > sizeof(task->arch.fpu))
        length = sizeof(task->arch.fpu);
    memcpy(buffer, &task->arch.fpu, length);
    return (long)length;
}

// Registers that it does not cover keep their values; length 0 is the initial state, all zero.
long arch_fpu_write(struct task *task, const void *buffer, size_t length)
{
    fpu_update(task);
    fpu_release(task);
    if (length > sizeof(task->arch.fpu))
        length = sizeof(task->arch.fpu);
    if (length == 0)
        memset(&task->arch.fpu, 0, sizeof(task->arch.fpu));
    else
        memcpy(&task->arch.fpu, buffer, length);
    task->arch.fpu_used = length != 0;
    return (long)length;
}
