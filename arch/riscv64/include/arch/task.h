// SPDX-License-Identifier: MIT
// riscv64: what a task owns of the CPU. User tasks' registers go straight into `frame`; a kernel thread's do
// too, with `status` telling which of the two it is (SPP) and whether it runs with interrupts on (SPIE).
// Offsets are repeated for assembly in arch/riscv64/offsets.h and asserted in task.c.
#pragma once

#include <arch/types.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

// Linux's __riscv_d_ext_state, so that arch_fpu_read() is a copy.
struct fpu_state {
    uint64_t f[32];
    uint32_t fcsr;
    uint32_t unused;
};

struct arch_task {
    struct user_frame frame; // first: entry code finds it at the address of the task
    struct cpu *cpu;         // the CPU it was last switched to; entry code gets tp from here
    uint64_t status;         // kernel threads: sstatus to return with; 0: user task
    struct cpu *fpu_cpu;     // whose FPU may still hold `fpu`
    bool fpu_used;           // false: registers are all zero and fpu holds nothing yet
    struct fpu_state fpu;    // up to date whenever the task is not its CPU's current one
};
