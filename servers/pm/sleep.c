// SPDX-License-Identifier: MIT
// nanosleep and clock_nanosleep. A relative sleep that a signal interrupts goes on with restart_syscall(2).
#include "sleep.h"

#include "calls.h"
#include "futex.h"
#include "state.h"
#include "timecalls.h"

#include <errno.h>
#include <linux/time.h>

static uint64_t left(uint64_t deadline)
{
    uint64_t now = clock_monotonic();
    return deadline > now ? deadline - now : 0;
}

static long sleep_until(struct thread *caller, uint64_t deadline, unsigned long remaining, bool wide,
                        bool absolute)
{
    if (deadline <= clock_monotonic())
        return 0;
    struct park *park = &caller->park;
    park->sleep.deadline = deadline;
    park->sleep.remaining = remaining;
    park->sleep.wide = wide;
    park->sleep.absolute = absolute;
    if (signals_due(caller))
        return sleep_interrupted(caller);
    thread_park(caller, PARK_SLEEP, deadline);
    return NO_REPLY;
}

long sleep_interrupted(struct thread *thread)
{
    struct park *park = &thread->park;
    if (park->sleep.absolute)
        return -ERESTARTNOHAND;
    if (park->sleep.remaining &&
        timespec_write(thread, park->sleep.remaining, park->sleep.wide, left(park->sleep.deadline)) < 0)
        return -EFAULT;
    thread->block = (struct restart_block){
        .kind = BLOCK_SLEEP,
        .deadline = park->sleep.deadline,
        .remaining = park->sleep.remaining,
        .wide = park->sleep.wide,
    };
    return -ERESTART_RESTARTBLOCK;
}

long sleep_restart(struct thread *thread)
{
    const struct restart_block *block = &thread->block;
    return sleep_until(thread, block->deadline, block->remaining, block->wide, false);
}

static long nanosleep(struct thread *caller, int clock, bool absolute, unsigned long request,
                      unsigned long remaining, bool wide)
{
    uint64_t ns;
    long error = timespec_read(caller, request, wide, &ns);
    if (error < 0)
        return error;
    if (!absolute)
        return sleep_until(caller, deadline_after(ns), remaining, wide, false);
    uint64_t now;
    clock_read(caller, clock, &now);
    return sleep_until(caller, ns > now ? deadline_after(ns - now) : 0, 0, wide, true);
}

long call_nanosleep(struct thread *caller, const unsigned long args[6])
{
    return nanosleep(caller, CLOCK_MONOTONIC, false, args[0], args[1], sizeof(long) == 8);
}

static long clock_nanosleep(struct thread *caller, const unsigned long args[6], bool wide)
{
    int clock = (int)args[0];
    if (!clock_valid(clock) || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    if (clock_is_cpu(clock) || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    return nanosleep(caller, clock, args[1] & TIMER_ABSTIME, args[2], args[3], wide);
}

long call_clock_nanosleep(struct thread *caller, const unsigned long args[6])
{
    return clock_nanosleep(caller, args, sizeof(long) == 8);
}

long call_clock_nanosleep_time64(struct thread *caller, const unsigned long args[6])
{
    return clock_nanosleep(caller, args, true);
}

long call_restart_syscall(struct thread *caller, const unsigned long args[6])
{
    enum block_kind kind = caller->block.kind;
    if (kind != BLOCK_VFS) // vfs may not even have begun when that is interrupted
        caller->block.kind = BLOCK_NONE;
    switch (kind) {
    case BLOCK_SLEEP: return sleep_restart(caller);
    case BLOCK_FUTEX: return futex_restart(caller);
    case BLOCK_VFS: return call_forward(caller);
    case BLOCK_NONE: break;
    }
    return -EINTR;
}
