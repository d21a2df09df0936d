// SPDX-License-Identifier: MIT
// FIONREAD: how much can be read at once, of each kind of file.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "test.h"

static void say_left(const char *what, int fd)
{
    int left = -7;
    int result = ioctl(fd, FIONREAD, &left);
    say("%s: %s, %d", what, result < 0 ? strerror(errno) : "ok", left);
}

TOPIC(bytes_left)
{
    int ends[2];
    struct termios settings;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    tcgetattr(slave, &settings);
    settings.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(slave, TCSANOW, &settings);
    say_left("slave", slave);
    write(master, "no line", 7);
    say_left("slave, half a line", slave);
    write(master, " yet\nmore", 9);
    poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, -1);
    say_left("slave, a line", slave);
    say_left("master", master);
    write(slave, "abc", 3);
    poll(&(struct pollfd){ .fd = master, .events = POLLIN }, 1, -1);
    say_left("master", master);
    write_file("f", "abcdefgh", 0644);
    int fd = open("f", O_RDWR);
    say_left("file", fd);
    lseek(fd, 3, SEEK_SET);
    say_left("file", fd);
    lseek(fd, 100, SEEK_SET);
    say_left("file, beyond", fd);
    say_left("directory", open(".", O_RDONLY));
    say_left("path", open("f", O_PATH));
    say_left("proc", open("/proc/self/stat", O_RDONLY));
    say_left("null", open("/dev/null", O_RDONLY));
    say_left("zero", open("/dev/zero", O_RDONLY));
    say_left("urandom", open("/dev/urandom", O_RDONLY));
    say_left("eventfd", eventfd(3, 0));
    say_left("timerfd", timerfd_create(0, 0));
    say_left("memfd", memfd_create("x", 0));
    pipe(ends);
    write(ends[1], "abc", 3);
    say_left("pipe", ends[0]);
    say_left("pipe", ends[1]);
    for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
        if (socketpair(AF_UNIX, type, 0, ends) < 0)
            continue;
        say("socket %d", type);
        say_left("socket", ends[0]);
        write(ends[1], "abc", 3);
        write(ends[1], "de", 2);
        say_left("socket", ends[0]);
        say_left("other end", ends[1]);
    }
    TRY(ioctl(fd, FIONREAD, (void *)8));
    close(fd);
    TRY(ioctl(fd, FIONREAD, ends));
}
