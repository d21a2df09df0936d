// SPDX-License-Identifier: MIT
// Accounting as programs see it: getrusage(2), times(2).
#include "rusage.h"

#include "calls.h"
#include "mm.h"
#include "process.h"

#include <errno.h>
#include <linux/misc.h>
#include <linux/resource.h>
#include <linux/time.h>

static struct timeval_long timeval_of(uint64_t ns)
{
    return (struct timeval_long){ (long)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

long rusage_store(struct thread *thread, unsigned long address, const struct usage *usage)
{
    struct rusage user = {
        .user_time = timeval_of(usage->user_time),
        .system_time = timeval_of(usage->system_time),
        .maxrss = (long)(usage->peak_pages * (PAGE_SIZE / 1024)),
        .voluntary_switches = (long)usage->switches,
    };
    return mm_write(thread->mm, address, &user, sizeof user);
}

static void usage_of_thread(struct thread *thread, struct usage *usage)
{
    thread_count_time(thread);
    *usage = (struct usage){ .user_time = thread->user_time, .system_time = thread->system_time,
                             .switches = thread->switches };
}

long call_getrusage(struct thread *caller, const unsigned long args[6])
{
    struct usage usage;
    struct mm_usage memory;
    switch ((int)args[0]) {
    case RUSAGE_SELF: process_usage(caller->process, &usage); break;
    case RUSAGE_CHILDREN: usage = caller->process->children_usage; break;
    case RUSAGE_THREAD: usage_of_thread(caller, &usage); break;
    default: return -EINVAL;
    }
    if ((int)args[0] != RUSAGE_CHILDREN) {
        mm_usage(caller->mm, &memory); // brings the peak up to date
        if (caller->mm->peak_pages > usage.peak_pages)
            usage.peak_pages = caller->mm->peak_pages;
    }
    return rusage_store(caller, args[1], &usage);
}

static long ticks(uint64_t ns)
{
    return (long)(ns / NSEC_PER_TICK);
}

long call_times(struct thread *caller, const unsigned long args[6])
{
    struct usage usage;
    const struct usage *children = &caller->process->children_usage;
    if (args[0]) {
        process_usage(caller->process, &usage);
        struct tms user = { ticks(usage.user_time), ticks(usage.system_time), ticks(children->user_time),
                            ticks(children->system_time) };
        if (mm_write(caller->mm, args[0], &user, sizeof user) < 0)
            return -EFAULT;
    }
    return ticks(clock_monotonic()) & (long)(~0ul >> 1);
}
