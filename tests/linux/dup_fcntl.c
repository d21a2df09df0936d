// SPDX-License-Identifier: MIT
// Descriptors: which number is taken, what two of them share, limits (man 2 dup, fcntl).
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

TOPIC(descriptor_numbers)
{
    int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY), c = dup(a);
    CHECK(b == a + 1 && c == a + 2);
    close(b);
    CHECK(dup(c) == b);
    TRY(dup2(a, 50));
    TRY(dup2(a, 50));
    TRY(dup2(50, 50));
    TRY(dup2(999, 999));
    TRY(dup2(999, 3));
    TRY(dup2(a, -1));
    TRY(dup(-1));
    TRY(dup3(a, 51, O_CLOEXEC));
    TRY(fcntl(51, F_GETFD));
    TRY(dup3(a, a, 0));
    TRY(dup3(a, 52, O_APPEND));
    TRY(fcntl(a, F_DUPFD, 60));
    TRY(fcntl(a, F_DUPFD, 60));
    TRY(fcntl(a, F_DUPFD_CLOEXEC, 70));
    TRY(fcntl(70, F_GETFD));
    TRY(fcntl(a, F_DUPFD, -1));
    TRY(close(50));
    TRY(close(50));
}

TOPIC(descriptor_flags)
{
    int fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0644), other = dup(fd);
    TRY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    TRY(fcntl(fd, F_GETFD));
    TRY(fcntl(other, F_GETFD));
    CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
    TRY(fcntl(fd, F_SETFL, O_NONBLOCK));
    // File flags belong to the open file, so to both descriptors.
    CHECK((fcntl(other, F_GETFL) & (O_APPEND | O_NONBLOCK)) == O_NONBLOCK);
    // The access mode cannot be changed.
    TRY(fcntl(fd, F_SETFL, O_RDONLY));
    CHECK((fcntl(other, F_GETFL) & O_ACCMODE) == O_RDWR);
    TRY(ioctl(fd, FIONCLEX, 0));
    TRY(fcntl(fd, F_GETFD));
    int on = 1;
    TRY(ioctl(fd, FIONBIO, &on));
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    TRY(fcntl(fd, 12345));
    TRY(fcntl(999, F_GETFL));
    TRY(ioctl(fd, 0x12345));
}

TOPIC(descriptor_offsets)
{
    char text[4] = "";
    write_file("f", "abcdefgh", 0644);
    int fd = open("f", O_RDONLY), shared = dup(fd), separate = open("f", O_RDONLY);
    read(fd, text, 3);
    TRY(lseek(shared, 0, SEEK_CUR));
    TRY(lseek(separate, 0, SEEK_CUR));
    close(fd);
    TRY(read(shared, text, 3));
    say("%s", text);
}

TOPIC(descriptor_limit)
{
    struct rlimit limit;
    int last = -1, fd;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 20;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    say("last %d, then %s", last, strerror(errno));
    int ends[2];
    TRY(pipe(ends));
    TRY(dup(0));
    TRY(dup2(0, 20));
    TRY(fcntl(0, F_DUPFD, 20));
    close(7);
    TRY(dup(0));
    close(7);
    TRY(pipe(ends));
}

TOPIC(descriptor_access)
{
    char byte;
    write_file("f", "x", 0644);
    int reader = open("f", O_RDONLY), writer = open("f", O_WRONLY), path = open("f", O_PATH);
    TRY(write(reader, "y", 1));
    TRY(read(writer, &byte, 1));
    TRY(read(path, &byte, 1));
    TRY(fcntl(path, F_GETFD));
    TRY(read(999, &byte, 1));
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    TRY(read(directory, &byte, 1));
    TRY_OK(open(".", O_WRONLY));
    TRY(ftruncate(reader, 0));
}

TOPIC(descriptor_close_range)
{
    int base = dup2(0, 100);
    for (int i = 0; i < 5; i++)
        dup2(0, base + i);
    TRY(syscall(SYS_close_range, 101, 103, 0));
    TRY(fcntl(100, F_GETFD));
    TRY(fcntl(102, F_GETFD));
    TRY(fcntl(104, F_GETFD));
    TRY(syscall(SYS_close_range, 5, 4, 0));
}
