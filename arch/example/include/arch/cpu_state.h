// SPDX-License-Identifier: MIT
// example: what a CPU owns besides the generic struct cpu, of which this is the first member.
#pragma once

struct space;

#define ARCH_CPU_ALIGN 64

struct arch_cpu {
    void *stack_top;     // kernel stack: empty at every trap
    struct space *space; // loaded
};
