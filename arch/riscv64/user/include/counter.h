// SPDX-License-Identifier: MIT
// riscv64: the counter behind the clock, read in user mode, for servers and the vDSO.
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

// As arch_cycles_to_ns() of the kernel's timer.c.
static inline uint64_t counter_scale(uint64_t count, uint64_t multiplier, unsigned shift)
{
    return (uint64_t)((unsigned __int128)count * multiplier >> shift);
}
