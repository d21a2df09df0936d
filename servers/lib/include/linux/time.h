// SPDX-License-Identifier: MIT
// Clocks and time structures. The "long" forms are what the old calls take (32 bits on i386), the "64" forms
// what the *_time64 calls and every call of a 64-bit architecture take.
#pragma once

#include <stdint.h>

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11

#define TIMER_ABSTIME 1

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_USEC 1000ull
#define CLOCK_TICKS_PER_SECOND 100 // USER_HZ
#define NSEC_PER_TICK (NSEC_PER_SEC / CLOCK_TICKS_PER_SECOND)

struct timespec_long {
    long seconds, nanoseconds;
};
struct timespec64 {
    int64_t seconds, nanoseconds;
};
struct timeval_long {
    long seconds, microseconds;
};
struct itimerval_long {
    struct timeval_long interval, value;
};
struct itimerspec64 {
    struct timespec64 interval, value;
};
struct itimerspec_long {
    struct timespec_long interval, value;
};
