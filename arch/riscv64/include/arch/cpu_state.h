// SPDX-License-Identifier: MIT
// riscv64: what a CPU owns besides the generic struct cpu, of which this is the first member. In the kernel tp
// points here. sscratch is the current task while a user task runs, and 0 in the kernel.
#pragma once

#include <arch/types.h>
#include <stdint.h>

struct task;
struct space;

#define ARCH_CPU_ALIGN 64 // a cache line

struct arch_cpu {
    void *stack_top;               // kernel stack: empty at every trap
    void *fault_stack_top;         // for faults of the kernel itself (its stack may be what is broken)
    uint64_t scratch;              // entry code, between two instructions
    struct user_frame fault_frame; // registers at a fault of the kernel itself
    struct task *fpu_owner;        // whose values are in the FPU registers, NULL: nobody's
    struct space *space;           // whose table satp holds, NULL: the kernel's own
    uint64_t asid_generation, asid_next, asid_limit;
    unsigned long hart;
};
