// SPDX-License-Identifier: MIT
// i386 part of tasks: first frames, copy_thread, what the kernel reads and writes in frames, switching.

#include "i386.h"
#include <arch.h>
#include <errno.h>
#include <string.h>

#define FLAGS_FIXED 0x2u
#define FLAGS_USER 0x254dd5u // CF PF AF ZF SF TF DF OF NT RF AC ID: what frames may set (NT is dropped below)
#define FLAGS_NESTED 0x4000u

// Of a segment descriptor's upper word.
#define DESCRIPTOR_CODE 0x800u
#define DESCRIPTOR_KIND 0xf000u // present, DPL, code-or-data
#define DESCRIPTOR_USER 0xf000u

// --- the frame of a user task

void arch_frame_read(const struct task *task, struct user_frame *frame)
{
    const struct user_frame *own = &task->arch.frame;
    memcpy(frame, own, sizeof(*frame));
    frame->ds &= 0xffff; // the CPU stores selectors in half of each word
    frame->es &= 0xffff;
    frame->fs &= 0xffff;
    frame->gs &= 0xffff;
}

static uint32_t user_flags(uint32_t flags)
{
    return (flags & FLAGS_USER & ~FLAGS_NESTED) | FLAGS_FIXED | FLAGS_INTERRUPT;
}

// Only user mode's selectors; one that does not load becomes null when the task leaves (trap_kernel).
static uint32_t user_selector(uint32_t selector)
{
    return (selector & 0xffff) > 3 ? (selector & 0xffff) | 3 : 0;
}

void arch_frame_write(struct task *task, const struct user_frame *frame)
{
    struct user_frame *own = &task->arch.frame;
    memcpy(own, frame, sizeof(*own));
    own->ds = user_selector(frame->ds);
    own->es = user_selector(frame->es);
    own->fs = user_selector(frame->fs);
    own->gs = user_selector(frame->gs);
    own->cs = USER_CS;
    own->ss = USER_DS;
    own->eflags = user_flags(frame->eflags);
    task->arch.leave = leave_iret;
}

void arch_set_single_step(struct task *task, bool on)
{
    task->arch.frame.eflags = (task->arch.frame.eflags & ~FLAGS_TRACE) | (on ? FLAGS_TRACE : 0);
}

// --- making tasks

void arch_task_init(struct task *task, unsigned long entry, unsigned long stack, unsigned long argument)
{
    task->arch.frame = (struct user_frame){
        .eax = argument,
        .ds = USER_DS,
        .es = USER_DS,
        .orig_eax = UINT32_MAX,
        .eip = entry,
        .cs = USER_CS,
        .eflags = user_flags(0),
        .esp = stack,
        .ss = USER_DS,
    };
    task->arch.leave = ret_from_fork;
    arch_set_landing(task, 0);
}

void arch_set_landing(struct task *task, unsigned long address)
{
    task->arch.enter = address ? sysenter_landing : sysenter_native;
    task->arch.landing = address;
}

int copy_thread(struct task *child, struct task *parent, unsigned flags, unsigned long stack,
                unsigned long tls)
{
    struct arch_task *arch = &child->arch;
    arch->frame = parent->arch.frame;
    arch->frame.eax = 0;
    if (parent->arch.leave == leave_sysexit) // its eflags are of an earlier entry
        arch->frame.eflags = user_flags(0);
    if (flags & CLONE_STACK)
        arch->frame.esp = stack;
    arch_set_landing(child, parent->arch.landing);
    memcpy(arch->tls, parent->arch.tls,
           sizeof(arch->tls)); // CLONE_TLS: arch_tls_set, a descriptor is not one word
    fpu_copy(child, parent);
    arch->leave = ret_from_fork;
    return 0;
}

void copy_thread_kernel(struct task *child, void (*fn)(void *), void *argument, void *stack_top)
{
    // From the top: fn's argument (in eax) comes with the registers; fn's return address; the interrupt frame.
    uint32_t *stack = stack_top;
    *--stack = (uint32_t)task_exit_kernel;
    *--stack = FLAGS_FIXED;
    *--stack = KERNEL_CS;
    *--stack = (uint32_t)fn;
    stack -= FRAME_EIP / 4;
    memset(stack, 0, FRAME_EIP);
    stack[FRAME_EAX / 4] = (uint32_t)argument;
    child->arch.kernel_sp = (uint32_t)stack;
    child->arch.leave = leave_kernel;
}

void arch_task_release(struct task *task)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    fpu_release(task);
    if (cpu->tls_owner == task)
        cpu->tls_owner = NULL;
}

// --- thread-local storage: GDT entries 6 to 8

__attribute__((noinline)) static void load_tls(struct arch_cpu *cpu, struct task *task)
{
    memcpy(&cpu->gdt[TLS_FIRST], task->arch.tls, sizeof(task->arch.tls));
    cpu->tls_owner = task;
    // leave_landing loads what differs from the task's, and these may have been loaded from the former descriptors.
    __asm__ volatile("movl %0, %%fs\n\tmovl %0, %%gs" ::"r"(0));
}

long arch_tls_set(struct task *task, unsigned index, unsigned long word0, unsigned long word1)
{
    if (index >= TLS_ENTRIES)
        return -EINVAL;
    bool empty = word0 == 0 && word1 == 0;
    if (!empty && ((word1 & DESCRIPTOR_KIND) != DESCRIPTOR_USER || (word1 & DESCRIPTOR_CODE)))
        return -EINVAL; // only data segments of user mode
    task->arch.tls[index][0] = word0;
    task->arch.tls[index][1] = word1;
    if (this_cpu()->arch.tls_owner == task)
        load_tls(&this_cpu()->arch, task);
    return 0;
}

long arch_tls_get(struct task *task, unsigned index, unsigned long words[2])
{
    if (index >= TLS_ENTRIES)
        return -EINVAL;
    words[0] = task->arch.tls[index][0];
    words[1] = task->arch.tls[index][1];
    return 0;
}

// --- switching

#define RARE __attribute__((noinline, cold)) // kept out of switch_state, which is on every call's path

// The bitmap is copied when a space with ports follows another one; usually one server has them all.
RARE void ioports_switch(struct arch_cpu *cpu, struct space *space)
{
    if (space->arch.io_bytes == 0) {
        cpu->tss.io_base = IO_BASE_NONE;
        return;
    }
    if (cpu->io_owner != space) {
        memset(cpu->tss.io_bitmap, 0xff, IO_BITMAP_BYTES);
        memcpy(cpu->tss.io_bitmap, space->arch.io_bitmap, space->arch.io_bytes);
        cpu->io_owner = space;
    }
    cpu->tss.io_base = offsetof(struct tss, io_bitmap);
}

RARE static void switch_fpu(struct arch_cpu *cpu, bool enable)
{
    cpu->fpu_enabled = enable;
    write_cr0(enable ? read_cr0() & ~CR0_TS : read_cr0() | CR0_TS);
}

// A kernel thread needs none of this: it runs in the space that is loaded and uses no FPU.
__attribute__((noinline)) void switch_state(struct task *previous, struct task *next)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    struct space *space = next->space;
    if (space == NULL)
        return;
    cpu->tss.esp0 = (uint32_t)(&next->arch.frame + 1);
    if (cpu->cr3 != space->arch.cr3) {
        cpu->cr3 = space->arch.cr3;
        write_cr3(space->arch.cr3);
        if (cpu->tss.io_base != IO_BASE_NONE || space->arch.io_bytes != 0)
            ioports_switch(cpu, space);
    }
    if (next->routes != NULL &&
        cpu->tls_owner != next) // native tasks have no use for descriptors of their own
        load_tls(cpu, next);
    if (cpu->fpu_owner == next) {
        if (!cpu->fpu_enabled)
            switch_fpu(cpu, true);
    } else if (cpu->fpu_enabled) {
        switch_fpu(cpu, false);
    }
}
