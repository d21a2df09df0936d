// SPDX-License-Identifier: MIT
// vfs's calls to pm: signals, terminal checks, what /proc shows.
#include "leaf.h"

#include "pid.h"
#include "proc_text.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <errno.h>
#include <heap.h>
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
        list_for_each(process, &pid->session, struct process, in_session)
            signal_send_process(process, &info);
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
    bool ignored = (thread->blocked & SIGNAL_BIT(signal)) ||
                   thread->sighand->actions[signal - 1].handler == SIG_IGN;
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

// --- /proc

static long list_ids(const struct message *message)
{
    uint32_t ids[128];
    long first = (long)message->args[0], tgid = (long)message->args[1];
    size_t limit = message->writable.length / sizeof ids[0], count = 0;
    if (limit > sizeof ids / sizeof ids[0])
        limit = sizeof ids / sizeof ids[0];
    struct process *process = tgid ? process_find(tgid) : NULL;
    if (tgid && !process)
        return -ESRCH;
    for (struct pid *pid = pid_next(first); pid && count < limit; pid = pid_next(pid->number + 1))
        if (tgid ? pid->thread && pid->thread->process == process : pid->process != NULL)
            ids[count++] = (uint32_t)pid->number;
    size_t size = count * sizeof ids[0];
    if (size && copy_out(message->token, 0, ids, message->writable.base, size) != (long)size)
        return -EFAULT;
    return (long)count;
}

static struct thread *thread_by_id(long number)
{
    struct pid *pid = pid_find(number);
    return pid ? pid->thread : NULL;
}

static long info(const struct message *message)
{
    struct thread *thread = thread_by_id((long)message->args[0]);
    if (!thread)
        return -ESRCH;
    struct process *process = thread->process;
    uint64_t label = thread->vfs_label;
    struct pm_proc_info result = {
        .pid = thread->pid->number,
        .tgid = process_id(process),
        .ppid = process_parent_id(process),
        .euid = thread->mm && !thread->mm->dumpable ? 0 : thread->cred.euid,
        .egid = thread->mm && !thread->mm->dumpable ? 0 : thread->cred.egid,
        .vfs_label = (uint32_t)label,
        .vfs_label_high = (uint32_t)(label >> 32),
        .zombie = thread->state == THREAD_DEAD,
    };
    return copy_out(message->token, 0, &result, message->writable.base, sizeof result) == sizeof result ? 0 : -EFAULT;
}

static long read_text(const struct message *message)
{
    struct text text = { 0 };
    long pid = (long)message->args[0], error;
    enum pm_proc_file file = (enum pm_proc_file)message->args[1];
    if (pid) {
        struct thread *thread = thread_by_id(pid);
        error = thread ? proc_read_thread(thread, file, &text) : -ESRCH;
    } else {
        error = proc_read_system(file, &text);
    }
    if (error == 0 && text.failed)
        error = -ENOMEM;
    size_t n = text.length < message->writable.length ? text.length : message->writable.length;
    if (error == 0 && n && copy_out(message->token, 0, text.data, message->writable.base, n) != (long)n)
        error = -EFAULT;
    heap_free(text.data);
    return error < 0 ? error : (long)text.length;
}

static long write_text(const struct message *message)
{
    char text[256];
    size_t length = message->readable.length;
    if (length >= sizeof text)
        return -EINVAL;
    if (length && copy_in(message->token, 0, text, message->readable.base, length) != (long)length)
        return -EFAULT;
    text[length] = '\0';
    struct thread *thread = message->args[0] ? thread_by_id((long)message->args[0]) : NULL;
    if (message->args[0] && !thread)
        return -ESRCH;
    return proc_write(thread, (enum pm_proc_file)message->args[1], text, length);
}

void leaf_call(const struct message *message)
{
    long value;
    switch (message->number) {
    case PM_SIGNAL: value = send_signal(message->args); break;
    case PM_TTY_CHECK: value = tty_check(message->args); break;
    case PM_GROUP_SESSION: value = group_session(message->args); break;
    case PM_PROC_LIST: value = list_ids(message); break;
    case PM_PROC_INFO: value = info(message); break;
    case PM_PROC_READ: value = read_text(message); break;
    case PM_PROC_WRITE: value = write_text(message); break;
    default: value = -ENOSYS;
    }
    reply_value(message->token, value);
}
