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
static void make_256m(void) { make_resident(256ul << 20); }
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

static void execute(pid_t pid, const char *path, char *const *arguments)
{
    if (pid == 0) {
        execve(path, arguments, no_environment);
        _exit(127);
    }
    wait_for(pid);
}

static void vfork_exec(void) { execute(vfork(), self_arguments[0], self_arguments); }
static void fork_exec(void) { execute(fork(), self_arguments[0], self_arguments); }

// Debian's dash, which needs an interpreter and the C library, and the guest's sh, which is static.
static char *const shell_arguments[] = { "sh", "-c", "true", NULL };
static char *const dynamic_arguments[] = { "dash", "-c", ":", NULL };
static void shell_true(void) { execute(vfork(), "/bin/sh", shell_arguments); }
static void vfork_exec_dynamic(void) { execute(vfork(), "/bin/dash", dynamic_arguments); }
static void fork_exec_dynamic(void) { execute(fork(), "/bin/dash", dynamic_arguments); }

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
    { "fork-exit-wait-256M", make_256m, fork_wait, drop_resident, 5 },
    { "vfork-exit-wait", NULL, vfork_wait, NULL, 20 },
    { "vfork-exec-wait", NULL, vfork_exec, NULL, 10 },
    { "fork-exec-wait", NULL, fork_exec, NULL, 10 },
    { "vfork-exec-wait-dynamic", NULL, vfork_exec_dynamic, NULL, 10 },
    { "fork-exec-wait-dynamic", NULL, fork_exec_dynamic, NULL, 10 },
    { "sh-c-true", NULL, shell_true, NULL, 5 },
    { "thread-create-join", NULL, thread_join, NULL, 20 },
    { NULL, NULL, NULL, NULL, 0 },
};
