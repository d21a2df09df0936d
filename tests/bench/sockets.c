// SPDX-License-Identifier: MIT
// Unix sockets: the same as for pipes in switches.c.
#include "bench.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static _Alignas(16) char block[65536];
static int ends[2];
static pid_t child;

// The child answers each byte with itself, or takes everything without an answer.
static void start_child(int echo)
{
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        close(ends[0]);
        long length;
        while ((length = read(ends[1], block, sizeof(block))) > 0)
            must(!echo || write(ends[1], block, (size_t)length) == length, "write");
        _exit(0);
    }
    close(ends[1]);
}

static void start_echo(void) { start_child(1); }
static void start_sink(void) { start_child(0); }

static void end_child(void)
{
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void round_trip(void)
{
    char c = 'x';
    must(write(ends[0], &c, 1) == 1 && read(ends[0], &c, 1) == 1, "socket");
}

static void send_64k(void) { must(write(ends[0], block, sizeof(block)) == sizeof(block), "write"); }

const struct operation socket_operations[] = {
    { "socket-round-trip", start_echo, round_trip, end_child, 50 },
    { "socket-64K", start_sink, send_64k, end_child, 20 },
    { NULL, NULL, NULL, NULL, 0 },
};
