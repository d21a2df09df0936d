// SPDX-License-Identifier: MIT
// Processes and threads.
#include "bench.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for(pid_t pid)
{
    int status;
    must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void fork_wait(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    wait_for(pid);
}

static char *resident;
static size_t resident_bytes;

static void make_resident(size_t bytes)
{
    resident_bytes = bytes;
    resident = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(resident != MAP_FAILED, "mmap");
    memset(resident, 1, bytes);
}

static void make_8m(void) { make_resident(8ul << 20); }
static void make_64m(void) { make_resident(64ul << 20); }
static void drop_resident(void) { munmap(resident, resident_bytes); }

static void vfork_wait(void)
{
    pid_t pid = vfork();
    if (pid == 0)
        _exit(0);
    wait_for(pid);
}

static char *const self_arguments[] = { "/proc/self/exe", "--exit", NULL };
static char *const no_environment[] = { NULL };

static void vfork_exec(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        execve(self_arguments[0], self_arguments, no_environment);
        _exit(127);
    }
    wait_for(pid);
}

static void fork_exec(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execve(self_arguments[0], self_arguments, no_environment);
        _exit(127);
    }
    wait_for(pid);
}

static void shell_true(void)
{
    static char *const arguments[] = { "sh", "-c", "true", NULL };
    pid_t pid = vfork();
    if (pid == 0) {
        execve("/bin/sh", arguments, no_environment);
        _exit(127);
    }
    wait_for(pid);
}

static void *nothing(void *argument) { return argument; }

static void thread_join(void)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0, "thread");
}

const struct operation process_operations[] = {
    { "fork-exit-wait", NULL, fork_wait, NULL, 20 },
    { "fork-exit-wait-8M", make_8m, fork_wait, drop_resident, 10 },
    { "fork-exit-wait-64M", make_64m, fork_wait, drop_resident, 5 },
    { "vfork-exit-wait", NULL, vfork_wait, NULL, 20 },
    { "vfork-exec-wait", NULL, vfork_exec, NULL, 10 },
    { "fork-exec-wait", NULL, fork_exec, NULL, 10 },
    { "sh-c-true", NULL, shell_true, NULL, 5 },
    { "thread-create-join", NULL, thread_join, NULL, 20 },
    { NULL, NULL, NULL, NULL, 0 },
};
