// SPDX-License-Identifier: MIT
// riscv64: this CPU is what tp points to, always, while in the kernel.
#pragma once

#include <cpu.h>

register struct cpu *cpu_in_tp __asm__("tp");

static inline struct cpu *this_cpu(void) { return cpu_in_tp; }
