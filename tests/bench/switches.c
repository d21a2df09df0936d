// SPDX-License-Identifier: MIT
// Calls that do nothing else, and round trips between two processes or threads.
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void null_call(void) { syscall(SYS_getppid); }
static void null_call_server(void) { getpgid(0); } // no route's constant: pm answers
static void get_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
}

static int to_child[2], to_parent[2];
static pid_t child;

static void start_echo(void)
{
    must(pipe(to_child) == 0 && pipe(to_parent) == 0, "pipe");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        char c;
        close(to_child[1]);
        while (read(to_child[0], &c, 1) == 1)
            must(write(to_parent[1], &c, 1) == 1, "write");
        _exit(0);
    }
}

static void pipe_round_trip(void)
{
    char c = 'x';
    must(write(to_child[1], &c, 1) == 1 && read(to_parent[0], &c, 1) == 1, "pipe");
}

static void end_echo(void)
{
    close(to_child[1]);
    waitpid(child, NULL, 0);
    close(to_child[0]);
    close(to_parent[0]);
    close(to_parent[1]);
}

static _Alignas(16) char block[65536];
static void start_sink(void)
{
    must(pipe(to_child) == 0, "pipe");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        close(to_child[1]);
        while (read(to_child[0], block, sizeof(block)) > 0)
            ;
        _exit(0);
    }
    close(to_child[0]);
}

static void pipe_64k(void) { must(write(to_child[1], block, sizeof(block)) == sizeof(block), "write"); }

static void end_sink(void)
{
    close(to_child[1]);
    waitpid(child, NULL, 0);
}

// Two threads hand one word to and fro.
static _Atomic int word;
static pthread_t partner;

static void turn(int from, int to)
{
    while (atomic_load(&word) != from)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, to, NULL);
    atomic_store(&word, to);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

static void *serve(void *argument)
{
    for (;;) {
        int now;
        while ((now = atomic_load(&word)) == 0)
            syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
        if (now == 2)
            return argument;
        atomic_store(&word, 0);
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    }
}

static void start_partner(void)
{
    atomic_store(&word, 0);
    must(pthread_create(&partner, NULL, serve, NULL) == 0, "thread");
}

static void futex_round_trip(void)
{
    turn(0, 1);
    while (atomic_load(&word) != 0)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL);
}

static void end_partner(void)
{
    atomic_store(&word, 2);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    pthread_join(partner, NULL);
}

static void start_yielder(void)
{
    must(pipe(to_child) == 0, "pipe");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0)
        for (;;)
            sched_yield();
}

static void yield(void) { sched_yield(); }

static void end_yielder(void)
{
    kill(child, 9);
    waitpid(child, NULL, 0);
    close(to_child[0]);
    close(to_child[1]);
}

const struct operation switch_operations[] = {
    { "null-call", NULL, null_call, NULL, 200 },
    { "null-call-server", NULL, null_call_server, NULL, 200 },
    { "clock-gettime", NULL, get_clock, NULL, 200 },
    { "pipe-round-trip", start_echo, pipe_round_trip, end_echo, 50 },
    { "pipe-64K", start_sink, pipe_64k, end_sink, 20 },
    { "futex-round-trip", start_partner, futex_round_trip, end_partner, 50 },
    { "yield-switch", start_yielder, yield, end_yielder, 200 },
    { NULL, NULL, NULL, NULL, 0 },
};
