// SPDX-License-Identifier: MIT
// riscv64: this CPU is what tp points to, always, while in the kernel.
#pragma once

#include <cpu.h>

register struct cpu *cpu_in_tp __asm__("tp");

static inline struct cpu *this_cpu(void) { return cpu_in_tp; }

static inline uint64_t arch_cycles(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}
