// SPDX-License-Identifier: MIT
// The wall clock: an offset to the monotonic clock, read from the machine at boot. How counts become time.
#pragma once

#include <stdint.h>

struct clock_scale { // ns = (count - start) * multiplier >> shift, the product being 128 bits wide
    uint64_t start, multiplier;
    unsigned shift; // at most 32
};

void clock_init(void);
uint64_t clock_wall_offset(void); // ns to add to arch_clock()
void clock_set_wall_offset(uint64_t offset);
