// SPDX-License-Identifier: MIT
// This CPU. Only the boot CPU is started; a second one brings a per-CPU segment and changes this function and
// the two places in entry.S that name boot_cpu.
#pragma once

#include <cpu.h>

static inline struct cpu *this_cpu(void) { return &boot_cpu; }

static inline uint64_t arch_cycles(void) { return __builtin_ia32_rdtsc(); }
