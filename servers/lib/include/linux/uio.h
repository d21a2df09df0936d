// SPDX-License-Identifier: MIT
// Vectors of readv(2) and friends, and times as system calls pass them.
#pragma once

#include <stdint.h>

#define IOV_MAX 1024

struct linux_iovec {
    unsigned long base, length;
};

// timeval and timespec of the native calls: two `long`s.
struct linux_time_pair {
    long seconds, part;
};

// __kernel_timespec of the *_time64 calls.
struct linux_time_pair64 {
    int64_t seconds, part;
};
