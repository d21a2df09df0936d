// SPDX-License-Identifier: MIT
// The calls behind /proc: whom is meant, which file, and giving the text to vfs.
#include "proc.h"

#include "mm.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <errno.h>
#include <heap.h>
#include <printf.h>
#include <protocol_root.h>
#include <string.h>

static bool text_room(struct text *text, size_t more)
{
    if (text->length + more <= text->size)
        return true;
    size_t size = text->size ? text->size * 2 : 1024;
    while (size < text->length + more)
        size *= 2;
    char *bytes = heap_resize(text->bytes, size);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->size = size;
    return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
    if (!text_room(text, length))
        return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (text_room(text, (size_t)length + 1)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

// The living or dead thread a number means; a process's own number means the whole process.
static bool find_subject(long number, struct proc_subject *subject)
{
    struct pid *pid = pid_find(number);
    if (!pid || (!pid->process && !pid->thread))
        return false;
    subject->whole = pid->process != NULL;
    subject->process = pid->process ? pid->process : pid->thread->process;
    subject->thread = pid->process ? pid->process->leader : pid->thread;
    return subject->process && subject->thread;
}

static long list_ids(const struct message *message)
{
    uint32_t ids[128];
    size_t room = message->writable.length / sizeof ids[0], count = 0;
    struct process *only = message->args[1] ? process_find((long)message->args[1]) : NULL;
    if (message->args[1] && !only)
        return -ESRCH;
    if (room > sizeof ids / sizeof ids[0])
        room = sizeof ids / sizeof ids[0];
    struct pid *pid = pid_next((long)message->args[0]);
    for (; pid && count < room; pid = pid_next(pid->number + 1))
        if (only ? pid->thread && pid->thread->process == only : pid->process != NULL)
            ids[count++] = (uint32_t)pid->number;
    if (count && copy_out(message->token, 0, ids, message->writable.base, count * sizeof ids[0]) < 0)
        return -EFAULT;
    return (long)count;
}

static long tell_info(const struct message *message)
{
    struct proc_subject subject;
    if (!find_subject((long)message->args[0], &subject))
        return -ESRCH;
    const struct thread *thread = subject.thread;
    bool hidden = thread->mm && !thread->mm->dumpable;
    struct pm_proc_info info = {
        .pid = thread->pid->number,
        .tgid = process_id(subject.process),
        .ppid = process_parent_id(subject.process),
        .euid = hidden ? 0 : thread->cred.euid,
        .egid = hidden ? 0 : thread->cred.egid,
        .vfs_label = (uint32_t)thread->vfs_label,
        .vfs_label_high = (uint32_t)((uint64_t)thread->vfs_label >> 32),
        .zombie = subject.process->zombie || thread->state == THREAD_DEAD,
    };
    size_t size = message->writable.length < sizeof info ? message->writable.length : sizeof info;
    return copy_out(message->token, 0, &info, message->writable.base, size) < 0 ? -EFAULT : 0;
}

static long render_process(const struct message *message, enum pm_proc_file file, struct text *text)
{
    struct proc_subject subject;
    if (!find_subject((long)message->args[0], &subject))
        return -ESRCH;
    subject.terminal = message->args[2];
    subject.terminal_group = subject.terminal ? (long)message->args[3] : -1;
    switch (file) {
    case PROC_STAT: proc_stat(&subject, text); break;
    case PROC_STATUS: proc_status(&subject, text); break;
    case PROC_STATM: proc_statm(&subject, text); break;
    case PROC_MAPS: proc_maps(&subject, text); break;
    case PROC_LIMITS: proc_limits(&subject, text); break;
    case PROC_CMDLINE:
    case PROC_ENVIRON:
    case PROC_AUXV: proc_memory_range(&subject, file, text); break;
    case PROC_COMM: text_add(text, "%s\n", subject.thread->comm); break;
    case PROC_OOM_SCORE_ADJ: text_add(text, "%d\n", subject.process->oom_score_adj); break;
    case PROC_LOGINUID: text_add(text, "%u", subject.process->login_uid); break;
    case PROC_WCHAN: text_add(text, "0"); break;
    default: return -EINVAL;
    }
    return 0;
}

static long read_file(const struct message *message)
{
    struct text text = { 0 };
    enum pm_proc_file file = (enum pm_proc_file)message->args[1];
    long error = 0;
    if (message->args[0] != 0)
        error = render_process(message, file, &text);
    else if (!proc_system(file, &text))
        error = -EINVAL;
    if (error == 0 && text.failed)
        error = -ENOMEM;
    size_t given = text.length < message->writable.length ? text.length : message->writable.length;
    if (error == 0 && given &&
        copy_out(message->token, 0, text.bytes, message->writable.base, given) < (long)given)
        error = -EFAULT;
    heap_free(text.bytes);
    return error < 0 ? error : (long)text.length;
}

static bool write_system(enum pm_proc_file file, const char *name)
{
    if (file == PROC_PANDO_FAIL_KERNEL || file == PROC_PANDO_FAIL_PM)
        return failure_set(file, name);
    char *to = file == PROC_HOSTNAME ? pm->uts.nodename : file == PROC_DOMAINNAME ? pm->uts.domainname : NULL;
    if (!to)
        return false;
    memset(to, 0, UTS_LENGTH);
    strlcpy(to, name, UTS_LENGTH);
    return true;
}

// The files that take text: comm, oom_score_adj, loginuid; of the system hostname, domainname and pando/fail-*.
static long write_file(const struct message *message)
{
    char line[UTS_LENGTH] = { 0 };
    size_t length = message->readable.length < sizeof line - 1 ? message->readable.length : sizeof line - 1;
    struct proc_subject subject;
    if (message->args[0] && !find_subject((long)message->args[0], &subject))
        return -ESRCH;
    if (length && copy_in(message->token, 0, line, message->readable.base, length) < (long)length)
        return -EFAULT;
    char *end = strchr(line, '\n');
    if (end)
        *end = '\0';
    if (message->args[0] == 0)
        return write_system((enum pm_proc_file)message->args[1], line) ? (long)message->readable.length
                                                                       : -EINVAL;
    bool negative = line[0] == '-';
    unsigned long value = strtoul(line + negative, &end, 10);
    bool number = end != line + negative && *end == '\0';
    switch ((enum pm_proc_file)message->args[1]) {
    case PROC_COMM: strlcpy(subject.thread->comm, line, sizeof subject.thread->comm); break;
    case PROC_OOM_SCORE_ADJ:
        if (!number || value > 1000)
            return -EINVAL;
        subject.process->oom_score_adj = negative ? -(int)value : (int)value;
        break;
    case PROC_LOGINUID:
        if (!number || negative)
            return -EINVAL;
        subject.process->login_uid = (uint32_t)value;
        break;
    default: return -EINVAL;
    }
    return (long)message->readable.length;
}

long proc_call(const struct message *message)
{
    bool text = message->number == PM_PROC_READ || message->number == PM_PROC_WRITE;
    if (text && message->args[1] >= PROC_PANDO_SERVERS)
        return proc_pando(message);
    switch (message->number) {
    case PM_PROC_LIST: return list_ids(message);
    case PM_PROC_INFO: return tell_info(message);
    case PM_PROC_READ: return read_file(message);
    case PM_PROC_WRITE: return write_file(message);
    default: return -ENOSYS;
    }
}
