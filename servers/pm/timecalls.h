// SPDX-License-Identifier: MIT
// Clocks and the transfer of times between programs and pm, in either width.
#pragma once

// Clocks that the kernel answers by itself, by number; see clock_read.
#define MONOTONIC_CLOCKS                                                                                     \
    (1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE |                      \
     1u << CLOCK_BOOTTIME | 1u << CLOCK_BOOTTIME_ALARM)
#define WALL_CLOCKS                                                                                          \
    (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE | 1u << CLOCK_REALTIME_ALARM | 1u << CLOCK_TAI)

#include <stdbool.h>
#include <stdint.h>

struct thread;

uint64_t deadline_after(uint64_t ns); // monotonic, saturated
// User memory <-> ns. Reading: -EFAULT, -EINVAL (negative or not normalised); too large saturates.
long timespec_read(struct thread *thread, unsigned long address, bool wide, uint64_t *ns);
long timespec_write(struct thread *thread, unsigned long address, bool wide, uint64_t ns);
bool clock_valid(int clock);
bool clock_is_cpu(int clock);
long clock_read(struct thread *thread, int clock, uint64_t *ns); // -> 0, -EINVAL
