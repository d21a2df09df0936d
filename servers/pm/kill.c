// SPDX-License-Identifier: MIT
// Signals sent by programs: kill and its relatives by process, group, thread and pidfd. What they do to a process is in
// signal_send.c.
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/process.h>

// kill(2): signal 0 only asks whether it would be allowed.
static long kill_process(struct thread *caller, struct process *target, const struct siginfo *info)
{
    if (!may_signal(caller, target->leader, info->signo))
        return -EPERM;
    return info->signo ? signal_send_process(target, info) : 0;
}

static long kill_group(struct thread *caller, struct pid *group, const struct siginfo *info)
{
    long result = -ESRCH;
    bool sent = false;
    if (!group)
        return -ESRCH;
    pid_get(group);
    list_for_each(process, &group->group, struct process, in_group)
    {
        result = kill_process(caller, process, info);
        sent = sent || result == 0;
    }
    pid_put(group);
    return sent ? 0 : result;
}

static long kill_all(struct thread *caller, const struct siginfo *info)
{
    long result = -ESRCH;
    for (struct pid *pid = pid_next(2); pid; pid = pid_next(pid->number + 1)) {
        if (!pid->process || pid->process == caller->process)
            continue;
        long error = kill_process(caller, pid->process, info);
        if (error != -EPERM)
            result = error;
    }
    return result;
}

static bool valid(int signal) { return signal >= 0 && signal <= SIGNALS; }

long call_kill(struct thread *caller, const unsigned long args[6])
{
    long number = (int)args[0];
    int signal = (int)args[1];
    struct siginfo info = signal_info_user(caller, signal, SI_USER);
    if (!valid(signal))
        return -EINVAL;
    if (number > 0) {
        struct process *target = process_find(number);
        if (!target) { // a tid names its process
            struct pid *pid = pid_find(number);
            target = pid && pid->thread ? pid->thread->process : NULL;
        }
        return target ? kill_process(caller, target, &info) : -ESRCH;
    }
    if (number == -1)
        return kill_all(caller, &info);
    if (number == INT32_MIN)
        return -ESRCH;
    return kill_group(caller, number == 0 ? caller->process->group : pid_find(-number), &info);
}

static long kill_thread(struct thread *caller, long tgid, long tid, const struct siginfo *info)
{
    struct pid *pid = pid_find(tid);
    struct thread *target = pid ? pid->thread : NULL;
    if (!target || (tgid > 0 && process_id(target->process) != tgid))
        return -ESRCH;
    if (!may_signal(caller, target, info->signo))
        return -EPERM;
    return info->signo ? signal_send_thread(target, info) : 0;
}

long call_tkill(struct thread *caller, const unsigned long args[6])
{
    int signal = (int)args[1];
    if ((int)args[0] <= 0 || !valid(signal))
        return -EINVAL;
    struct siginfo info = signal_info_user(caller, signal, SI_TKILL);
    return kill_thread(caller, 0, (int)args[0], &info);
}

long call_tgkill(struct thread *caller, const unsigned long args[6])
{
    int signal = (int)args[2];
    if ((int)args[0] <= 0 || (int)args[1] <= 0 || !valid(signal))
        return -EINVAL;
    struct siginfo info = signal_info_user(caller, signal, SI_TKILL);
    return kill_thread(caller, (int)args[0], (int)args[1], &info);
}

// Nobody may pretend to be the kernel or kill(2) towards another process.
static long read_info(struct thread *caller, unsigned long address, int signal, long target,
                      struct siginfo *info)
{
    if (mm_read(caller->mm, info, address, sizeof *info) < 0)
        return -EFAULT;
    info->signo = signal;
    if ((info->code >= 0 || info->code == SI_TKILL) && target != process_id(caller->process))
        return -EPERM;
    return valid(signal) ? 0 : -EINVAL;
}

long call_rt_sigqueueinfo(struct thread *caller, const unsigned long args[6])
{
    struct siginfo info;
    long error = read_info(caller, args[2], (int)args[1], (int)args[0], &info);
    if (error < 0)
        return error;
    struct process *target = process_find((int)args[0]);
    return target ? kill_process(caller, target, &info) : -ESRCH;
}

long call_rt_tgsigqueueinfo(struct thread *caller, const unsigned long args[6])
{
    struct siginfo info;
    if ((int)args[0] <= 0 || (int)args[1] <= 0)
        return -EINVAL;
    long error = read_info(caller, args[3], (int)args[2], (int)args[0], &info);
    return error < 0 ? error : kill_thread(caller, (int)args[0], (int)args[1], &info);
}

// --- pidfds

static long pidfd_signal_fiber(struct thread *caller, const unsigned long *args)
{
    int signal = (int)args[1];
    long pid = vfs_pidfd_get(caller, (int)args[0]);
    if (pid < 0)
        return pid;
    struct siginfo info = signal_info_user(caller, signal, SI_USER);
    if (args[2]) {
        long error = read_info(caller, args[2], signal, pid, &info);
        if (error < 0)
            return error;
    }
    struct process *target = process_find(pid);
    return target ? kill_process(caller, target, &info) : -ESRCH;
}

long call_pidfd_send_signal(struct thread *caller, const unsigned long args[6])
{
    if (args[3] || !valid((int)args[1]))
        return -EINVAL;
    return thread_on_fiber(caller, pidfd_signal_fiber, args);
}

static long pidfd_open_fiber(struct thread *caller, const unsigned long *args)
{
    struct process *target = process_find((int)args[0]);
    return target ? vfs_pidfd_open(caller, target->leader, (unsigned)args[1]) : -ESRCH;
}

long call_pidfd_open(struct thread *caller, const unsigned long args[6])
{
    if ((int)args[0] <= 0 || (args[1] & ~04000ul))
        return -EINVAL;
    if (!process_find((int)args[0]))
        return pid_find((int)args[0]) ? -EINVAL : -ESRCH;
    return thread_on_fiber(caller, pidfd_open_fiber, args);
}
