// SPDX-License-Identifier: MIT
// FPU and SSE state, switched lazily: CR0.TS is set while somebody else's state is loaded, and the first FPU
// instruction traps. The CPU's fpu_owner has its state in the registers; everybody else in the task.

#include "i386.h"
#include <arch.h>
#include <errno.h>
#include <string.h>

#define FXSAVE_CONTROL 0 // byte offsets
#define FXSAVE_STATUS 2
#define FXSAVE_MXCSR 24
#define FXSAVE_MXCSR_MASK 28
#define CONTROL_INITIAL 0x37f
#define MXCSR_INITIAL 0x1f80
#define EXCEPTIONS 0x3f // invalid, denormal, zero divide, overflow, underflow, precision

static uint8_t *fpu_area(struct task *task)
{
    uintptr_t address = (uintptr_t)task->arch.fpu_room;
    return (uint8_t *)((address + FPU_STATE_ALIGN - 1) & ~(uintptr_t)(FPU_STATE_ALIGN - 1));
}

static void save(uint8_t *area) { __asm__ volatile("fxsave (%0)" ::"r"(area) : "memory"); }
static void restore(const uint8_t *area) { __asm__ volatile("fxrstor (%0)" ::"r"(area) : "memory"); }

static void enable(struct arch_cpu *cpu)
{
    if (!cpu->fpu_enabled)
        __asm__ volatile("clts");
    cpu->fpu_enabled = true;
}

static void disable(struct arch_cpu *cpu)
{
    if (cpu->fpu_enabled)
        write_cr0(read_cr0() | CR0_TS);
    cpu->fpu_enabled = false;
}

bool fpu_borrow(void)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    bool enabled = cpu->fpu_enabled;
    enable(cpu);
    return enabled;
}

void fpu_give_back(bool enabled)
{
    if (!enabled)
        disable(&this_cpu()->arch);
}

static void initial_state(uint8_t *area)
{
    memset(area, 0, FPU_STATE_SIZE);
    memcpy(area + FXSAVE_CONTROL, &(uint16_t){ CONTROL_INITIAL }, 2);
    memcpy(area + FXSAVE_MXCSR, &(uint32_t){ MXCSR_INITIAL }, 4);
    memcpy(area + FXSAVE_MXCSR_MASK, &cpu_features.mxcsr_mask, 4);
}

void fpu_unavailable(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    enable(cpu);
    if (cpu->fpu_owner == task)
        return;
    if (cpu->fpu_owner != NULL)
        save(fpu_area(cpu->fpu_owner));
    if (!task->arch.fpu_used) {
        initial_state(fpu_area(task));
        task->arch.fpu_used = true;
    }
    restore(fpu_area(task));
    cpu->fpu_owner = task;
}

// Puts the live state of `task` to where it can be read or changed: afterwards the task's area is all there is.
static uint8_t *fpu_store(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->fpu_owner == task) {
        enable(cpu);
        save(fpu_area(task));
        disable(cpu);
        cpu->fpu_owner = NULL;
    }
    if (!task->arch.fpu_used)
        initial_state(fpu_area(task));
    task->arch.fpu_used = true;
    return fpu_area(task);
}

void fpu_copy(struct task *child, struct task *parent)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    child->arch.fpu_used = parent->arch.fpu_used;
    if (!parent->arch.fpu_used)
        return;
    if (cpu->fpu_owner != parent) {
        memcpy(fpu_area(child), fpu_area(parent), FPU_STATE_SIZE);
        return;
    }
    bool enabled = fpu_borrow();
    save(fpu_area(child));
    fpu_give_back(enabled);
}

void fpu_release(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->fpu_owner != task)
        return;
    disable(cpu);
    cpu->fpu_owner = NULL;
}

// Exceptions that are raised and not masked, as the status word's low six bits.
uint32_t fpu_status(struct task *task, bool sse)
{
    const uint8_t *area = fpu_store(task);
    if (sse) {
        uint32_t mxcsr;
        memcpy(&mxcsr, area + FXSAVE_MXCSR, 4);
        return mxcsr & ~(mxcsr >> 7) & EXCEPTIONS;
    }
    uint16_t control, status;
    memcpy(&control, area + FXSAVE_CONTROL, 2);
    memcpy(&status, area + FXSAVE_STATUS, 2);
    return status & ~control & EXCEPTIONS;
}

long arch_fpu_read(struct task *task, void *buffer, size_t length)
{
    if (length > FPU_STATE_SIZE)
        length = FPU_STATE_SIZE;
    memcpy(buffer, fpu_store(task), length);
    return (long)length;
}

long arch_fpu_write(struct task *task, const void *buffer, size_t length)
{
    if (length == 0) {
        fpu_release(task);
        task->arch.fpu_used = false;
        return 0;
    }
    if (length != FPU_STATE_SIZE)
        return -EINVAL;
    uint8_t *area = fpu_store(task);
    memcpy(area, buffer, FPU_STATE_SIZE);
    uint32_t mxcsr; // FXRSTOR traps on bits that the CPU does not know
    memcpy(&mxcsr, area + FXSAVE_MXCSR, 4);
    mxcsr &= cpu_features.mxcsr_mask;
    memcpy(area + FXSAVE_MXCSR, &mxcsr, 4);
    return FPU_STATE_SIZE;
}
