// SPDX-License-Identifier: MIT
// pm's calls to vfs.
#include "vfs_client.h"

#include "mm.h"
#include "process.h"
#include "state.h"

#include <errno.h>
#include <heap.h>
#include <linux/sched.h>
#include <server.h>
#include <stddef.h>
#include <string.h>

static struct message request(enum pm_to_vfs number, unsigned long a, unsigned long b, unsigned long c)
{
    return (struct message){ .number = number, .args = { a, b, c } };
}

// The same for call_at_once: vfs waits for nobody to do this.
static struct message *short_request(enum pm_to_vfs number, unsigned long a, unsigned long b, unsigned long c)
{
    struct message *message = message_room();
    message->number = number;
    message->args[0] = a;
    message->args[1] = b;
    message->args[2] = c;
    return message;
}

long vfs_clone(struct thread *parent, struct thread *child, uint64_t flags, int tgid)
{
    struct message *message =
        short_request(VFS_CLONE, parent ? parent->vfs_label : 0, flags & (CLONE_FS | CLONE_FILES),
                      (unsigned long)child->pid->number);
    message->args[3] = (unsigned long)tgid;
    message->args[4] = child->label;
    long label = call_at_once(pm->vfs);
    if (IS_ERROR(label))
        return label;
    child->vfs_label = (unsigned long)label;
    return 0;
}

void vfs_drop(unsigned long label)
{
    short_request(VFS_EXIT, label, 0, 0);
    call_at_once(pm->vfs);
}

// Whoever learns of the end and asks vfs finds the descriptors closed.
void vfs_exit(struct thread *thread)
{
    if (thread->ended_outside) {
        struct message message = request(VFS_EXIT, thread->vfs_label, 0, 0);
        fiber_call(pm->vfs, &message);
    } else {
        vfs_drop(thread->vfs_label);
    }
    thread->vfs_label = 0;
}

static void fill_identity(const struct thread *thread, const struct credentials *cred,
                          struct vfs_identity *identity)
{
    const struct process *process = thread->process;
    *identity = (struct vfs_identity){
        .uid = cred->uid,
        .euid = cred->euid,
        .suid = cred->suid,
        .fsuid = cred->fsuid,
        .gid = cred->gid,
        .egid = cred->egid,
        .sgid = cred->sgid,
        .fsgid = cred->fsgid,
        .group_count = cred->group_count,
        .capabilities = cred->effective,
        .tgid = process_id(process),
        .tid = thread->pid->number,
        .pgid = process->group->number,
        .sid = process->session->number,
    };
    memcpy(identity->groups, cred->groups, sizeof identity->groups);
}

long vfs_identity(struct thread *thread, const struct credentials *cred)
{
    struct vfs_identity identity;
    fill_identity(thread, cred, &identity);
    struct message message = request(VFS_IDENTITY, thread->vfs_label, 0, 0);
    message.readable = (struct window){ (unsigned long)&identity, sizeof identity };
    return fiber_call(pm->vfs, &message);
}

// The list may change across each wait: threads are found again by the order of their labels.
static struct thread *next_thread(struct process *process, uint32_t above, bool first)
{
    struct thread *next = NULL;
    for_each_thread(thread, process) if (thread->state != THREAD_DEAD && thread->vfs_label &&
                                         (first || thread->label > above) &&
                                         (!next || thread->label < next->label)) next = thread;
    return next;
}

long vfs_identity_process(struct process *process)
{
    struct pid *pid = pid_get(process->pid);
    struct thread *thread = next_thread(process, 0, true);
    while (thread) {
        uint32_t label = thread->label;
        vfs_identity(thread, &thread->cred);
        thread = pid->process ? next_thread(pid->process, label, false) : NULL;
    }
    pid_put(pid);
    return 0;
}

long vfs_limits(struct process *process)
{
    struct vfs_limits limits = {
        .open_files = process->limits[RLIMIT_NOFILE].current,
        .file_size = process->limits[RLIMIT_FSIZE].current,
    };
    struct pid *pid = pid_get(process->pid);
    struct thread *thread = next_thread(process, 0, true);
    while (thread) {
        uint32_t label = thread->label;
        struct message message = request(VFS_LIMITS, thread->vfs_label, 0, 0);
        message.readable = (struct window){ (unsigned long)&limits, sizeof limits };
        fiber_call(pm->vfs, &message);
        thread = pid->process ? next_thread(pid->process, label, false) : NULL;
    }
    pid_put(pid);
    return 0;
}

long vfs_unshare(struct thread *thread, unsigned long flags)
{
    struct message message = request(VFS_UNSHARE, thread->vfs_label, flags, 0);
    return fiber_call(pm->vfs, &message);
}

long vfs_session_end(int sid, bool *hung_up)
{
    struct message message = request(VFS_SESSION_END, (unsigned long)sid, 0, 0);
    long group = fiber_call(pm->vfs, &message);
    *hung_up = message.args[0];
    return group;
}

void vfs_sync(void)
{
    struct message message = request(VFS_SYNC, 0, 0, 0);
    fiber_call(pm->vfs, &message);
}

// --- files

_Static_assert(offsetof(struct open_file, path) ==
                   offsetof(struct open_file, info) + sizeof(struct vfs_exec_file),
               "one window holds both");

void open_file_init(struct open_file *file)
{
    file->memory = 0;
    file->info.exec_id = 0;
}

static long call_for_file(struct message *message, struct open_file *file)
{
    // The last byte stays outside the window, so the path always ends.
    file->path[0] = file->path[sizeof file->path - 1] = '\0';
    message->writable =
        (struct window){ (unsigned long)&file->info, sizeof file->info + sizeof file->path - 1 };
    long error = fiber_call(pm->vfs, message);
    if (error < 0) {
        open_file_init(file);
        return error;
    }
    file->memory = message->handles[0];
    return 0;
}

long vfs_open_exec(struct thread *thread, int dirfd, const char *path, unsigned flags, struct open_file *file)
{
    struct message message = request(VFS_OPEN_EXEC, thread->vfs_label, (unsigned long)dirfd, flags);
    message.readable = (struct window){ (unsigned long)path, strlen(path) + 1 };
    return call_for_file(&message, file);
}

void vfs_close_exec(struct open_file *file)
{
    if (file->memory)
        handle_close(file->memory);
    file->memory = 0;
    if (!file->info.exec_id)
        return;
    short_request(VFS_CLOSE_EXEC, (uint32_t)file->info.exec_id, (uint32_t)(file->info.exec_id >> 32), 0);
    file->info.exec_id = 0;
    call_at_once(pm->vfs);
}

void vfs_exec(struct thread *thread, struct open_file *file, const struct credentials *cred)
{
    struct vfs_identity identity;
    struct message *message = short_request(VFS_EXEC, thread->vfs_label, (uint32_t)file->info.exec_id,
                                            (uint32_t)(file->info.exec_id >> 32));
    file->info.exec_id = 0; // vfs keeps it now
    if (cred) {
        fill_identity(thread, cred, &identity);
        message->readable = (struct window){ (unsigned long)&identity, sizeof identity };
    }
    call_at_once(pm->vfs);
}

long vfs_mmap(struct thread *thread, int fd, unsigned prot, bool shared, struct open_file *file)
{
    struct message message = request(VFS_MMAP, thread->vfs_label, (unsigned long)fd, prot);
    message.args[3] = shared;
    return call_for_file(&message, file);
}

// --- pidfds

void vfs_pidfd_ready(uint32_t label)
{
    struct message message = request(VFS_PIDFD_READY, label, 0, 0);
    fiber_call(pm->vfs, &message);
}

long vfs_pidfd_open(struct thread *thread, struct thread *leader, unsigned flags)
{
    struct message message =
        request(VFS_PIDFD, thread->vfs_label, leader->label, (unsigned long)leader->pid->number);
    message.args[3] = flags;
    leader->process->has_pidfd = true;
    return fiber_call(pm->vfs, &message);
}

long vfs_pidfd_get(struct thread *thread, int fd)
{
    struct message message = request(VFS_FD_PIDFD, thread->vfs_label, (unsigned long)fd, 0);
    long error = fiber_call(pm->vfs, &message);
    return error < 0 ? error : (long)message.args[1];
}
