// SPDX-License-Identifier: MIT
// fork: what the child has of its parent's, and what it does not (man 2 fork).
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TOPIC(fork_ids)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(getppid() == parent);
        CHECK(getpid() != parent);
        CHECK(getpgrp() == getpgid(parent));
        CHECK(getsid(0) == getsid(parent));
        _exit(3);
    }
    reap("child", pid);
    CHECK(pid > 0 && pid != parent);
    TRY(waitpid(pid, NULL, 0));
}

static int global = 1;

TOPIC(fork_memory)
{
    int local = 10;
    int *heap = malloc(sizeof(*heap));
    *heap = 100;
    pid_t pid = fork();
    if (pid == 0) {
        global++, local++, (*heap)++;
        say("child has %d %d %d", global, local, *heap);
        _exit(0);
    }
    reap("child", pid);
    say("parent has %d %d %d", global, local, *heap);
    free(heap);
}

TOPIC(fork_files)
{
    char text[4] = "";
    write_file("f", "abcdef", 0644);
    int fd = open("f", O_RDONLY);
    pid_t pid = fork();
    if (pid == 0) {
        TRY(read(fd, text, 2));
        close(fd);
        _exit(0);
    }
    reap("child", pid);
    // The open file is one for both, its offset too; the descriptor tables are two.
    TRY(read(fd, text, 3));
    say("read %s", text);
    TRY(close(fd));
}

static void on_alarm(int number) { (void)number; }

TOPIC(fork_signals)
{
    sigset_t set, pending;
    struct itimerval timer = { .it_value = { .tv_sec = 1000 } };
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGALRM, on_alarm);
    signal(SIGHUP, SIG_IGN);
    raise(SIGUSR1);
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sigpending(&pending);
        CHECK(!sigismember(&pending, SIGUSR1));
        sigprocmask(SIG_BLOCK, NULL, &set);
        CHECK(sigismember(&set, SIGUSR1));
        CHECK(signal(SIGALRM, SIG_DFL) == on_alarm);
        CHECK(signal(SIGHUP, SIG_DFL) == SIG_IGN);
        getitimer(ITIMER_REAL, &timer);
        CHECK(timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
        _exit(0);
    }
    reap("child", pid);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
}

TOPIC(fork_directory)
{
    mkdir("d", 0755);
    umask(027);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(umask(022) == 027);
        TRY(chdir("d"));
        _exit(0);
    }
    reap("child", pid);
    CHECK(umask(022) == 027);
    // The child's chdir was its own.
    TRY(access("d", X_OK));
}

TOPIC(fork_orphan)
{
    int go[2], told[2];
    pipe(go);
    pipe(told);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent)
                sched_yield();
            token_await(go[0]);
            say("the grandchild has another parent");
            token_send(told[1]);
            _exit(0);
        }
        _exit(0);
    }
    reap("child", pid);
    token_send(go[1]);
    token_await(told[0]);
    TRY(wait(NULL));
}
