// SPDX-License-Identifier: MIT
// Resource limits and usage: getrlimit, setrlimit, prlimit64, getrusage.
#include "calls.h"
#include "itimer.h"
#include "mm.h"
#include "process.h"
#include "rusage.h"
#include "vfs_client.h"

#include <errno.h>

#define NOFILE_MAX (1u << 20)    // fs.nr_open
#define OLD_INFINITY 0x7fffffffu // of the first getrlimit

struct rlimit_long {
    unsigned long current, maximum;
};

static long limits_fiber(struct thread *caller, const unsigned long *args)
{
    struct process *process = process_find((long)args[0]);
    if (process)
        vfs_limits(process);
    return 0;
}

// The stack that is there grows as far as the new limit says.
static void limit_stack(struct process *process)
{
    struct mm *mm = process_any_thread(process)->mm;
    struct region_info region;
    if (!mm || space_query(mm->space, mm->start_stack, &region) < 0 || !(region.flags & MAP_GROWSDOWN_BIT))
        return;
    uint64_t limit = process->limits[RLIMIT_STACK].current;
    unsigned long room = region.end - mm->mmap_base;
    space_limit(mm->space, region.start, region.end - (limit < room ? (unsigned long)limit : room));
}

static long set(struct thread *caller, struct process *target, unsigned which, const struct rlimit64 *new)
{
    struct rlimit64 *limit = &target->limits[which];
    if (new->current > new->maximum)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && new->maximum > NOFILE_MAX)
        return -EPERM;
    if (new->maximum > limit->maximum && !capable(caller, CAP_SYS_RESOURCE))
        return -EPERM;
    *limit = *new;
    if (which == RLIMIT_STACK)
        limit_stack(target);
    if (which == RLIMIT_CPU) {
        target->cpu_warning = 0;
        cpu_timer_rearm(target);
    }
    if (which != RLIMIT_NOFILE && which != RLIMIT_FSIZE)
        return 0;
    return thread_on_fiber(caller, limits_fiber,
                           (const unsigned long[6]){ (unsigned long)process_id(target) });
}

static uint64_t widen(unsigned long value) { return value == (unsigned long)-1 ? RLIMIT_INFINITY : value; }

static unsigned long narrow(uint64_t value)
{
    return value > (unsigned long)-1 ? (unsigned long)-1 : (unsigned long)value;
}

long call_getrlimit(struct thread *caller, const unsigned long args[6])
{
    if (args[0] >= RLIMITS)
        return -EINVAL;
    const struct rlimit64 *limit = &caller->process->limits[args[0]];
    struct rlimit_long user = { narrow(limit->current), narrow(limit->maximum) };
    return mm_write(caller->mm, args[1], &user, sizeof user);
}

long call_old_getrlimit(struct thread *caller, const unsigned long args[6])
{
    if (args[0] >= RLIMITS)
        return -EINVAL;
    const struct rlimit64 *limit = &caller->process->limits[args[0]];
    uint32_t user[2] = {
        limit->current > OLD_INFINITY ? OLD_INFINITY : (uint32_t)limit->current,
        limit->maximum > OLD_INFINITY ? OLD_INFINITY : (uint32_t)limit->maximum,
    };
    return mm_write(caller->mm, args[1], user, sizeof user);
}

long call_setrlimit(struct thread *caller, const unsigned long args[6])
{
    struct rlimit_long user;
    if (mm_read(caller->mm, &user, args[1], sizeof user) < 0)
        return -EFAULT;
    if (args[0] >= RLIMITS)
        return -EINVAL;
    struct rlimit64 new = { widen(user.current), widen(user.maximum) };
    return set(caller, caller->process, (unsigned)args[0], &new);
}

static bool may_limit(const struct thread *caller, const struct thread *target)
{
    const struct credentials *own = &caller->cred, *to = &target->cred;
    if (caller->process == target->process || capable(caller, CAP_SYS_RESOURCE))
        return true;
    return own->uid == to->uid && own->uid == to->euid && own->uid == to->suid && own->gid == to->gid &&
           own->gid == to->egid && own->gid == to->sgid;
}

long call_prlimit64(struct thread *caller, const unsigned long args[6])
{
    struct rlimit64 new, old;
    struct process *target = caller->process;
    if (args[1] >= RLIMITS)
        return -EINVAL;
    if (args[2] && mm_read(caller->mm, &new, args[2], sizeof new) < 0)
        return -EFAULT;
    if ((int)args[0] != 0) {
        struct pid *pid = pid_find((int)args[0]);
        if (!pid || !pid->thread)
            return -ESRCH;
        target = pid->thread->process;
        if (!may_limit(caller, pid->thread))
            return -EPERM;
    }
    if (args[3] && !mm_prepare(caller->mm, args[3], sizeof old))
        return -EFAULT;
    old = target->limits[args[1]];
    long result = args[2] ? set(caller, target, (unsigned)args[1], &new) : 0;
    if (args[3] && (result == 0 || result == NO_REPLY) && mm_write(caller->mm, args[3], &old, sizeof old) < 0)
        return result == NO_REPLY ? result : -EFAULT;
    return result;
}

// --- usage

static struct timeval_long to_timeval(uint64_t ns)
{
    return (struct timeval_long){ (long)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

long rusage_store(struct thread *thread, unsigned long address, const struct usage *usage)
{
    struct rusage user = {
        .user_time = to_timeval(usage->user_time),
        .system_time = to_timeval(usage->system_time),
        .maxrss = (long)(usage->peak_pages * (PAGE_SIZE / 1024)),
        .voluntary_switches = (long)usage->switches,
    };
    return mm_write(thread->mm, address, &user, sizeof user);
}

long call_getrusage(struct thread *caller, const unsigned long args[6])
{
    struct usage usage = { 0 };
    struct mm_usage mm;
    switch ((int)args[0]) {
    case RUSAGE_SELF: process_usage(caller->process, &usage); break;
    case RUSAGE_THREAD:
        thread_count_time(caller);
        usage = (struct usage){ caller->user_time, caller->system_time, caller->switches, 0 };
        break;
    case RUSAGE_CHILDREN: return rusage_store(caller, args[1], &caller->process->children_usage);
    default: return -EINVAL;
    }
    mm_usage(caller->mm, &mm);
    if (caller->mm->peak_pages > usage.peak_pages)
        usage.peak_pages = caller->mm->peak_pages;
    return rusage_store(caller, args[1], &usage);
}

long call_ulimit(struct thread *caller, const unsigned long args[6])
{
    return -ENOSYS; // as Linux
}
