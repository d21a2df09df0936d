// SPDX-License-Identifier: MIT
// System calls that a handler interrupts: those that start again with SA_RESTART, and those that never do (man 7 signal).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static volatile int handled;
static int wake[2];

static void note(int number)
{
    (void)number;
    handled++;
}

static void note_and_wake(int number)
{
    (void)number;
    if (handled++ == 2)
        token_send(wake[1]);
}

static void set_handler(void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    handled = 0;
    sigaction(SIGUSR1, &action, NULL);
}

// Signals its parent until it is killed: some signals come while the parent sleeps in its call, whoever is faster.
static pid_t start_pest(void)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        for (;;) {
            kill(parent, SIGUSR1);
            sched_yield();
        }
    }
    return pid;
}

static void stop_pest(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
}

TOPIC(restart_read)
{
    char byte;
    pipe(wake);
    set_handler(note, 0);
    pid_t pest = start_pest();
    TRY(read(wake[0], &byte, 1));
    stop_pest(pest);
    // The third signal's handler writes what the read waits for: it was restarted if it returns that.
    set_handler(note_and_wake, SA_RESTART);
    pest = start_pest();
    TRY(read(wake[0], &byte, 1));
    stop_pest(pest);
    CHECK(handled >= 3);
}

TOPIC(restart_wait)
{
    int gate[2], status;
    pipe(wake);
    pipe(gate);
    pid_t child = fork();
    if (child == 0) {
        token_await(wake[0]);
        _exit(31);
    }
    set_handler(note, 0);
    pid_t pest = start_pest();
    TRY(waitpid(child, NULL, 0));
    stop_pest(pest);
    set_handler(note_and_wake, SA_RESTART);
    pest = start_pest();
    CHECK(waitpid(child, &status, 0) == child);
    stop_pest(pest);
    say_status("child", status);
}

TOPIC(restart_never)
{
    struct timespec long_time = { 1000, 0 }, rest = { 0, 0 };
    struct timeval long_while = { 1000, 0 };
    struct pollfd none = { .fd = -1 };
    fd_set empty;
    sigset_t set;
    pipe(wake);
    set_handler(note, SA_RESTART);
    pid_t pest = start_pest();
    TRY(poll(&none, 1, -1));
    FD_ZERO(&empty);
    TRY(select(1, &empty, NULL, NULL, &long_while));
    TRY(pause());
    TRY(nanosleep(&long_time, &rest));
    CHECK(rest.tv_sec > 900 && rest.tv_sec <= 1000);
    say("clock_nanosleep: %s", strerror(clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, &rest)));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    // The C library would go on waiting by itself.
    TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
    TRY(usleep(1000000000));
    stop_pest(pest);
}

TOPIC(restart_lock)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int held[2], fd = open("lock", O_RDWR | O_CREAT, 0600);
    pipe(held);
    pipe(wake);
    pid_t holder = fork();
    if (holder == 0) {
        fcntl(fd, F_SETLKW, &lock);
        token_send(held[1]);
        token_await(wake[0]);
        _exit(0);
    }
    token_await(held[0]);
    set_handler(note, 0);
    pid_t pest = start_pest();
    TRY(fcntl(fd, F_SETLKW, &lock));
    stop_pest(pest);
    set_handler(note_and_wake, SA_RESTART);
    pest = start_pest();
    TRY(fcntl(fd, F_SETLKW, &lock));
    stop_pest(pest);
    reap("holder", holder);
}

TOPIC(restart_write)
{
    char block[4096] = "";
    int ends[2];
    pipe(wake);
    pipe(ends);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, sizeof(block)) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    set_handler(note, 0);
    pid_t pest = start_pest();
    TRY(write(ends[1], block, 1));
    stop_pest(pest);
    set_handler(note_and_wake, SA_RESTART);
    pid_t reader = fork();
    if (reader == 0) {
        token_await(wake[0]);
        read(ends[0], block, sizeof(block));
        _exit(0);
    }
    pest = start_pest();
    TRY(write(ends[1], block, 1));
    stop_pest(pest);
    int status;
    while (waitpid(reader, &status, 0) < 0 && errno == EINTR)
        ;
    say_status("reader", status);
}

TOPIC(restart_stop_continue)
{
    // A stop and continue without any handler leaves blocking calls as if nothing had happened.
    char byte;
    int status;
    pipe(wake);
    pid_t pid = fork();
    if (pid == 0) {
        TRY(read(wake[0], &byte, 1));
        _exit(0);
    }
    for (int i = 0; i < 3; i++) {
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        say_status("child", status);
        kill(pid, SIGCONT);
        waitpid(pid, &status, WCONTINUED);
        say_status("child", status);
    }
    token_send(wake[1]);
    reap("child", pid);
}

// Stopped until its time is over, poll returns as soon as it goes on: the time does not begin again.
TOPIC(restart_poll_timeout)
{
    struct timespec start, end;
    int status;
    pipe(wake);
    pid_t pid = fork();
    if (pid == 0) {
        token_send(wake[1]);
        TRY(poll(NULL, 0, 2000));
        _exit(0);
    }
    token_await(wake[0]);
    poll(NULL, 0, 200);           // it has begun by then
    for (int i = 0; i < 2; i++) { // what has been restarted can be restarted again
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        say_status("child", status);
        poll(NULL, 0, i * 2500);
        clock_gettime(CLOCK_MONOTONIC, &start);
        kill(pid, SIGCONT);
    }
    reap("child", pid);
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 < 1500);
    TRY(syscall(SYS_restart_syscall));
}
