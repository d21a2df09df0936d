// SPDX-License-Identifier: MIT
// File locks: fcntl's (by process and range), open-file-description ones, and flock's.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static struct flock lock_of(int type, off_t start, off_t length)
{
    return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void say_get(int fd, int type, off_t start, off_t length, pid_t holder)
{
    struct flock lock = lock_of(type, start, length);
    if (TRY(fcntl(fd, F_GETLK, &lock)) == 0)
        say("type %d from %ld length %ld, %s", lock.l_type, (long)lock.l_start, (long)lock.l_len,
            lock.l_type == F_UNLCK ? "nobody"
            : lock.l_pid == holder ? "the holder"
                                   : "another");
}

TOPIC(lock_ranges)
{
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    struct flock lock = lock_of(F_WRLCK, 10, 10);
    TRY(fcntl(fd, F_SETLK, &lock));
    lock = lock_of(F_UNLCK, 14, 2);
    TRY(fcntl(fd, F_SETLK, &lock));
    lock = lock_of(F_RDLCK, 100, 0);
    TRY(fcntl(fd, F_SETLK, &lock));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        say_get(fd, F_WRLCK, 0, 0, parent);
        say_get(fd, F_WRLCK, 14, 2, parent);
        say_get(fd, F_WRLCK, 15, 10, parent);
        say_get(fd, F_RDLCK, 200, 1, parent);
        say_get(fd, F_WRLCK, 200, 1, parent);
        lock = lock_of(F_WRLCK, 15, 2);
        TRY(fcntl(fd, F_SETLK, &lock));
        lock = lock_of(F_RDLCK, 300, 2);
        TRY(fcntl(fd, F_SETLK, &lock));
        _exit(0);
    }
    reap("child", pid);
    lock = lock_of(99, 0, 0);
    TRY(fcntl(fd, F_SETLK, &lock));
    lock = lock_of(F_RDLCK, -1, 1);
    TRY(fcntl(fd, F_SETLK, &lock));
    int reader = open("f", O_RDONLY);
    lock = lock_of(F_WRLCK, 0, 0);
    TRY(fcntl(reader, F_SETLK, &lock));
}

TOPIC(lock_released)
{
    int gate[2], done[2];
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    struct flock lock = lock_of(F_WRLCK, 0, 0);
    pipe(gate);
    pipe(done);
    pid_t pid = fork();
    if (pid == 0) {
        fcntl(fd, F_SETLK, &lock);
        token_send(done[1]);
        token_await(gate[0]);
        // Closing any descriptor of the file drops the process's locks.
        close(open("f", O_RDONLY));
        token_send(done[1]);
        token_await(gate[0]);
        fcntl(fd, F_SETLK, &lock);
        token_send(done[1]);
        _exit(0);
    }
    token_await(done[0]);
    TRY(fcntl(fd, F_SETLK, &lock));
    token_send(gate[1]);
    token_await(done[0]);
    TRY(fcntl(fd, F_SETLK, &lock));
    lock.l_type = F_UNLCK;
    fcntl(fd, F_SETLK, &lock);
    lock.l_type = F_WRLCK;
    token_send(gate[1]);
    token_await(done[0]);
    // Waits until the child's exit has released it.
    TRY(fcntl(fd, F_SETLKW, &lock));
    reap("child", pid);
}

TOPIC(lock_deadlock)
{
    int gate[2];
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    struct flock first = lock_of(F_WRLCK, 0, 1), second = lock_of(F_WRLCK, 1, 1);
    pipe(gate);
    fcntl(fd, F_SETLK, &first);
    pid_t pid = fork();
    if (pid == 0) {
        fcntl(fd, F_SETLK, &second);
        token_send(gate[1]);
        // One of the two is refused: who asks last.
        int result = fcntl(fd, F_SETLKW, &first);
        _exit(result == 0 ? 0 : errno == EDEADLK ? 1 : 2);
    }
    token_await(gate[0]);
    int status, refused = fcntl(fd, F_SETLKW, &second) < 0 && errno == EDEADLK;
    first.l_type = second.l_type = F_UNLCK;
    fcntl(fd, F_SETLK, &first);
    fcntl(fd, F_SETLK, &second);
    waitpid(pid, &status, 0);
    say("refused %d", refused + WEXITSTATUS(status));
}

TOPIC(lock_open_file)
{
    int a = open("f", O_RDWR | O_CREAT, 0600), b = open("f", O_RDWR);
    struct flock lock = lock_of(F_WRLCK, 0, 10);
    TRY(fcntl(a, F_OFD_SETLK, &lock));
    TRY(fcntl(b, F_OFD_SETLK, &lock));
    TRY(fcntl(b, F_SETLK, &lock));
    close(dup(a));
    TRY(fcntl(b, F_OFD_SETLK, &lock));
    close(a);
    TRY(fcntl(b, F_OFD_SETLK, &lock));
}

TOPIC(lock_flock)
{
    int a = open("f", O_RDWR | O_CREAT, 0600), b = open("f", O_RDONLY);
    TRY(flock(a, LOCK_EX));
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(a, LOCK_SH));
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(a, LOCK_EX | LOCK_NB));
    TRY(flock(b, LOCK_UN));
    TRY(flock(a, LOCK_EX | LOCK_NB));
    // A child's copy is the same lock; it goes with the last copy or an unlock through any.
    pid_t pid = fork();
    if (pid == 0) {
        close(a);
        _exit(0);
    }
    reap("child closes", pid);
    TRY(flock(b, LOCK_SH | LOCK_NB));
    pid = fork();
    if (pid == 0) {
        flock(a, LOCK_UN);
        _exit(0);
    }
    reap("child unlocks", pid);
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(a, 77));
    TRY(flock(999, LOCK_SH));
}
