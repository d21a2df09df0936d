// SPDX-License-Identifier: MIT
// Clocks: clock_gettime and its relatives, gettimeofday, time, times, and how times are passed.
#include "timecalls.h"

#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "vdso.h"

#include <errno.h>
#include <linux/time.h>

#define NATIVE_WIDE (sizeof(long) == 8)
#define SECONDS_MAX (UINT64_MAX / 2 / NSEC_PER_SEC)

uint64_t deadline_after(uint64_t ns)
{
    uint64_t now = clock_monotonic();
    return now + ns < now ? NO_DEADLINE - 1 : now + ns;
}

static long to_ns(int64_t seconds, int64_t nanoseconds, uint64_t *ns)
{
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    if ((uint64_t)seconds > SECONDS_MAX)
        seconds = (int64_t)SECONDS_MAX;
    *ns = (uint64_t)seconds * NSEC_PER_SEC + (uint64_t)nanoseconds;
    return 0;
}

long timespec_read(struct thread *thread, unsigned long address, bool wide, uint64_t *ns)
{
    if (wide) {
        struct timespec64 time;
        if (mm_read(thread->mm, &time, address, sizeof time) < 0)
            return -EFAULT;
        if (!NATIVE_WIDE) // only 32 bits of the nanoseconds count
            time.nanoseconds = (int32_t)time.nanoseconds;
        return to_ns(time.seconds, time.nanoseconds, ns);
    }
    struct timespec_long time;
    if (mm_read(thread->mm, &time, address, sizeof time) < 0)
        return -EFAULT;
    return to_ns(time.seconds, time.nanoseconds, ns);
}

long timespec_write(struct thread *thread, unsigned long address, bool wide, uint64_t ns)
{
    uint64_t seconds = ns / NSEC_PER_SEC, rest = ns % NSEC_PER_SEC;
    if (wide) {
        struct timespec64 time = { (int64_t)seconds, (int64_t)rest };
        return mm_write(thread->mm, address, &time, sizeof time);
    }
    struct timespec_long time = { (long)seconds, (long)rest };
    return mm_write(thread->mm, address, &time, sizeof time);
}

// The same as the last thing that a call does.
static long timespec_answer(struct thread *thread, unsigned long address, bool wide, uint64_t ns)
{
    uint64_t seconds = ns / NSEC_PER_SEC, rest = ns % NSEC_PER_SEC;
    if (wide) {
        struct timespec64 time = { (int64_t)seconds, (int64_t)rest };
        return thread_store(thread, address, &time, sizeof time);
    }
    struct timespec_long time = { (long)seconds, (long)rest };
    return thread_store(thread, address, &time, sizeof time);
}

// --- clocks. Negative numbers are CPU clocks of a process or thread: ~pid << 3 | per-thread bit | kind.

bool clock_is_cpu(int clock)
{
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

bool clock_valid(int clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
    case CLOCK_TAI: return true;
    default: return clock < 0;
    }
}

static uint64_t thread_time(struct thread *thread)
{
    thread_count_time(thread);
    return thread->user_time + thread->system_time;
}

static uint64_t process_time(struct process *process)
{
    struct usage usage;
    process_usage(process, &usage);
    return usage.user_time + usage.system_time;
}

static long dynamic_clock(struct thread *thread, int clock, uint64_t *ns)
{
    long number = ~(clock >> 3);
    if ((clock & 3) == 3)
        return -EINVAL;
    if (clock & 4) {
        struct pid *pid = number ? pid_find(number) : thread->pid;
        if (!pid || !pid->thread || pid->thread->process != thread->process)
            return -EINVAL;
        *ns = thread_time(pid->thread);
        return 0;
    }
    struct process *process = number ? process_find(number) : thread->process;
    if (!process)
        return -EINVAL;
    *ns = process_time(process);
    return 0;
}

long clock_read(struct thread *thread, int clock, uint64_t *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI: *ns = clock_realtime(); return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM: *ns = clock_monotonic(); return 0;
    case CLOCK_PROCESS_CPUTIME_ID: *ns = process_time(thread->process); return 0;
    case CLOCK_THREAD_CPUTIME_ID: *ns = thread_time(thread); return 0;
    default: return clock < 0 ? dynamic_clock(thread, clock, ns) : -EINVAL;
    }
}

static long gettime(struct thread *caller, const unsigned long args[6], bool wide)
{
    uint64_t now;
    long error = clock_read(caller, (int)args[0], &now);
    return error < 0 ? error : timespec_answer(caller, args[1], wide, now);
}

long call_clock_gettime(struct thread *caller, const unsigned long args[6])
{
    return gettime(caller, args, NATIVE_WIDE);
}

long call_clock_gettime64(struct thread *caller, const unsigned long args[6])
{
    return gettime(caller, args, true);
}

static long getres(struct thread *caller, const unsigned long args[6], bool wide)
{
    uint64_t now;
    int clock = (int)args[0];
    long error = clock_read(caller, clock, &now);
    if (error < 0 || !args[1])
        return error;
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    return timespec_answer(caller, args[1], wide, coarse ? 4000000 : 1);
}

long call_clock_getres(struct thread *caller, const unsigned long args[6])
{
    return getres(caller, args, NATIVE_WIDE);
}

long call_clock_getres_time64(struct thread *caller, const unsigned long args[6])
{
    return getres(caller, args, true);
}

static long set_wall_clock(struct thread *caller, uint64_t now)
{
    if (!capable(caller, CAP_SYS_TIME))
        return -EPERM;
    uint64_t offset = now - clock_monotonic();
    message_page->wide[0] = offset;
    long error = KCALL1(clock_set, pm->system);
    if (error < 0)
        return error;
    pm->boot_time = offset;
    vdso_set_wall_offset(offset);
    return 0;
}

static long settime(struct thread *caller, const unsigned long args[6], bool wide)
{
    uint64_t now;
    if ((int)args[0] != CLOCK_REALTIME)
        return -EINVAL;
    long error = timespec_read(caller, args[1], wide, &now);
    return error < 0 ? error : set_wall_clock(caller, now);
}

long call_clock_settime(struct thread *caller, const unsigned long args[6])
{
    return settime(caller, args, NATIVE_WIDE);
}

long call_clock_settime64(struct thread *caller, const unsigned long args[6])
{
    return settime(caller, args, true);
}

long call_settimeofday(struct thread *caller, const unsigned long args[6])
{
    struct timeval_long time;
    if (!args[0])
        return capable(caller, CAP_SYS_TIME) ? 0 : -EPERM;
    if (mm_read(caller->mm, &time, args[0], sizeof time) < 0)
        return -EFAULT;
    if (time.seconds < 0 || time.microseconds < 0 || time.microseconds >= 1000000)
        return -EINVAL;
    return set_wall_clock(caller, (uint64_t)time.seconds * NSEC_PER_SEC +
                                      (uint64_t)time.microseconds * NSEC_PER_USEC);
}

long call_stime(struct thread *caller, const unsigned long args[6])
{
    int32_t seconds;
    if (mm_read(caller->mm, &seconds, args[0], sizeof seconds) < 0)
        return -EFAULT;
    return set_wall_clock(caller, (uint64_t)seconds * NSEC_PER_SEC);
}

long call_gettimeofday(struct thread *caller, const unsigned long args[6])
{
    uint64_t now = clock_realtime();
    struct timeval_long time = { (long)(now / NSEC_PER_SEC), (long)(now % NSEC_PER_SEC / NSEC_PER_USEC) };
    int zone[2] = { 0, 0 };
    if (args[0] && mm_write(caller->mm, args[0], &time, sizeof time) < 0)
        return -EFAULT;
    return args[1] ? mm_write(caller->mm, args[1], zone, sizeof zone) : 0;
}

long call_time(struct thread *caller, const unsigned long args[6])
{
    int32_t seconds = (int32_t)(clock_realtime() / NSEC_PER_SEC);
    if (args[0] && mm_write(caller->mm, args[0], &seconds, sizeof seconds) < 0)
        return -EFAULT;
    return seconds;
}

long call_times(struct thread *caller, const unsigned long args[6])
{
    struct usage usage;
    const struct usage *children = &caller->process->children_usage;
    process_usage(caller->process, &usage);
    struct tms tms = {
        .user = (long)(usage.user_time / NSEC_PER_TICK),
        .system = (long)(usage.system_time / NSEC_PER_TICK),
        .children_user = (long)(children->user_time / NSEC_PER_TICK),
        .children_system = (long)(children->system_time / NSEC_PER_TICK),
    };
    if (args[0] && mm_write(caller->mm, args[0], &tms, sizeof tms) < 0)
        return -EFAULT;
    return (long)(clock_monotonic() / NSEC_PER_TICK);
}
