// SPDX-License-Identifier: MIT
// i386: the counter behind the clock, read in user mode, for servers and the vDSO.
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void) { return __builtin_ia32_rdtsc(); }

// As scale() of the kernel's clock.c: the multiplier is below 2^32, the shift below 32.
static inline uint64_t counter_scale(uint64_t count, uint64_t multiplier, unsigned shift)
{
    uint64_t high = (count >> 32) * (uint32_t)multiplier;
    uint64_t low = (count & UINT32_MAX) * (uint32_t)multiplier;
    return (high << (32 - shift)) + (low >> shift);
}
