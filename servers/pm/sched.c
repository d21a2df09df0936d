// SPDX-License-Identifier: MIT
// nice, setpriority and the sched_* calls (sched(7)). Fair tasks have Linux's weights, each nice level 1.25 times
// the next one's; real-time priorities 1..99 share the kernel's fixed levels below those of the servers.
#include "sched.h"

#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <string.h>

#define REALTIME_MAX 99
#define FIXED_LEVELS 24 // kernel levels 1..24 are users'; servers' begin above
#define ROUND_ROBIN_SLICE 4000000

// Linux's sched_prio_to_weight, nice -20 first.
static const uint32_t weights[40] = { 88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
                                      9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,
                                      1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,
                                      110,   87,    70,    56,    45,    36,    29,    23,    18,    15 };

static bool realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

void schedule_apply(struct thread *thread)
{
    if (!thread->task)
        return;
    unsigned level = 1 + (unsigned)thread->priority * (FIXED_LEVELS - 1) / REALTIME_MAX;
    switch (thread->policy) {
    case SCHED_FIFO: task_set_schedule(thread->task, SCHEDULE_FIXED, level); break;
    case SCHED_RR: task_set_schedule(thread->task, SCHEDULE_ROUND, level); break;
    case SCHED_IDLE: task_set_schedule(thread->task, SCHEDULE_IDLE, 0); break;
    default: task_set_schedule(thread->task, SCHEDULE_FAIR, weights[thread->nice + 20]);
    }
}

static struct thread *find_thread(struct thread *caller, unsigned long tid)
{
    if ((int)tid == 0)
        return caller;
    struct pid *pid = pid_find((int)tid);
    return pid ? pid->thread : NULL;
}

static bool may_change(const struct thread *caller, const struct thread *target)
{
    return caller->cred.euid == target->cred.euid || caller->cred.euid == target->cred.uid ||
           capable(caller, CAP_SYS_NICE);
}

// RLIMIT_NICE: 20 - limit is the lowest nice value allowed.
static bool may_nice(const struct thread *caller, const struct thread *target, int nice)
{
    return nice >= target->nice || (uint64_t)(20 - nice) <= target->process->limits[RLIMIT_NICE].current ||
           capable(caller, CAP_SYS_NICE);
}

static int clamp_nice(long nice)
{
    return nice < -20 ? -20 : nice > 19 ? 19 : (int)nice;
}

long call_nice(struct thread *caller, const unsigned long args[6])
{
    long step = (int)args[0] < -40 ? -40 : (int)args[0] > 40 ? 40 : (int)args[0];
    int nice = clamp_nice(caller->nice + step);
    if (step < 0 && !may_nice(caller, caller, nice))
        return -EPERM;
    caller->nice = nice;
    schedule_apply(caller);
    return 0;
}

// --- getpriority, setpriority: one thread, or every thread of a process group or user

struct priority_walk {
    struct thread *caller;
    bool set;
    int nice;
    long result; // get: 20 - lowest nice found; set: 0 or the error
};

static void visit(struct priority_walk *walk, struct thread *thread)
{
    if (!walk->set) {
        long value = 20 - thread->nice;
        if (value > walk->result)
            walk->result = value;
        return;
    }
    if (!may_change(walk->caller, thread)) {
        walk->result = -EPERM;
    } else if (!may_nice(walk->caller, thread, walk->nice)) {
        walk->result = -EACCES;
    } else {
        if (walk->result == -ESRCH)
            walk->result = 0;
        thread->nice = walk->nice;
        schedule_apply(thread);
    }
}

static void visit_group(struct priority_walk *walk, struct pid *group)
{
    if (!group)
        return;
    list_for_each_safe(process, &group->group, struct process, in_group)
        for_each_thread(thread, process)
            visit(walk, thread);
}

static void visit_user(struct priority_walk *walk, uint32_t uid)
{
    for (uint32_t i = 0; i < pm->slot_count; i++) {
        struct thread *thread = pm->slots[i].thread;
        if (thread && thread->process && thread->cred.uid == uid)
            visit(walk, thread);
    }
}

static long walk_priorities(struct priority_walk *walk, unsigned long which, unsigned long who)
{
    struct thread *thread;
    walk->result = -ESRCH;
    switch ((int)which) {
    case PRIO_PROCESS:
        thread = find_thread(walk->caller, who);
        if (thread)
            visit(walk, thread);
        break;
    case PRIO_PGRP: visit_group(walk, who ? pid_find((int)who) : walk->caller->process->group); break;
    case PRIO_USER: visit_user(walk, who ? (uint32_t)who : walk->caller->cred.uid); break;
    default: return -EINVAL;
    }
    return walk->result;
}

long call_getpriority(struct thread *caller, const unsigned long args[6])
{
    struct priority_walk walk = { .caller = caller };
    return walk_priorities(&walk, args[0], args[1]);
}

long call_setpriority(struct thread *caller, const unsigned long args[6])
{
    struct priority_walk walk = { .caller = caller, .set = true, .nice = clamp_nice((int)args[2]) };
    return walk_priorities(&walk, args[0], args[1]);
}

// --- policies

static bool valid(int policy, int priority)
{
    switch (policy) {
    case SCHED_FIFO:
    case SCHED_RR: return priority >= 1 && priority <= REALTIME_MAX;
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE: return priority == 0;
    default: return false;
    }
}

// Linux's user_check_sched_setscheduler.
static bool permitted(const struct thread *caller, const struct thread *target, int policy, int priority, bool reset)
{
    if (capable(caller, CAP_SYS_NICE))
        return true;
    uint64_t limit = target->process->limits[RLIMIT_RTPRIO].current;
    if (realtime(policy)) {
        if (policy != target->policy && limit == 0)
            return false;
        if (priority > target->priority && (uint64_t)priority > limit)
            return false;
    }
    if (target->policy == SCHED_IDLE && policy != SCHED_IDLE && !may_nice(caller, target, target->nice - 1))
        return false;
    return may_change(caller, target) && !(target->reset_on_fork && !reset);
}

static long set_policy(struct thread *caller, unsigned long tid, int policy, int priority)
{
    bool reset = policy & SCHED_RESET_ON_FORK;
    policy &= ~SCHED_RESET_ON_FORK;
    if ((int)tid < 0)
        return -EINVAL;
    struct thread *target = find_thread(caller, tid);
    if (!target)
        return -ESRCH;
    if (!valid(policy, priority))
        return -EINVAL;
    if (!permitted(caller, target, policy, priority, reset))
        return -EPERM;
    target->policy = policy;
    target->priority = priority;
    target->reset_on_fork = reset;
    schedule_apply(target);
    return 0;
}

static long read_priority(struct thread *caller, unsigned long address, int *priority)
{
    return address == 0 ? -EINVAL : mm_read(caller->mm, priority, address, sizeof *priority);
}

long call_sched_setscheduler(struct thread *caller, const unsigned long args[6])
{
    int priority;
    if ((int)args[1] < 0)
        return -EINVAL;
    long error = read_priority(caller, args[2], &priority);
    return error < 0 ? error : set_policy(caller, args[0], (int)args[1], priority);
}

long call_sched_setparam(struct thread *caller, const unsigned long args[6])
{
    int priority;
    long error = read_priority(caller, args[1], &priority);
    if (error < 0)
        return error;
    struct thread *target = (int)args[0] < 0 ? NULL : find_thread(caller, args[0]);
    if (!target)
        return (int)args[0] < 0 ? -EINVAL : -ESRCH;
    return set_policy(caller, args[0], target->policy | (target->reset_on_fork ? SCHED_RESET_ON_FORK : 0), priority);
}

long call_sched_getscheduler(struct thread *caller, const unsigned long args[6])
{
    if ((int)args[0] < 0)
        return -EINVAL;
    struct thread *target = find_thread(caller, args[0]);
    return target ? target->policy | (target->reset_on_fork ? SCHED_RESET_ON_FORK : 0) : -ESRCH;
}

long call_sched_getparam(struct thread *caller, const unsigned long args[6])
{
    if ((int)args[0] < 0 || args[1] == 0)
        return -EINVAL;
    struct thread *target = find_thread(caller, args[0]);
    return target ? mm_write(caller->mm, args[1], &target->priority, sizeof target->priority) : -ESRCH;
}

long call_sched_setattr(struct thread *caller, const unsigned long args[6])
{
    struct sched_attr attributes = { 0 };
    if (args[1] == 0 || args[2] != 0 || (int)args[0] < 0)
        return -EINVAL;
    if (mm_read(caller->mm, &attributes, args[1], SCHED_ATTR_SIZE_VER0) < 0)
        return -EFAULT;
    if (attributes.size && attributes.size < SCHED_ATTR_SIZE_VER0)
        return -E2BIG;
    struct thread *target = find_thread(caller, args[0]);
    if (!target)
        return -ESRCH;
    if (attributes.flags & ~SCHED_FLAG_RESET_ON_FORK)
        return -EINVAL;
    bool fair = attributes.policy == SCHED_OTHER || attributes.policy == SCHED_BATCH;
    int nice = clamp_nice(attributes.nice);
    if (fair && !may_nice(caller, target, nice))
        return -EPERM;
    int reset = attributes.flags & SCHED_FLAG_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0;
    long error = set_policy(caller, args[0], (int)attributes.policy | reset, (int)attributes.priority);
    if (error == 0 && fair) {
        target->nice = nice;
        schedule_apply(target);
    }
    return error;
}

long call_sched_getattr(struct thread *caller, const unsigned long args[6])
{
    uint32_t size = (uint32_t)args[2];
    if (args[1] == 0 || (int)args[0] < 0 || args[3] != 0 || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -EINVAL;
    struct thread *target = find_thread(caller, args[0]);
    if (!target)
        return -ESRCH;
    struct sched_attr attributes = {
        .size = size < sizeof attributes ? size : sizeof attributes,
        .policy = (uint32_t)target->policy,
        .flags = target->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
        .nice = realtime(target->policy) ? 0 : target->nice,
        .priority = (uint32_t)target->priority,
    };
    return mm_write(caller->mm, args[1], &attributes, attributes.size);
}

long call_sched_get_priority_max(struct thread *caller, const unsigned long args[6])
{
    int policy = (int)args[0];
    return realtime(policy) ? REALTIME_MAX : valid(policy, 0) ? 0 : -EINVAL;
}

long call_sched_get_priority_min(struct thread *caller, const unsigned long args[6])
{
    int policy = (int)args[0];
    return realtime(policy) ? 1 : valid(policy, 0) ? 0 : -EINVAL;
}

static long interval(struct thread *caller, const unsigned long args[6], bool wide)
{
    if ((int)args[0] < 0)
        return -EINVAL;
    struct thread *target = find_thread(caller, args[0]);
    if (!target)
        return -ESRCH;
    long slice = target->policy == SCHED_FIFO ? 0 : ROUND_ROBIN_SLICE;
    struct timespec64 both = { 0, slice };
    struct timespec_long native = { 0, slice };
    return wide ? mm_write(caller->mm, args[1], &both, sizeof both)
                : mm_write(caller->mm, args[1], &native, sizeof native);
}

long call_sched_rr_get_interval(struct thread *caller, const unsigned long args[6])
{
    return interval(caller, args, false);
}

long call_sched_rr_get_interval_time64(struct thread *caller, const unsigned long args[6])
{
    return interval(caller, args, true);
}

long call_sched_yield(struct thread *caller, const unsigned long args[6])
{
    return 0;
}

// --- affinity: there is one CPU

long call_sched_setaffinity(struct thread *caller, const unsigned long args[6])
{
    unsigned long mask = 0;
    size_t size = args[1] < sizeof mask ? args[1] : sizeof mask;
    if (mm_read(caller->mm, &mask, args[2], size) < 0)
        return -EFAULT;
    struct thread *target = find_thread(caller, args[0]);
    if (!target)
        return -ESRCH;
    if (!may_change(caller, target))
        return -EPERM;
    return mask & 1 ? 0 : -EINVAL;
}

long call_sched_getaffinity(struct thread *caller, const unsigned long args[6])
{
    unsigned long mask = 1;
    if (args[1] < sizeof mask || args[1] % sizeof mask)
        return -EINVAL;
    if (!find_thread(caller, args[0]))
        return -ESRCH;
    return mm_write(caller->mm, args[2], &mask, sizeof mask) < 0 ? -EFAULT : (long)sizeof mask;
}

long call_getcpu(struct thread *caller, const unsigned long args[6])
{
    uint32_t zero = 0;
    for (int i = 0; i < 2; i++)
        if (args[i] && mm_write(caller->mm, args[i], &zero, sizeof zero) < 0)
            return -EFAULT;
    return 0;
}
