// SPDX-License-Identifier: MIT
// clone of processes: what each CLONE_ flag shares, without CLONE_THREAD (man 2 clone).
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char stack[32768] __attribute__((aligned(16)));
static volatile int shared;

static char *stack_top(void) { return stack + sizeof(stack); }

static int write_shared(void *parent)
{
    shared = 77;
    return getpid() == *(pid_t *)parent ? 1 : 0;
}

TOPIC(clone_shares_memory)
{
    pid_t self = getpid();
    shared = 0;
    pid_t pid = clone(write_shared, stack_top(), CLONE_VM | SIGCHLD, &self);
    reap("with CLONE_VM", pid);
    say("shared %d", shared);
    shared = 0;
    pid = clone(write_shared, stack_top(), SIGCHLD, &self);
    reap("without", pid);
    say("shared %d", shared);
}

static int close_three(void *fd) { return close(*(int *)fd); }

TOPIC(clone_shares_files)
{
    int fd = open("/dev/null", O_RDONLY);
    pid_t pid = clone(close_three, stack_top(), SIGCHLD, &fd);
    reap("without CLONE_FILES", pid);
    TRY(fcntl(fd, F_GETFD));
    pid = clone(close_three, stack_top(), CLONE_FILES | SIGCHLD, &fd);
    reap("with CLONE_FILES", pid);
    TRY(fcntl(fd, F_GETFD));
}

static int change_directory(void *path)
{
    umask(077);
    return chdir(path);
}

TOPIC(clone_shares_fs)
{
    mkdir("inner", 0755);
    pid_t pid = clone(change_directory, stack_top(), SIGCHLD, "inner");
    reap("without CLONE_FS", pid);
    TRY(access("inner", F_OK));
    pid = clone(change_directory, stack_top(), CLONE_FS | SIGCHLD, "inner");
    reap("with CLONE_FS", pid);
    TRY(access("../inner", F_OK));
    CHECK(umask(022) == 077);
}

static void handler(int number) { (void)number; }

static int set_handler(void *unused)
{
    (void)unused;
    return signal(SIGUSR2, handler) == SIG_ERR;
}

TOPIC(clone_shares_handlers)
{
    signal(SIGUSR2, SIG_DFL);
    pid_t pid = clone(set_handler, stack_top(), CLONE_VM | SIGCHLD, NULL);
    reap("without CLONE_SIGHAND", pid);
    CHECK(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
    pid = clone(set_handler, stack_top(), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
    reap("with CLONE_SIGHAND", pid);
    CHECK(signal(SIGUSR2, SIG_DFL) == handler);
}

static int exit_with(void *code) { return *(int *)code; }

static int clone_sibling(void *code)
{
    static char inner_stack[16384] __attribute__((aligned(16)));
    pid_t sibling = clone(exit_with, inner_stack + sizeof(inner_stack), CLONE_PARENT | SIGCHLD, code);
    // Its parent is ours, not us.
    return waitpid(sibling, NULL, 0) == -1 ? 0 : 1;
}

TOPIC(clone_parent)
{
    int code = 14, status, sum = 0;
    pid_t pid = clone(clone_sibling, stack_top(), SIGCHLD, &code);
    for (int i = 0; i < 2; i++) {
        pid_t got = wait(&status);
        say("child %d: %s", i, got > 0 && WIFEXITED(status) ? "exited" : "strange");
        sum += WEXITSTATUS(status) + (got == pid ? 100 : 0);
    }
    say("sum %d", sum);
}

static int compare_tid(void *tid) { return *(pid_t *)tid == getpid() ? 0 : 1; }

TOPIC(clone_tids)
{
    pid_t parent_tid = 0, child_tid = 0;
    pid_t pid = clone(compare_tid, stack_top(), CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
                      &child_tid, &parent_tid, NULL, &child_tid);
    CHECK(parent_tid == pid);
    say("child_tid here %d", child_tid);
    reap("CLONE_CHILD_SETTID", pid);
}

TOPIC(clone_pidfd)
{
    int code = 3, fd = -1;
    pid_t pid = clone(exit_with, stack_top(), CLONE_PIDFD | SIGCHLD, &code, &fd);
    CHECK(fd >= 0);
    say("close on exec: %d", fcntl(fd, F_GETFD));
    reap("child", pid);
    TRY(clone(exit_with, stack_top(), CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &code, &fd));
    TRY(clone(exit_with, stack_top(), CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &code, &fd));
}

// No child without its descriptor, and no descriptor without a place for its number.
TOPIC(clone_pidfd_fails)
{
    int code = 3, fd = -1, lowest = dup(0);
    close(lowest);
    TRY(clone(exit_with, stack_top(), CLONE_PIDFD | SIGCHLD, &code, (void *)8));
    say("descriptors left: %d", dup(0) - lowest);
    struct rlimit limit = { (rlim_t)lowest + 1, 1024 };
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    TRY(clone(exit_with, stack_top(), CLONE_PIDFD | SIGCHLD, &code, &fd));
    say("number: %d", fd);
    TRY(wait(NULL));
}

struct clone3_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
        cgroup;
};

static long clone3(uint64_t flags, uint64_t exit_signal, size_t size)
{
    struct clone3_args args = { .flags = flags, .exit_signal = exit_signal };
    return syscall(SYS_clone3, &args, size);
}

TOPIC(clone3_basic)
{
    pid_t pid = (pid_t)clone3(0, SIGCHLD, sizeof(struct clone3_args));
    if (pid == 0)
        _exit(19);
    reap("child", pid);
    TRY(clone3(SIGCHLD, 0, sizeof(struct clone3_args)));
    TRY(clone3(0, 65, sizeof(struct clone3_args)));
    TRY(clone3(0, SIGCHLD, 8));
    TRY(clone3(CLONE_DETACHED, SIGCHLD, sizeof(struct clone3_args)));
    TRY(clone3(CLONE_SIGHAND, SIGCHLD, sizeof(struct clone3_args)));
    // Handlers are cleared, ignored signals stay ignored.
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    pid = (pid_t)clone3(0x100000000ULL, SIGCHLD, sizeof(struct clone3_args));
    if (pid == 0) {
        CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
        CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
        _exit(0);
    }
    reap("CLONE_CLEAR_SIGHAND", pid);
}
