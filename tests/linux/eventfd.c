// SPDX-License-Identifier: MIT
// eventfd: counter, semaphore mode, blocking, overflow (man 2 eventfd).
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "test.h"

static void say_read(int fd)
{
    uint64_t value = 0;
    if (TRY(read(fd, &value, sizeof(value))) == 8)
        say("value %llu", (unsigned long long)value);
}

static void add(int fd, uint64_t value) { TRY(write(fd, &value, sizeof(value))); }

TOPIC(eventfd_counter)
{
    int fd = eventfd(3, EFD_NONBLOCK);
    add(fd, 4);
    say_read(fd);
    say_read(fd);
    add(fd, UINT64_MAX);
    add(fd, UINT64_MAX - 1);
    add(fd, 1);
    say_read(fd);
    uint32_t small;
    TRY(read(fd, &small, sizeof(small)));
    TRY(write(fd, &small, sizeof(small)));
    TRY(eventfd(0, 0x10));
}

TOPIC(eventfd_semaphore)
{
    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
    say_read(fd);
    say_read(fd);
    say_read(fd);
    TRY(fcntl(fd, F_GETFD));
}

TOPIC(eventfd_blocks)
{
    int fd = eventfd(0, 0);
    pid_t pid = fork();
    if (pid == 0) {
        uint64_t value = 9;
        write(fd, &value, sizeof(value));
        _exit(0);
    }
    say_read(fd);
    reap("writer", pid);
}
