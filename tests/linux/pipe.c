// SPDX-License-Identifier: MIT
// Pipes and FIFOs (man 7 pipe): end of file, SIGPIPE, capacity, whole small writes, O_NONBLOCK.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TOPIC(pipe_basic)
{
    char text[16] = "";
    int ends[2];
    TRY(pipe(ends));
    TRY(write(ends[1], "hello", 5));
    TRY(read(ends[0], text, 2));
    TRY(read(ends[0], text + 2, 10));
    say("%s", text);
    TRY(write(ends[0], "x", 1));
    TRY(read(ends[1], text, 1));
    TRY(lseek(ends[0], 0, SEEK_CUR));
    TRY(pread(ends[0], text, 1, 0));
    TRY(write(ends[1], "", 0));
    close(ends[1]);
    TRY(read(ends[0], text, 1));
}

TOPIC(pipe_broken)
{
    int ends[2];
    pipe(ends);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    TRY(write(ends[1], "x", 1));
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        write(ends[1], "x", 1);
        _exit(0);
    }
    reap("writer", pid);
}

TOPIC(pipe_last_writer)
{
    // End of file comes only when the last of all copies of the write end is closed.
    int ends[2];
    char byte;
    pipe(ends);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (int i = 0; i < 3; i++)
            write(ends[1], &"abc"[i], 1);
        _exit(0);
    }
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        say("read %c", byte);
    say("end of file");
    reap("writer", pid);
}

TOPIC(pipe_capacity)
{
    char *block = calloc(1, 4096);
    int ends[2];
    long total = 0;
    ssize_t n;
    pipe2(ends, O_NONBLOCK);
    TRY(read(ends[0], block, 1));
    while ((n = write(ends[1], block, 4096)) > 0)
        total += n;
    say("filled with %ld: %s", total, strerror(errno));
    int count;
    TRY(ioctl(ends[0], FIONREAD, &count));
    say("count %d", count);
    // A write of up to PIPE_BUF bytes is whole or not at all; a larger one may be partial.
    TRY(read(ends[0], block, 4096));
    TRY(write(ends[1], block, 4096));
    TRY(write(ends[1], block, 1));
    TRY(fcntl(ends[1], F_GETPIPE_SZ));
    free(block);
}

#define BIG 300000

TOPIC(pipe_big_write)
{
    int ends[2];
    pipe(ends);
    pid_t pid = fork();
    if (pid == 0) {
        unsigned char *data = malloc(BIG);
        for (int i = 0; i < BIG; i++)
            data[i] = (unsigned char)(i * 7 + i / 251);
        CHECK(write(ends[1], data, BIG) == BIG);
        _exit(0);
    }
    close(ends[1]);
    unsigned char block[7000];
    long at = 0, wrong = 0;
    ssize_t n;
    while ((n = read(ends[0], block, sizeof(block))) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            wrong += block[i] != (unsigned char)(at * 7 + at / 251);
    reap("writer", pid);
    say("read %ld, wrong %ld", at, wrong);
}

TOPIC(pipe_atomic_writes)
{
    // Two writers of whole records: none is torn.
    int ends[2];
    char record[512];
    long records = 0, torn = 0, have = 0;
    pipe(ends);
    for (int w = 0; w < 4; w++) {
        if (fork() == 0) {
            memset(record, 'a' + w, sizeof(record));
            for (int i = 0; i < 200; i++)
                write(ends[1], record, sizeof(record));
            _exit(0);
        }
    }
    close(ends[1]);
    ssize_t n;
    while ((n = read(ends[0], record + have, sizeof(record) - (size_t)have)) > 0) {
        have += n;
        if (have < (long)sizeof(record))
            continue;
        for (unsigned i = 1; i < sizeof(record); i++)
            torn += record[i] != record[0];
        records++, have = 0;
    }
    say("records %ld, torn %ld", records, torn);
    while (wait(NULL) > 0)
        ;
}

TOPIC(pipe_vectors)
{
    int ends[2];
    char a[3] = "", b[4] = "", c[10] = "";
    struct iovec out[] = { { "ab", 2 }, { "", 0 }, { "cdefgh", 6 } }, in[] = { { a, 2 }, { b, 3 }, { c, 9 } };
    pipe(ends);
    TRY(writev(ends[1], out, 3));
    TRY(readv(ends[0], in, 3));
    say("%s %s %s", a, b, c);
    TRY(writev(ends[1], out, -1));
    TRY(writev(ends[1], out, 2000));
}

TOPIC(pipe_flags)
{
    int ends[2];
    TRY(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    say("descriptor flags %d %d", fcntl(ends[0], F_GETFD), fcntl(ends[1], F_GETFD));
    say("file flags %#x %#x", fcntl(ends[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK),
        fcntl(ends[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    TRY(pipe2(ends, O_APPEND));
    struct stat status;
    fstat(ends[0], &status);
    CHECK(S_ISFIFO(status.st_mode));
}

TOPIC(fifo)
{
    char text[8] = "";
    TRY(mkfifo("f", 0644));
    TRY(mkfifo("f", 0644));
    TRY_OK(open("f", O_WRONLY | O_NONBLOCK));
    pid_t pid = fork();
    if (pid == 0) {
        // Waits for the reader to open it.
        int fd = open("f", O_WRONLY);
        write(fd, "fifo", 4);
        _exit(0);
    }
    int fd = open("f", O_RDONLY);
    TRY(read(fd, text, 4));
    say("%s", text);
    reap("writer", pid);
    TRY(read(fd, text, 4));
    close(fd);
    fd = open("f", O_RDONLY | O_NONBLOCK);
    TRY(read(fd, text, 1));
    int writer = open("f", O_WRONLY);
    TRY(read(fd, text, 1));
    close(writer);
    TRY(read(fd, text, 1));
}

TOPIC(pipe_chain)
{
    // A token through 20 processes and back to us.
    int first[2], in;
    char byte = 'a';
    pipe(first);
    in = first[0];
    for (int i = 0; i < 20; i++) {
        int next[2];
        pipe(next);
        if (fork() == 0) {
            close(first[1]);
            while (read(in, &byte, 1) == 1) {
                byte++;
                write(next[1], &byte, 1);
            }
            _exit(0);
        }
        close(in);
        close(next[1]);
        in = next[0];
    }
    write(first[1], "A", 1);
    TRY(read(in, &byte, 1));
    say("came back as %c", byte);
    write(first[1], "B", 1);
    close(first[1]);
    TRY(read(in, &byte, 1));
    TRY(read(in, &byte, 1));
    int ended = 0;
    while (wait(NULL) > 0)
        ended++;
    say("ended %d", ended);
}
