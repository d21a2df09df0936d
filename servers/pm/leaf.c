// SPDX-License-Identifier: MIT
// vfs's calls to pm: signals, terminal checks, what /proc shows.
#include "leaf.h"

#include "pid.h"
#include "proc.h"
#include "process.h"
#include "shortage.h"
#include "thread.h"

#include <errno.h>
#include <server.h>

static long send_signal(const unsigned long *args)
{
    struct siginfo info = { .signo = (int)args[2], .code = (int)args[3] };
    if (info.signo < 1 || info.signo > SIGNALS)
        return -EINVAL;
    struct pid *pid = args[0] == PM_TARGET_THREAD ? NULL : pid_find((long)args[1]);
    switch (args[0]) {
    case PM_TARGET_THREAD: {
        struct thread *thread = thread_of_label(args[1]);
        return thread ? signal_send_thread(thread, &info) : -ESRCH;
    }
    case PM_TARGET_PROCESS: return pid && pid->process ? signal_send_process(pid->process, &info) : -ESRCH;
    case PM_TARGET_GROUP: return signal_send_group(pid, &info);
    case PM_TARGET_SESSION:
        if (!pid || list_empty(&pid->session))
            return -ESRCH;
        list_for_each(process, &pid->session, struct process, in_session) signal_send_process(process, &info);
        return 0;
    default: return -EINVAL;
    }
}

// Linux's __tty_check_change.
static long tty_check(const unsigned long *args)
{
    struct thread *thread = thread_of_label(args[0]);
    int signal = (int)args[1];
    if (!thread)
        return -ESRCH;
    bool ignored =
        (thread->blocked & SIGNAL_BIT(signal)) || thread->sighand->actions[signal - 1].handler == SIG_IGN;
    if (ignored)
        return signal == SIGTTIN ? -EIO : 0;
    if (group_is_orphaned(thread->process->group, NULL))
        return -EIO;
    struct siginfo info = signal_info_kernel(signal);
    signal_send_group(thread->process->group, &info);
    return -ERESTART_TTY;
}

static long group_session(const unsigned long *args)
{
    struct pid *group = pid_find((long)args[0]);
    if (!group || list_empty(&group->group))
        return -ESRCH;
    return list_first(&group->group, struct process, in_group)->session->number;
}

void leaf_call(const struct message *message)
{
    long value;
    switch (message->number) {
    case PM_SIGNAL: value = send_signal(message->args); break;
    case PM_TTY_CHECK: value = tty_check(message->args); break;
    case PM_GROUP_SESSION: value = group_session(message->args); break;
    case PM_PROC_LIST:
    case PM_PROC_INFO:
    case PM_PROC_READ:
    case PM_PROC_WRITE: value = proc_call(message); break;
    case PM_MEMORY: value = memory_wait_vfs(message->token, message->args[0]); break;
    default: value = -ENOSYS;
    }
    if (value != NO_REPLY)
        reply_value(message->token, value);
}
