// SPDX-License-Identifier: MIT
// riscv64: from boot.S to kernel_main(): this CPU, what the device tree tells, console, tables, clock, interrupts.

#include "csr.h"
#include "riscv64.h"
#include <arch/cpu.h>

extern char boot_stack_top[], fault_stack_top[];

// Runs on the CPU's kernel stack, in the boot tables, interrupts off.
void boot(unsigned long hart, uint64_t devicetree)
{
    static struct boot_info info;
    struct arch_cpu *cpu = &this_cpu()->arch;
    cpu->stack_top = boot_stack_top;
    cpu->fault_stack_top = fault_stack_top;
    cpu->hart = hart;
    devicetree_read(devicetree, hart, &info);
    paging_init(&info);
    console_init();
    timer_init();
    kernel_main(&info);
}

void arch_init(void) { plic_init(); }
