// SPDX-License-Identifier: MIT
// Resource limits: getrlimit(2), setrlimit(2), prlimit(2). vfs has its own copy of those it checks.
#include "calls.h"
#include "itimer.h"
#include "mm.h"
#include "pid.h"
#include "process.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/resource.h>

#define NOFILE_CEILING 1048576u // Linux's fs.nr_open
#define OLD_INFINITY 0x7fffffffu // of the oldest getrlimit, which knows 31 bits

struct rlimit_long {
    unsigned long current, maximum;
};

static unsigned long narrow(uint64_t value, unsigned long infinity)
{
    return value >= infinity ? infinity : (unsigned long)value;
}

static uint64_t widen(unsigned long value)
{
    return value == ~0ul ? RLIMIT_INFINITY : value;
}

static long check(struct thread *caller, struct process *target, unsigned which, const struct rlimit64 *limit)
{
    if (limit->current > limit->maximum)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && limit->maximum > NOFILE_CEILING)
        return -EPERM;
    return limit->maximum > target->limits[which].maximum && !capable(caller, CAP_SYS_RESOURCE) ? -EPERM : 0;
}

// vfs learns of its limits before the call returns, so this may have to wait: from a fiber.
static long apply(struct process *target, unsigned which, const struct rlimit64 *limit)
{
    struct rlimit64 old = target->limits[which];
    target->limits[which] = *limit;
    if (which == RLIMIT_CPU)
        cpu_timer_rearm(target);
    if (which != RLIMIT_NOFILE && which != RLIMIT_FSIZE)
        return 0;
    long error = vfs_limits(target);
    if (error < 0)
        target->limits[which] = old;
    return error;
}

// Native longs, or 64 bits on both architectures.
enum form { FORM_NATIVE, FORM_WIDE };

static long read_limit(struct thread *caller, unsigned long address, enum form form, struct rlimit64 *limit)
{
    struct rlimit_long native;
    if (form == FORM_WIDE)
        return mm_read(caller->mm, limit, address, sizeof *limit);
    if (mm_read(caller->mm, &native, address, sizeof native) < 0)
        return -EFAULT;
    *limit = (struct rlimit64){ widen(native.current), widen(native.maximum) };
    return 0;
}

static long write_limit(struct thread *caller, unsigned long address, enum form form, const struct rlimit64 *limit)
{
    struct rlimit_long native = { narrow(limit->current, ~0ul), narrow(limit->maximum, ~0ul) };
    return form == FORM_WIDE ? mm_write(caller->mm, address, limit, sizeof *limit)
                             : mm_write(caller->mm, address, &native, sizeof native);
}

static bool may_look(const struct thread *caller, const struct process *target)
{
    const struct credentials *own = &caller->cred, *other = &target->leader->cred;
    if (caller->process == target || capable(caller, CAP_SYS_RESOURCE))
        return true;
    return own->uid == other->uid && own->uid == other->euid && own->uid == other->suid && own->gid == other->gid &&
           own->gid == other->egid && own->gid == other->sgid;
}

// args: {tgid or 0, which, address of the new limit or 0, of the old one or 0, enum form}
static long change(struct thread *caller, const unsigned long args[6])
{
    unsigned which = (unsigned)args[1];
    enum form form = (enum form)args[4];
    struct process *target = (int)args[0] ? process_find((int)args[0]) : caller->process;
    struct rlimit64 new, old;
    if (which >= RLIMITS)
        return -EINVAL;
    if (args[2] && read_limit(caller, args[2], form, &new) < 0)
        return -EFAULT;
    if (!target)
        return -ESRCH;
    if (!may_look(caller, target))
        return -EPERM;
    old = target->limits[which];
    if (args[2]) {
        long error = check(caller, target, which, &new);
        if (error == 0)
            error = apply(target, which, &new);
        if (error < 0)
            return error;
    }
    return args[3] ? write_limit(caller, args[3], form, &old) : 0;
}

static long run(struct thread *caller, unsigned long tgid, unsigned long which, unsigned long new, unsigned long old,
                enum form form)
{
    unsigned long args[6] = { tgid, which, new, old, form, 0 };
    return new ? thread_on_fiber(caller, change, args) : change(caller, args);
}

long call_getrlimit(struct thread *caller, const unsigned long args[6])
{
    return run(caller, 0, args[0], 0, args[1], FORM_NATIVE);
}

long call_setrlimit(struct thread *caller, const unsigned long args[6])
{
    return args[1] ? run(caller, 0, args[0], args[1], 0, FORM_NATIVE) : -EFAULT;
}

long call_prlimit64(struct thread *caller, const unsigned long args[6])
{
    return run(caller, args[0], args[1], args[2], args[3], FORM_WIDE);
}

long call_old_getrlimit(struct thread *caller, const unsigned long args[6])
{
    if (args[0] >= RLIMITS)
        return -EINVAL;
    const struct rlimit64 *limit = &caller->process->limits[args[0]];
    struct rlimit_long native = { narrow(limit->current, OLD_INFINITY), narrow(limit->maximum, OLD_INFINITY) };
    return mm_write(caller->mm, args[1], &native, sizeof native);
}
