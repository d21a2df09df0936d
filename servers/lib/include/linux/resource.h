// SPDX-License-Identifier: MIT
// Resource limits and usage (getrlimit(2), getrusage(2)). struct rusage is in native longs on both architectures.
#pragma once

#include <linux/time.h>
#include <stdint.h>

#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIMITS 16

#define RLIMIT_INFINITY UINT64_MAX

struct rlimit64 {
    uint64_t current, maximum;
};

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

struct rusage {
    struct timeval_long user_time, system_time;
    long maxrss; // KiB
    long ixrss, idrss, isrss;
    long minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals;
    long voluntary_switches, involuntary_switches;
};
