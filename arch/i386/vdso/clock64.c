// SPDX-License-Identifier: MIT
// i386: the clock functions that other architectures have no need of.
#include <vdso.h>

int __vdso_clock_gettime64(int clock, struct timespec64 *time);
long __vdso_time(long *seconds);

int __vdso_clock_gettime64(int clock, struct timespec64 *time)
{
    uint64_t now;
    if (!clock_now(clock, &now))
        return (int)vdso_call(VDSO_CLOCK_GETTIME64, clock, time);
    unsigned long nanoseconds;
    time->seconds = (int64_t)vdso_split(now, &nanoseconds);
    time->nanoseconds = (long)nanoseconds;
    return 0;
}

long __vdso_time(long *seconds)
{
    uint64_t now;
    if (!clock_now(CLOCK_REALTIME, &now))
        return vdso_call(VDSO_TIME, (long)seconds, 0);
    unsigned long nanoseconds;
    long result = (long)vdso_split(now, &nanoseconds);
    if (seconds)
        *seconds = result;
    return result;
}
