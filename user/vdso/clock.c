// SPDX-License-Identifier: MIT
// clock_gettime, clock_getres and gettimeofday as the vDSO offers them (vdso(7)), in the machine's words.
#include <vdso.h>

long __vdso_clock_gettime(int clock, struct timespec_long *time);
long __vdso_clock_getres(int clock, struct timespec_long *resolution);
long __vdso_gettimeofday(struct timeval_long *time, int zone[2]);

long __vdso_clock_gettime(int clock, struct timespec_long *time)
{
    uint64_t now;
    if (!clock_now(clock, &now))
        return vdso_call(VDSO_CLOCK_GETTIME, clock, time);
    unsigned long nanoseconds;
    time->seconds = (long)vdso_split(now, &nanoseconds);
    time->nanoseconds = (long)nanoseconds;
    return 0;
}

long __vdso_clock_getres(int clock, struct timespec_long *resolution)
{
    if (!clock_among(clock, MONOTONIC_CLOCKS | WALL_CLOCKS))
        return vdso_call(VDSO_CLOCK_GETRES, clock, resolution);
    if (resolution)
        *resolution = (struct timespec_long){ 0, clock_among(clock, COARSE_CLOCKS) ? COARSE_RESOLUTION : 1 };
    return 0;
}

long __vdso_gettimeofday(struct timeval_long *time, int zone[2])
{
    uint64_t now;
    if (!clock_now(CLOCK_REALTIME, &now))
        return vdso_call(VDSO_GETTIMEOFDAY, (long)time, zone);
    if (time) {
        unsigned long nanoseconds;
        time->seconds = (long)vdso_split(now, &nanoseconds);
        time->microseconds = (long)(nanoseconds / NSEC_PER_USEC);
    }
    if (zone)
        zone[0] = zone[1] = 0;
    return 0;
}
