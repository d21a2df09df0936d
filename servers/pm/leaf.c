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

static long send_one(const unsigned long *args, unsigned long signal)
{
    struct siginfo info = { .signo = (int)signal, .code = (int)args[3] };
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

static long send_signal(const unsigned long *args)
{
    long error = send_one(args, args[2]);
    return error < 0 || args[4] == 0 ? error : send_one(args, args[4]);
}

// The one that bears the number, if it is still that one.
static struct pid *owner_pid(unsigned long number, unsigned long serial)
{
    struct pid *pid = pid_find((int)number);
    return pid && (serial == 0 || (unsigned long)pid->serial == serial) ? pid : NULL;
}

static long owner_serial(const unsigned long *args)
{
    const struct pid *pid = owner_pid(args[1], args[2]);
    bool exists = false;
    if (!pid)
        return -ESRCH;
    switch (args[0]) {
    case PM_OWNER_THREAD: exists = pid->thread; break;
    case PM_OWNER_PROCESS: exists = pid->process; break;
    case PM_OWNER_GROUP: exists = !list_empty(&pid->group); break;
    case PM_OWNER_ANY: exists = true; break;
    }
    return exists ? pid->serial : -ESRCH;
}

struct sigio {
    enum pm_owner type;
    int signal, reason, fd;
    uint32_t uid, euid;
};

// Linux's send_sigio_to_task: whoever set the owner must be allowed to signal it.
static void send_sigio(struct thread *target, const struct sigio *sigio)
{
    static const long bands[] = { [POLL_IN] = 0x41, [POLL_OUT] = 0x304, [POLL_HUP] = 0x18 };
    const struct credentials *cred = &target->cred;
    if (sigio->euid != 0 && sigio->euid != cred->suid && sigio->euid != cred->uid &&
        sigio->uid != cred->suid && sigio->uid != cred->uid)
        return;
    bool to_thread = sigio->type == PM_OWNER_THREAD;
    struct siginfo info = { .signo = sigio->signal, .code = sigio->reason };
    if (signal_has_codes(sigio->signal) && sigio->signal != SIGIO)
        info.code = SI_SIGIO;
    info.poll.band = bands[sigio->reason];
    info.poll.fd = sigio->fd;
    if (sigio->signal &&
        (to_thread ? signal_send_thread(target, &info) : signal_send_process(target->process, &info)) == 0)
        return;
    info = signal_info_kernel(SIGIO);
    if (to_thread)
        signal_send_thread(target, &info);
    else
        signal_send_process(target->process, &info);
}

static long sigio(const unsigned long *args)
{
    struct pid *pid = owner_pid(args[1], args[2]);
    struct sigio sigio = { .type = args[0] & 0xff,
                           .signal = (int)(args[0] >> 8 & 0xff),
                           .reason = (int)(args[0] >> 16),
                           .fd = (int)args[3],
                           .uid = (uint32_t)args[4],
                           .euid = (uint32_t)args[5] };
    if (!pid)
        return -ESRCH;
    if (sigio.type != PM_OWNER_GROUP) {
        if (pid->thread)
            send_sigio(pid->thread, &sigio);
        return 0;
    }
    pid_get(pid);
    list_for_each(process, &pid->group, struct process, in_group) send_sigio(process->leader, &sigio);
    pid_put(pid);
    return 0;
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
    case PM_OWNER: value = owner_serial(message->args); break;
    case PM_SIGIO: value = sigio(message->args); break;
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
