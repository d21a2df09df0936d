// SPDX-License-Identifier: MIT
// The wall clock: an offset to the monotonic clock, read from the machine at boot.
#pragma once

#include <stdint.h>

void clock_init(void);
uint64_t clock_wall_offset(void); // ns to add to arch_clock()
void clock_set_wall_offset(uint64_t offset);
