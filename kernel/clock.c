// SPDX-License-Identifier: MIT
// The wall clock: an offset to the monotonic clock, read from the machine at boot.
#include <arch.h>
#include <clock.h>

static uint64_t offset;

void clock_init(void) { offset = arch_wall_clock() - arch_clock(); }

uint64_t clock_wall_offset(void) { return offset; }

void clock_set_wall_offset(uint64_t value) { offset = value; }
