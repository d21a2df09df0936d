// SPDX-License-Identifier: MIT
// wait4 and waitpid: which child, which status, and when there is none (man 2 wait).
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TOPIC(wait_none)
{
    TRY(wait(NULL));
    TRY(waitpid(-1, NULL, WNOHANG));
    TRY(waitpid(1, NULL, 0));
    TRY(waitpid(0, NULL, 0));
    TRY(waitpid(-12345, NULL, 0));
    TRY(waitpid(-1, NULL, 0x40));
}

TOPIC(wait_nohang)
{
    int gate[2], status = -1;
    pipe(gate);
    pid_t pid = fork();
    if (pid == 0) {
        token_await(gate[0]);
        _exit(42);
    }
    TRY(waitpid(pid, &status, WNOHANG));
    say("status untouched: %d", status);
    token_send(gate[1]);
    reap("child", pid);
    TRY(waitpid(pid, &status, WNOHANG));
}

TOPIC(wait_statuses)
{
    static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGUSR1 };
    for (int code = 0; code < 256; code += 85) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(code);
        reap("exit", pid);
    }
    pid_t pid = fork();
    if (pid == 0)
        _exit(0x1234);
    reap("only the low byte of an exit status counts", pid);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct rlimit none = { 0, 0 };
        pid = fork();
        if (pid == 0) {
            setrlimit(RLIMIT_CORE, &none);
            signal(signals[i], SIG_DFL);
            kill(getpid(), signals[i]);
            _exit(0);
        }
        reap("signal", pid);
    }
}

TOPIC(wait_order)
{
    pid_t first = fork();
    if (first == 0)
        _exit(1);
    pid_t second = fork();
    if (second == 0)
        _exit(2);
    // Any order of dying, but a wait for one pid takes that one.
    reap("second", second);
    reap("first", first);
    TRY(wait(NULL));
}

TOPIC(wait_group)
{
    pid_t own = fork();
    if (own == 0)
        _exit(5);
    pid_t other = fork();
    if (other == 0) {
        setpgid(0, 0);
        _exit(6);
    }
    setpgid(other, other);
    int status = 0;
    CHECK(waitpid(0, &status, 0) == own);
    say_status("of our group", status);
    TRY(waitpid(0, NULL, 0));
    CHECK(waitpid(-other, &status, 0) == other);
    say_status("of its own group", status);
}

TOPIC(wait_stopped)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        raise(SIGTSTP);
        for (;;)
            pause();
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid);
    say_status("child", status);
    TRY(waitpid(pid, &status, WUNTRACED | WNOHANG));
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid);
    say_status("child", status);
    TRY(waitpid(pid, &status, WCONTINUED | WNOHANG));
    kill(pid, SIGKILL);
    reap("child", pid);
}

TOPIC(wait_ignored_children)
{
    struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            _exit(i);
    // Blocks until the last one is gone, then there is nothing to wait for.
    TRY(wait(NULL));
    sigaction(SIGCHLD, &action, NULL);
    if (fork() == 0)
        _exit(0);
    TRY(wait(NULL));
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(9);
    reap("child", pid);
}

// A child that stops if told so, and ends, once its parent sleeps.
static pid_t fork_late(int code, bool stops)
{
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/stat", parent);
    while (!strstr(read_file(path), ") S "))
        sched_yield();
    if (stops)
        raise(SIGSTOP);
    _exit(code);
}

TOPIC(wait_ignored_asleep)
{
    struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++)
        fork_late(i, false);
    // A waiter sees none of them end, only that none is left.
    TRY(wait(NULL));
    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < 3; i++)
        fork_late(i, false);
    TRY(waitpid(-1, NULL, WUNTRACED));
}

static void on_signal(int number) { (void)number; }

TOPIC(wait_beats_its_signal)
{
    // The signal of the child that ends, or stops, does not interrupt the wait for it.
    struct sigaction action = { .sa_handler = on_signal };
    int status;
    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork_late(i, false);
        CHECK(waitpid(pid, &status, 0) == pid);
        say_status("child", status);
        pid = fork_late(i, true);
        CHECK(waitpid(pid, &status, WUNTRACED) == pid);
        say_status("child", status);
        kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
        say_status("child", status);
    }
}

TOPIC(wait_interrupted)
{
    struct sigaction action = { .sa_handler = on_signal };
    pid_t parent = getpid();
    sigaction(SIGUSR1, &action, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        // Again and again, as the first may come before the parent waits.
        for (;;) {
            kill(parent, SIGUSR1);
            sched_yield();
        }
    }
    TRY(waitpid(pid, NULL, 0));
    kill(pid, SIGKILL);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    say_status("child", status);
}

TOPIC(wait_clone_children)
{
    // A child whose exit signal is not SIGCHLD is a "clone child": only __WCLONE or __WALL see it.
    pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (pid == 0)
        _exit(4);
    TRY(waitpid(pid, NULL, 0));
    int status = 0;
    CHECK(waitpid(pid, &status, __WCLONE) == pid);
    say_status("clone child", status);
    signal(SIGUSR1, SIG_IGN);
    pid = (pid_t)syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
    if (pid == 0)
        _exit(5);
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
        ;
    say_status("clone child", status);
}

TOPIC(wait_usage)
{
    struct rusage usage;
    memset(&usage, 0xff, sizeof(usage));
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK(wait4(pid, NULL, 0, &usage) == pid);
    CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 10);
    CHECK(usage.ru_stime.tv_usec >= 0 && usage.ru_stime.tv_usec < 1000000);
}
