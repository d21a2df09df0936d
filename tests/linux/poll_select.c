// SPDX-License-Identifier: MIT
// poll, ppoll, select and pselect: what is reported for which state, masks, waking (man 2 poll, select).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static void say_poll(const char *what, int fd, short events)
{
    struct pollfd item = { .fd = fd, .events = events, .revents = 0x7777 };
    int n = poll(&item, 1, 0);
    say("%s: %d, events %#x", what, n, (unsigned)item.revents);
}

TOPIC(poll_pipe)
{
    char block[65536];
    int ends[2];
    pipe(ends);
    say_poll("empty, reading", ends[0], POLLIN);
    say_poll("empty, writing", ends[1], POLLOUT);
    write(ends[1], "x", 1);
    say_poll("one byte", ends[0], POLLIN | POLLRDNORM);
    say_poll("the other direction", ends[0], POLLOUT);
    memset(block, 0, sizeof(block));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, 4096) > 0)
        ;
    say_poll("full", ends[1], POLLOUT);
    close(ends[1]);
    say_poll("no writer, data left", ends[0], POLLIN);
    while (read(ends[0], block, sizeof(block)) > 0)
        ;
    say_poll("no writer, no data", ends[0], POLLIN);
    pipe(ends);
    close(ends[0]);
    say_poll("no reader", ends[1], POLLOUT);
}

TOPIC(poll_kinds)
{
    write_file("f", "x", 0644);
    say_poll("regular file", open("f", O_RDWR), POLLIN | POLLOUT);
    say_poll("directory", open(".", O_RDONLY), POLLIN | POLLOUT);
    say_poll("/dev/null", open("/dev/null", O_RDWR), POLLIN | POLLOUT);
    say_poll("no such descriptor", 999, POLLIN);
    say_poll("negative descriptor", -5, POLLIN);
    say_poll("eventfd 0", eventfd(0, 0), POLLIN | POLLOUT);
    say_poll("eventfd 1", eventfd(1, 0), POLLIN | POLLOUT);
    struct pollfd items[3] = { { .fd = -1 }, { .fd = eventfd(1, 0), .events = POLLIN }, { .fd = 999 } };
    TRY(poll(items, 3, 0));
    TRY(poll(NULL, 0, 0));
    TRY(poll(NULL, 1, 0));
    TRY(poll(items, 10000000, 0));
}

TOPIC(poll_wakes)
{
    int ends[2], gate[2];
    pipe(ends);
    pipe(gate);
    struct pollfd items[2] = { { .fd = gate[0], .events = POLLIN }, { .fd = ends[0], .events = POLLIN } };
    pid_t pid = fork();
    if (pid == 0) {
        write(ends[1], "x", 1);
        _exit(0);
    }
    TRY(poll(items, 2, -1));
    say("%#x %#x", (unsigned)items[0].revents, (unsigned)items[1].revents);
    reap("writer", pid);
    // Waking by the other side's close.
    char byte;
    read(ends[0], &byte, 1);
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    TRY(poll(items, 2, -1));
    say("%#x %#x", (unsigned)items[0].revents, (unsigned)items[1].revents);
    reap("closer", pid);
    TRY(poll(items, 1, 1));
}

static void note(int number) { say("handler of %d", number); }

TOPIC(poll_mask)
{
    // The mask of ppoll holds only during the call; a pending signal that it lets in ends the call.
    sigset_t set, empty;
    struct timespec nothing = { 0, 0 }, long_time = { 1000, 0 };
    signal(SIGUSR1, note);
    sigemptyset(&empty);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    TRY(ppoll(NULL, 0, &nothing, NULL));
    TRY(ppoll(NULL, 0, &long_time, &empty));
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGUSR1));
    raise(SIGUSR1);
    TRY(pselect(0, NULL, NULL, NULL, &long_time, &empty));
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGUSR1));
    // What is ready counts more than the signal.
    int ready = eventfd(1, 0);
    struct pollfd item = { .fd = ready, .events = POLLIN };
    raise(SIGUSR1);
    TRY(ppoll(&item, 1, &long_time, &empty));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TOPIC(select_basic)
{
    fd_set in, out;
    struct timeval nothing = { 0, 0 };
    int ends[2];
    pipe(ends);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    TRY(select(ends[1] + 1, &in, &out, NULL, &nothing));
    say("in %d, out %d", FD_ISSET(ends[0], &in) != 0, FD_ISSET(ends[1], &out) != 0);
    write(ends[1], "x", 1);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    TRY(select(ends[1] + 1, &in, &out, NULL, NULL));
    say("in %d, out %d", FD_ISSET(ends[0], &in) != 0, FD_ISSET(ends[1], &out) != 0);
    // Descriptors from the first argument on are not looked at.
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    TRY(select(ends[0], &in, NULL, NULL, &nothing));
    FD_ZERO(&in);
    FD_SET(900, &in);
    TRY(select(901, &in, NULL, NULL, &nothing));
    TRY(select(-1, NULL, NULL, NULL, &nothing));
    nothing.tv_sec = -1;
    TRY(select(0, NULL, NULL, NULL, &nothing));
}
