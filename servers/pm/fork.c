// SPDX-License-Identifier: MIT
// fork, vfork, clone and clone3: one flags-driven do_fork over copy_process (docs/linux.md, clone(2)). Runs on the
// loop's stack and waits there for vfs to copy or share its part, which vfs does at once: that takes a third of what it
// takes on a fiber. Every step undoes the earlier ones if it fails.
#include "calls.h"
#include "exit_mm.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "vfs_client.h"

#include <errno.h>
#include <linux/process.h>
#include <linux/sched.h>
#include <string.h>

#define CLONE_KNOWN_LEGACY 0xffffffffull
#define CLONE_NAMESPACES                                                                                     \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |            \
     CLONE_NEWNET | CLONE_NEWTIME)

// Linux's order of checks.
static long check_flags(struct thread *caller, uint64_t flags)
{
    if ((flags & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS))
        return -EINVAL;
    if ((flags & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && caller->process == pm->init)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID)))
        return -EINVAL;
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
        return -EINVAL;
    if ((flags & CLONE_CLEAR_SIGHAND) && (flags & CLONE_SIGHAND))
        return -EINVAL;
    return 0;
}

static bool over_process_limit(struct thread *caller)
{
    const struct credentials *cred = &caller->cred;
    return cred->user->processes >= caller->process->limits[RLIMIT_NPROC].current && cred->uid != 0 &&
           !capable(caller, CAP_SYS_RESOURCE) && !capable(caller, CAP_SYS_ADMIN);
}

// dup_task_struct, copy_creds and sched_fork: everything of a thread that is a copy or starts anew.
static struct thread *dup_thread(struct thread *caller, int *error)
{
    struct thread *child = thread_create(error);
    if (!child)
        return NULL;
    memcpy(child->comm, caller->comm, sizeof child->comm);
    child->cred = caller->cred;
    child->cred.user->references++;
    child->cred.user->processes++;
    child->no_new_privs = caller->no_new_privs;
    child->blocked = caller->blocked;
    child->alternate = caller->alternate;
    child->start_time = clock_monotonic();
    child->nice = caller->nice;
    child->policy = caller->policy;
    child->priority = caller->priority;
    if (caller->reset_on_fork) {
        child->policy = 0;
        child->priority = 0;
        child->nice = caller->nice < 0 ? 0 : caller->nice;
    }
    child->timer_slack = caller->timer_slack;
    child->affinity = caller->affinity;
    child->personality = caller->personality;
    return child;
}

static void undo_thread(struct thread *child)
{
    child->cred.user->processes--;
    user_put(child->cred.user);
    thread_free(child);
}

static int copy_sighand(struct thread *child, struct thread *caller, uint64_t flags)
{
    if (flags & CLONE_SIGHAND) {
        caller->sighand->references++;
        child->sighand = caller->sighand;
        return 0;
    }
    child->sighand = sighand_copy(caller->sighand);
    if (!child->sighand)
        return -ENOMEM;
    if (flags & CLONE_CLEAR_SIGHAND)
        sighand_reset(child->sighand);
    return 0;
}

static int copy_signal(struct thread *child, struct thread *caller, uint64_t flags)
{
    struct process *from = caller->process;
    if (flags & CLONE_THREAD) {
        child->process = from;
        child->lent.closed = from->shared.set != 0;
        return 0;
    }
    struct process *process = process_create();
    if (!process)
        return -ENOMEM;
    memcpy(process->limits, from->limits, sizeof process->limits);
    process->oom_score_adj = from->oom_score_adj;
    process->login_uid = from->login_uid;
    process->start_time = child->start_time;
    process->leader = child;
    child->process = process;
    return 0;
}

static int copy_mm(struct thread *child, struct thread *caller, uint64_t flags)
{
    if ((flags & CLONE_VM) && !(flags & CLONE_VFORK))
        child->alternate = (struct stack_info){ .flags = SS_DISABLE };
    if (flags & CLONE_VM) {
        child->mm = mm_get(caller->mm);
        return 0;
    }
    child->mm = mm_clone(caller->mm);
    return child->mm ? 0 : -ENOMEM;
}

// Then nothing can fail or wait once there is a task, and as it does not run before this server waits, it may be started
// when it is made.
static bool starts_at_once(const struct clone_args *args)
{
    return !(args->flags & (CLONE_SETTLS | CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID));
}

// copy_thread: the kernel copies registers and FPU state, and memory that is not shared.
static int copy_task(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    struct task_words words = {
        .labels = { child->label, child->vfs_label },
        .lent = { [LENT_MASK] = &child->lent, [LENT_ACTIONS] = &child->sighand->lent },
    };
    constants_of_child(child, caller, args->flags, words.constants);
    unsigned flags = (args->stack ? CLONE_STACK : 0) | (args->flags & CLONE_VM ? 0 : CLONE_SPACE) |
                     (starts_at_once(args) ? CLONE_START : 0);
    long task = task_clone(caller->task, caller->mm->space, pm->user_quota, flags, (unsigned long)args->stack,
                           0, &words);
    if (task < 0)
        return (int)task;
    child->task = (handle_t)task;
    if (flags & CLONE_SPACE)
        child->mm->space = (handle_t)message_page->result[0];
    if (!(args->flags & CLONE_SETTLS))
        return 0;
    int error = tls_clone(child->task, caller->mm->space, (unsigned long)args->tls);
    if (error < 0)
        task_destroy_close(child->task, 0);
    return error;
}

// What store_tids will write cannot be missing then for lack of frames.
static int prepare_tids(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    if ((args->flags & CLONE_PARENT_SETTID) &&
        !mm_prepare(caller->mm, (unsigned long)args->parent_tid, sizeof(int32_t)))
        return -EFAULT;
    if (!(args->flags & CLONE_CHILD_SETTID) ||
        mm_prepare(child->mm, (unsigned long)args->child_tid, sizeof(int32_t)))
        return 0;
    caller->mm->starved = true;
    return -EFAULT;
}

// The address is tried first: from a descriptor that is open already there is no way back.
static int make_pidfd(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    unsigned long address = (unsigned long)args->pidfd;
    int number;
    if (!(args->flags & CLONE_PIDFD))
        return 0;
    if (mm_read(caller->mm, &number, address, sizeof number) < 0 ||
        mm_write(caller->mm, address, &number, sizeof number) < 0)
        return -EFAULT;
    number = (int)vfs_pidfd_open(caller, child, 0);
    if (number >= 0)
        mm_write(caller->mm, address, &number, sizeof number);
    return number;
}

// The step that makes the child visible. Nothing may fail or wait from here on.
static void link_child(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    struct process *process = child->process;
    child->pid->thread = child;
    if (args->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = (unsigned long)args->child_tid;
    list_append(&process->threads, &child->in_process);
    process->live++;
    pm->forks++;
    if (args->flags & CLONE_THREAD) {
        child->exit_status = 0;
        return;
    }
    struct process *parent = caller->process;
    process->pid = pid_get(child->pid);
    process->pid->process = process;
    process->exit_signal = (int)args->exit_signal;
    process->parent_thread = caller;
    if (args->flags & CLONE_PARENT) {
        process->exit_signal = parent->exit_signal;
        process->parent_thread = parent->parent_thread;
    }
    process->parent = args->flags & CLONE_PARENT ? parent->parent : parent;
    list_append(&process->parent->children, &process->sibling);
    process_join_group(process, parent->group, parent->session);
}

static void store_tids(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    int32_t tid = child->pid->number;
    if (args->flags & CLONE_CHILD_SETTID)
        mm_write(child->mm, (unsigned long)args->child_tid, &tid, sizeof tid);
    if (args->flags & CLONE_PARENT_SETTID)
        mm_write(caller->mm, (unsigned long)args->parent_tid, &tid, sizeof tid);
}

// -> the child, not yet running; NULL with *error and no trace left.
static struct thread *copy_process(struct thread *caller, const struct clone_args *args, long *error)
{
    int cause = -EAGAIN;
    if (over_process_limit(caller))
        goto fail;
    struct thread *child = dup_thread(caller, &cause);
    if (!child)
        goto fail;
    child->pid = pid_alloc(&cause);
    if (!child->pid)
        goto fail_pid;
    cause = copy_sighand(child, caller, args->flags);
    if (cause < 0)
        goto fail_sighand;
    cause = copy_signal(child, caller, args->flags);
    if (cause < 0)
        goto fail_signal;
    bool threads = args->flags & CLONE_THREAD;
    cause = (int)vfs_clone(caller, child, args->flags,
                           threads ? process_id(caller->process) : child->pid->number);
    if (cause < 0)
        goto fail_files;
    cause = copy_mm(child, caller, args->flags);
    if (cause < 0)
        goto fail_mm;
    cause = copy_task(child, caller, args);
    if (cause < 0)
        goto fail_task;
    cause = prepare_tids(child, caller, args);
    if (cause < 0)
        goto fail_tids;
    cause = make_pidfd(child, caller, args);
    if (cause < 0)
        goto fail_tids;
    link_child(child, caller, args);
    store_tids(child, caller, args);
    return child;

fail_tids:
    task_destroy_close(child->task, 0);
fail_task:
    mm_put(child->mm);
fail_mm:
    vfs_drop(child->vfs_label);
fail_files:
    if (child->process != caller->process)
        process_free(child->process);
fail_signal:
    sighand_put(child->sighand);
fail_sighand:
    pid_put(child->pid);
fail_pid:
    undo_thread(child);
fail:
    *error = cause;
    return NULL;
}

// A thread born into a stopping group has to stop like the others.
static void wake_up_new(struct thread *child, struct thread *caller, const struct clone_args *args)
{
    if (child->process == caller->process && caller->stop_pending) {
        child->stop_pending = true;
        child->process->stop_count++;
    }
    child->state = THREAD_OUT;
    if (signals_due(child)) {
        child->interrupted = true;
        task_interrupt(child->task);
    }
    if (!starts_at_once(args))
        task_start(child->task);
}

static long do_fork(struct thread *caller, const struct clone_args *args)
{
    long error = check_flags(caller, args->flags);
    if (error < 0)
        return error;
    if (args->flags & CLONE_NAMESPACES)
        return capable(caller, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    if (signals_due(caller))
        return -ERESTARTNOINTR;
    struct thread *child = copy_process(caller, args, &error);
    if (!child && error == -ENOMEM) { // as on Linux somebody else pays for a process, not who asks for it
        caller->mm->starved = true;
        return -EFAULT;
    }
    if (!child)
        return error;
    int32_t tid = child->pid->number;
    bool vfork = args->flags & CLONE_VFORK;
    if (vfork)
        child->vfork_parent = caller;
    wake_up_new(child, caller, args);
    if (!vfork)
        return tid;
    thread_park(caller, PARK_VFORK, NO_DEADLINE);
    return NO_REPLY;
}

// --- the calls' edges

long call_fork(struct thread *caller, const unsigned long args[6])
{
    struct clone_args clone = { .exit_signal = SIGCHLD };
    return do_fork(caller, &clone);
}

long call_vfork(struct thread *caller, const unsigned long args[6])
{
    struct clone_args clone = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };
    return do_fork(caller, &clone);
}

// clone(flags, stack, parent_tid, tls, child_tid) on both architectures.
long call_clone(struct thread *caller, const unsigned long args[6])
{
    uint64_t flags = (uint32_t)args[0] & ~CSIGNAL;
    if ((flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID))
        return -EINVAL;
    struct clone_args clone = {
        .flags = flags,
        .exit_signal = args[0] & CSIGNAL,
        .stack = args[1],
        .parent_tid = args[2],
        .pidfd = args[2],
        .tls = args[3],
        .child_tid = args[4],
    };
    return do_fork(caller, &clone);
}

static bool beyond_is_zero(struct thread *caller, unsigned long address, size_t from, size_t to)
{
    for (; from < to; from++) {
        uint8_t byte;
        if (mm_read(caller->mm, &byte, address + from, 1) < 0 || byte != 0)
            return false;
    }
    return true;
}

long call_clone3(struct thread *caller, const unsigned long args[6])
{
    struct clone_args clone = { 0 };
    size_t size = args[1];
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    size_t known = size < sizeof clone ? size : sizeof clone;
    if (mm_read(caller->mm, &clone, args[0], known) < 0)
        return -EFAULT;
    if (size > known && !beyond_is_zero(caller, args[0], known, size))
        return -E2BIG;
    if (clone.set_tid || clone.set_tid_size)
        return clone.set_tid && clone.set_tid_size && !capable(caller, CAP_SYS_ADMIN) ? -EPERM : -EINVAL;
    if ((clone.exit_signal & ~CSIGNAL) || clone.exit_signal > SIGNALS)
        return -EINVAL;
    if (clone.flags & ~(CLONE_KNOWN_LEGACY | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
        return -EINVAL;
    if (clone.flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
        return -EINVAL;
    if ((clone.flags & CLONE_INTO_CGROUP) ||
        ((clone.flags & (CLONE_THREAD | CLONE_PARENT)) && clone.exit_signal))
        return -EINVAL;
    if (!clone.stack != !clone.stack_size)
        return -EINVAL;
    clone.stack += clone.stack_size;
    return do_fork(caller, &clone);
}

static long unshare_fiber(struct thread *caller, const unsigned long *args)
{
    return vfs_unshare(caller, args[0] & (CLONE_FS | CLONE_FILES));
}

long call_unshare(struct thread *caller, const unsigned long args[6])
{
    uint64_t flags = args[0];
    if (flags & ~(CLONE_NAMESPACES | CLONE_THREAD | CLONE_FS | CLONE_VM | CLONE_SIGHAND | CLONE_FILES |
                  CLONE_SYSVSEM))
        return -EINVAL;
    if (flags & CLONE_NAMESPACES)
        return capable(caller, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) &&
        (caller->process->live > 1 || caller->mm->users > 1))
        return -EINVAL;
    if (!(flags & (CLONE_FS | CLONE_FILES)))
        return 0;
    return thread_on_fiber(caller, unshare_fiber, args);
}
