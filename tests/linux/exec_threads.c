// SPDX-License-Identifier: MIT
// exec and exit while sibling threads are asleep in the kernel, each in another kind of wait.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static int quiet[2];
static pthread_barrier_t barrier;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *in_read(void *unused)
{
    char byte;
    (void)unused;
    pthread_barrier_wait(&barrier);
    read(quiet[0], &byte, 1);
    return NULL;
}

static void *in_poll(void *unused)
{
    struct pollfd item = { .fd = quiet[0], .events = POLLIN };
    (void)unused;
    pthread_barrier_wait(&barrier);
    poll(&item, 1, -1);
    return NULL;
}

static void *in_futex(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&held);
    return NULL;
}

static void *in_sleep(void *unused)
{
    struct timespec long_time = { 1000, 0 };
    (void)unused;
    pthread_barrier_wait(&barrier);
    nanosleep(&long_time, NULL);
    return NULL;
}

static void *in_wait(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    waitpid(-1, NULL, 0);
    return NULL;
}

static void *in_loop(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    for (;;)
        ;
}

static void start_all(void)
{
    static void *(*const kinds[])(void *) = { in_read, in_poll, in_futex, in_sleep, in_wait, in_loop };
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    pthread_t thread;
    pipe2(quiet, O_CLOEXEC);
    pthread_mutex_lock(&held);
    pthread_barrier_init(&barrier, NULL, KINDS + 1);
    for (int i = 0; i < KINDS; i++)
        pthread_create(&thread, NULL, kinds[i], NULL);
    pthread_barrier_wait(&barrier);
}

CHILD(count_threads)
{
    say("executed, threads: %s", read_file("/proc/self/comm")[0] ? "gone" : "?");
    return 0;
}

TOPIC(exec_with_sleeping_threads)
{
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            start_all();
            execl(test_program, "t", "--child", "count_threads", (char *)NULL);
            _exit(99);
        }
        reap("process", pid);
    }
}

TOPIC(exit_with_sleeping_threads)
{
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            start_all();
            _exit(i);
        }
        reap("process", pid);
    }
}

TOPIC(kill_with_sleeping_threads)
{
    for (int i = 0; i < 5; i++) {
        int ready[2];
        pipe(ready);
        pid_t pid = fork();
        if (pid == 0) {
            start_all();
            token_send(ready[1]);
            for (;;)
                pause();
        }
        token_await(ready[0]);
        kill(pid, i % 2 ? SIGTERM : SIGKILL);
        reap("process", pid);
    }
}

TOPIC(stop_with_sleeping_threads)
{
    int ready[2], status;
    pipe(ready);
    pid_t pid = fork();
    if (pid == 0) {
        start_all();
        token_send(ready[1]);
        for (;;)
            pause();
    }
    token_await(ready[0]);
    for (int i = 0; i < 3; i++) {
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        say_status("process", status);
        kill(pid, SIGCONT);
        waitpid(pid, &status, WCONTINUED);
        say_status("process", status);
    }
    kill(pid, SIGKILL);
    reap("process", pid);
}
