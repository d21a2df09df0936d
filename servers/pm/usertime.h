// SPDX-License-Identifier: MIT
// Times in user memory and arithmetic on them. "wide" means the 64-bit structures of the *_time64 calls and of
// 64-bit architectures, otherwise those of native longs. Times are nanoseconds; sums stop at the largest.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

// A timespec. -> 0; -EFAULT; -EINVAL: negative, or nanoseconds out of range
long user_time_read(struct thread *thread, unsigned long address, bool wide, uint64_t *time);
long user_time_write(struct thread *thread, unsigned long address, bool wide, uint64_t time);

uint64_t time_add(uint64_t a, uint64_t b);
uint64_t time_from_realtime(uint64_t time); // a moment of CLOCK_REALTIME on the monotonic clock
