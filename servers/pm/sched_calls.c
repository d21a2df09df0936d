// SPDX-License-Identifier: MIT
// Scheduling parameters: nice, priorities, policies, affinity. The kernel has the mechanism (task_set_schedule).
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "timecalls.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#define REALTIME_PRIORITIES 99
#define ROUND_SLICE_NS 100000000ull

// Weights of nice -20 to 19: each step is a factor of 1.25.
static const unsigned weights[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

// Priorities 1 to 99 share what the kernel has below the servers'.
static long apply(struct thread *thread)
{
    if (thread->state == THREAD_DEAD)
        return 0;
    unsigned fixed = 1 + (unsigned)thread->priority * 27 / REALTIME_PRIORITIES;
    switch (thread->policy) {
    case SCHED_FIFO: return task_set_schedule(thread->task, SCHEDULE_FIXED, fixed);
    case SCHED_RR: return task_set_schedule(thread->task, SCHEDULE_ROUND, fixed);
    case SCHED_IDLE: return task_set_schedule(thread->task, SCHEDULE_FAIR, 3);
    default: return task_set_schedule(thread->task, SCHEDULE_FAIR, weights[thread->nice + 20]);
    }
}

static struct thread *named(struct thread *caller, long number)
{
    if (number == 0)
        return caller;
    struct pid *pid = pid_find(number);
    return pid ? pid->thread : NULL;
}

static bool owns(const struct thread *caller, const struct thread *target)
{
    return caller->cred.euid == target->cred.uid || caller->cred.euid == target->cred.euid ||
           capable(caller, CAP_SYS_NICE);
}

static bool may_nice(const struct thread *caller, const struct thread *target, int nice)
{
    uint64_t lowest = target->process->limits[RLIMIT_NICE].current;
    return nice >= target->nice || (uint64_t)(20 - nice) <= lowest || capable(caller, CAP_SYS_NICE);
}

static int clamp_nice(long nice) { return nice < -20 ? -20 : nice > 19 ? 19 : (int)nice; }

long call_nice(struct thread *caller, const unsigned long args[6])
{
    long change = (int)args[0];
    change = change < -40 ? -40 : change > 40 ? 40 : change;
    int nice = clamp_nice(caller->nice + change);
    if (!may_nice(caller, caller, nice))
        return -EPERM;
    caller->nice = nice;
    return apply(caller);
}

static long set_nice(struct thread *caller, struct thread *target, int nice)
{
    if (!owns(caller, target))
        return -EPERM;
    if (!may_nice(caller, target, nice))
        return -EACCES;
    target->nice = nice;
    return apply(target);
}

// Calls fn for each thread that (which, who) means. -> false if there is none.
static bool each_meant(struct thread *caller, int which, long who,
                       void (*fn)(struct thread *, struct thread *, long *), long *result)
{
    bool any = false;
    for (struct pid *pid = pid_next(1); pid; pid = pid_next(pid->number + 1)) {
        struct thread *thread = pid->thread;
        if (!thread)
            continue;
        bool meant = which == PRIO_PROCESS ? thread == named(caller, who)
                     : which == PRIO_PGRP  ? thread->process->group->number ==
                                                (who ? who : (long)caller->process->group->number)
                                          : thread->cred.uid == (who ? (uint32_t)who : caller->cred.uid);
        if (!meant)
            continue;
        any = true;
        fn(caller, thread, result);
    }
    return any;
}

static void get_one(struct thread *caller, struct thread *thread, long *best)
{
    if (20 - thread->nice > *best)
        *best = 20 - thread->nice;
}

long call_getpriority(struct thread *caller, const unsigned long args[6])
{
    long best = -ESRCH;
    if (args[0] > PRIO_USER)
        return -EINVAL;
    each_meant(caller, (int)args[0], (int)args[1], get_one, &best);
    return best;
}

struct nice_request {
    long result;
    int nice;
};

static void set_one(struct thread *caller, struct thread *thread, long *result)
{
    struct nice_request *request = container_of(result, struct nice_request, result);
    long error = set_nice(caller, thread, request->nice);
    if (error < 0 || request->result == -ESRCH)
        request->result = error;
}

long call_setpriority(struct thread *caller, const unsigned long args[6])
{
    struct nice_request request = { -ESRCH, clamp_nice((int)args[2]) };
    if (args[0] > PRIO_USER)
        return -EINVAL;
    each_meant(caller, (int)args[0], (int)args[1], set_one, &request.result);
    return request.result;
}

// --- policies

static bool real_time(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

static bool policy_known(int policy)
{
    return policy == SCHED_OTHER || real_time(policy) || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static long set_policy(struct thread *caller, struct thread *target, int policy, int priority)
{
    bool reset = policy & SCHED_RESET_ON_FORK;
    policy &= ~SCHED_RESET_ON_FORK;
    if (!policy_known(policy) || priority < 0 || priority > REALTIME_PRIORITIES ||
        real_time(policy) != (priority != 0))
        return -EINVAL;
    if (!capable(caller, CAP_SYS_NICE)) {
        uint64_t limit = target->process->limits[RLIMIT_RTPRIO].current;
        if (real_time(policy) && (uint64_t)priority > limit &&
            (policy != target->policy || priority > target->priority))
            return -EPERM;
        if (!owns(caller, target) || (target->reset_on_fork && !reset))
            return -EPERM;
    }
    target->policy = policy;
    target->priority = priority;
    target->reset_on_fork = reset;
    return apply(target);
}

long call_sched_setscheduler(struct thread *caller, const unsigned long args[6])
{
    int priority;
    if ((int)args[0] < 0 || (int)args[1] < 0 || !args[2])
        return -EINVAL;
    if (mm_read(caller->mm, &priority, args[2], sizeof priority) < 0)
        return -EFAULT;
    struct thread *target = named(caller, (int)args[0]);
    return target ? set_policy(caller, target, (int)args[1], priority) : -ESRCH;
}

long call_sched_setparam(struct thread *caller, const unsigned long args[6])
{
    int priority;
    if ((int)args[0] < 0 || !args[1])
        return -EINVAL;
    if (mm_read(caller->mm, &priority, args[1], sizeof priority) < 0)
        return -EFAULT;
    struct thread *target = named(caller, (int)args[0]);
    if (!target)
        return -ESRCH;
    return set_policy(caller, target, target->policy | (target->reset_on_fork ? SCHED_RESET_ON_FORK : 0),
                      priority);
}

long call_sched_getscheduler(struct thread *caller, const unsigned long args[6])
{
    struct thread *target = (int)args[0] < 0 ? NULL : named(caller, (int)args[0]);
    if (!target)
        return (int)args[0] < 0 ? -EINVAL : -ESRCH;
    return target->policy | (target->reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long call_sched_getparam(struct thread *caller, const unsigned long args[6])
{
    struct thread *target = (int)args[0] < 0 ? NULL : named(caller, (int)args[0]);
    if (!target || !args[1])
        return (int)args[0] < 0 || !args[1] ? -EINVAL : -ESRCH;
    return mm_write(caller->mm, args[1], &target->priority, sizeof target->priority);
}

long call_sched_get_priority_max(struct thread *caller, const unsigned long args[6])
{
    return !policy_known((int)args[0]) ? -EINVAL : real_time((int)args[0]) ? REALTIME_PRIORITIES : 0;
}

long call_sched_get_priority_min(struct thread *caller, const unsigned long args[6])
{
    return !policy_known((int)args[0]) ? -EINVAL : real_time((int)args[0]) ? 1 : 0;
}

static long get_interval(struct thread *caller, const unsigned long args[6], bool wide)
{
    struct thread *target = (int)args[0] < 0 ? NULL : named(caller, (int)args[0]);
    if (!target)
        return (int)args[0] < 0 ? -EINVAL : -ESRCH;
    return timespec_write(caller, args[1], wide, target->policy == SCHED_RR ? ROUND_SLICE_NS : 0);
}

long call_sched_rr_get_interval(struct thread *caller, const unsigned long args[6])
{
    return get_interval(caller, args, sizeof(long) == 8);
}

long call_sched_rr_get_interval_time64(struct thread *caller, const unsigned long args[6])
{
    return get_interval(caller, args, true);
}

// --- affinity: one processor

long call_sched_setaffinity(struct thread *caller, const unsigned long args[6])
{
    struct thread *target = named(caller, (int)args[0]);
    unsigned long mask = 0;
    size_t length = args[1] < sizeof mask ? args[1] : sizeof mask;
    if (mm_read(caller->mm, &mask, args[2], length) < 0)
        return -EFAULT;
    if (!target)
        return -ESRCH;
    if (!owns(caller, target))
        return -EPERM;
    return mask & 1 ? 0 : -EINVAL;
}

long call_sched_getaffinity(struct thread *caller, const unsigned long args[6])
{
    unsigned long mask = 1;
    if (args[1] < sizeof mask || (args[1] & (sizeof mask - 1)))
        return -EINVAL;
    if (!named(caller, (int)args[0]))
        return -ESRCH;
    return mm_write(caller->mm, args[2], &mask, sizeof mask) < 0 ? -EFAULT : (long)sizeof mask;
}

long call_getcpu(struct thread *caller, const unsigned long args[6])
{
    uint32_t zero = 0;
    if (args[0] && mm_write(caller->mm, args[0], &zero, sizeof zero) < 0)
        return -EFAULT;
    return args[1] ? mm_write(caller->mm, args[1], &zero, sizeof zero) : 0;
}

// --- sched_setattr, sched_getattr

long call_sched_setattr(struct thread *caller, const unsigned long args[6])
{
    struct sched_attr attributes = { 0 };
    if (!args[1] || args[2] || (int)args[0] < 0)
        return -EINVAL;
    if (mm_read(caller->mm, &attributes, args[1], SCHED_ATTR_SIZE_VER0) < 0)
        return -EFAULT;
    if (attributes.size && attributes.size < SCHED_ATTR_SIZE_VER0)
        return -E2BIG;
    struct thread *target = named(caller, (int)args[0]);
    if (!target)
        return -ESRCH;
    if (attributes.flags & ~SCHED_FLAG_RESET_ON_FORK)
        return -EINVAL;
    bool fair = attributes.policy == SCHED_OTHER || attributes.policy == SCHED_BATCH;
    int nice = clamp_nice(attributes.nice);
    if (fair && !may_nice(caller, target, nice))
        return -EPERM;
    int reset = attributes.flags & SCHED_FLAG_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0;
    long error = set_policy(caller, target, (int)attributes.policy | reset, (int)attributes.priority);
    return error == 0 && fair ? set_nice(caller, target, nice) : error;
}

long call_sched_getattr(struct thread *caller, const unsigned long args[6])
{
    uint32_t size = (uint32_t)args[2];
    if (!args[1] || (int)args[0] < 0 || args[3] || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -EINVAL;
    struct thread *target = named(caller, (int)args[0]);
    if (!target)
        return -ESRCH;
    struct sched_attr attributes = {
        .size = size < sizeof attributes ? size : sizeof attributes,
        .policy = (uint32_t)target->policy,
        .flags = target->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
        .nice = real_time(target->policy) ? 0 : target->nice,
        .priority = (uint32_t)target->priority,
    };
    return mm_write(caller->mm, args[1], &attributes, attributes.size);
}
