// SPDX-License-Identifier: MIT
// Process 1. With init= on the command line exactly that program, otherwise the first of Linux's places that can
// be executed; nothing found is the end of the system.
#include "init.h"

#include "calls.h"
#include "exec.h"
#include "process.h"
#include "state.h"
#include "vfs_client.h"

#include <errno.h>
#include <heap.h>
#include <linux/process.h>
#include <protocol_root.h>
#include <server.h>
#include <string.h>

#define STATUS_NO_INIT 104

static const char *const environment[] = { "HOME=/", "TERM=linux", NULL };

void system_stop(const char *why, int status)
{
    print("panic: %s\n", why);
    struct message message = { .number = ROOT_POWER, .args = { POWER_OFF, (unsigned long)status } };
    fiber_call(pm->root, &message);
    for (;;)
        KCALL3(system_power, pm->system, POWER_OFF, status);
}

static void default_limits(struct process *process)
{
    for (int i = 0; i < RLIMITS; i++)
        process->limits[i] = (struct rlimit64){ RLIMIT_INFINITY, RLIMIT_INFINITY };
    process->limits[RLIMIT_STACK].current = 8 << 20;
    process->limits[RLIMIT_CORE].current = 0;
    process->limits[RLIMIT_NPROC] = (struct rlimit64){ THREADS_MAX / 2, THREADS_MAX / 2 };
    process->limits[RLIMIT_NOFILE] = (struct rlimit64){ 1024, 4096 };
    process->limits[RLIMIT_MEMLOCK] = (struct rlimit64){ 8 << 20, 8 << 20 };
    process->limits[RLIMIT_SIGPENDING] = (struct rlimit64){ THREADS_MAX / 2, THREADS_MAX / 2 };
    process->limits[RLIMIT_MSGQUEUE] = (struct rlimit64){ 819200, 819200 };
    process->limits[RLIMIT_NICE] = (struct rlimit64){ 0, 0 };
    process->limits[RLIMIT_RTPRIO] = (struct rlimit64){ 0, 0 };
}

static struct thread *first_thread(void)
{
    int error;
    struct thread *thread = thread_create(&error);
    struct process *process = process_create();
    thread->process = process;
    thread->pid = pid_alloc(&error);
    thread->sighand = sighand_create();
    thread->cred = (struct credentials){ .permitted = CAP_FULL, .effective = CAP_FULL, .bounding = CAP_FULL };
    thread->cred.user = user_get(0);
    thread->cred.user->processes++;
    thread->timer_slack = 50000;
    thread->affinity = 1;
    thread->start_time = process->start_time = clock_monotonic();
    strlcpy(thread->comm, "init", sizeof thread->comm);
    thread->pid->thread = thread;
    thread->pid->process = process;
    process->pid = pid_get(thread->pid);
    process->leader = thread;
    process->live = 1;
    process->unkillable = true;
    process->exit_signal = SIGCHLD;
    process->login_uid = UINT32_MAX;
    default_limits(process);
    list_append(&process->threads, &thread->in_process);
    process_join_group(process, process->pid, process->pid);
    pm->init = process;
    return thread;
}

// The kernel task starts in an empty space; the first execve gives it another.
static long first_task(struct thread *thread)
{
    int error;
    struct mm *mm = mm_create(&error);
    if (!mm)
        return error;
    struct task_start start = { 0 };
    long task = task_create(mm->space, pm->user_quota, pm->port, thread->label, &start);
    if (task < 0)
        return task;
    thread->mm = mm;
    thread->task = (handle_t)task;
    thread->busy = true;
    thread->state = THREAD_IN;
    constants_set_ids(thread);
    lend_signals(thread);
    long result = task_set_routes(thread->task, pm->routes);
    if (result == 0)
        result = vfs_clone(NULL, thread, 0, process_id(thread->process));
    if (result == 0)
        result = task_set_label(thread->task, LABEL_VFS, thread->vfs_label);
    if (result == 0)
        result = vfs_limits(thread->process);
    return result < 0 ? result : vfs_identity(thread, &thread->cred);
}

static void run_init(void *unused)
{
    static const char *const places[] = { "/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
    struct thread *thread = first_thread();
    long error = first_task(thread);
    if (error < 0) {
        print("pm: the first task: error %ld\n", error);
        system_stop("process 1 cannot be made", STATUS_NO_INIT);
    }
    char given[256];
    if (command_line_word("init", given, sizeof given)) {
        error = exec_first(thread, (const char *const[]){ given, NULL }, environment);
        if (error < 0)
            print("pm: init=%s: error %ld\n", given, error);
    } else {
        error = -ENOENT;
        for (unsigned i = 0; error < 0 && i < sizeof places / sizeof places[0]; i++) {
            error = exec_first(thread, (const char *const[]){ places[i], NULL }, environment);
            if (error < 0 && error != -ENOENT)
                print("pm: %s: error %ld\n", places[i], error);
        }
    }
    if (error < 0)
        system_stop("no init found", STATUS_NO_INIT);
    thread->busy = false;
    thread->state = THREAD_OUT;
    task_start(thread->task);
}

void init_start(void) { fiber_run(run_init, NULL, false); }
