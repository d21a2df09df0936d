// SPDX-License-Identifier: MIT
// example: boot and traps. What is empty here is assembly in a real port: the first instructions, trap entry, the
// way out. The order of a boot: memory from the firmware's tables into boot_info, kernel page tables, console,
// traps, clock, then kernel_main(), which calls arch_init() and ends in arch_leave().

#include <arch.h>
#include <arch/cpu.h>
#include <task.h>

void example_boot(void);
void example_trap_entry(unsigned long cause, unsigned long address);

void example_boot(void)
{
    static struct boot_info info;
    kernel_main(&info);
}

// Interrupt controller and whatever needs kernel objects.
void arch_init(void) {}

// The way out of every trap. The frame of cpu->current is all there is to restore: a new task comes this way too.
static void leave(void)
{
    trap_leave();
    __builtin_unreachable(); // load the registers of this_cpu()->current->arch.frame and return from the trap
}

_Noreturn void arch_leave(void)
{
    leave();
    __builtin_unreachable();
}

// Entry has stored the registers of this_cpu()->current in its frame and moved to the CPU's kernel stack.
void example_trap_entry(unsigned long cause, unsigned long address)
{
    struct task *task = this_cpu()->current;
    switch (cause) {
    case 0: trap_call(task); break;
    case 1: trap_page_fault(task, address, ACCESS_READ); break;
    case 2: trap_exception(task, FAULT_ILLEGAL, address, cause, 0); break;
    case 3: trap_timer(); break;
    default: trap_irq((unsigned)cause); break; // masked and acknowledged at the controller
    }
    leave();
}

// A kernel thread keeps what a function call preserves in its frame, moves to the CPU's stack and leaves.
void arch_kernel_yield(void) { leave(); }

unsigned arch_backtrace(unsigned long *pc, unsigned count, unsigned long frame_pointer)
{
    (void)pc, (void)count, (void)frame_pointer;
    return 0;
}
