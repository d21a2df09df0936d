// SPDX-License-Identifier: MIT
// The heap's break, the stack's growth, and the limits of both.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

static char *set_break(char *address) { return (char *)syscall(SYS_brk, address); }

TOPIC(memory_break)
{
    char *start = set_break(NULL);
    CHECK(start != NULL);
    CHECK(set_break(start + 100000) == start + 100000);
    long nonzero = 0;
    for (int i = 0; i < 100000; i++)
        nonzero += start[i] != 0;
    say("nonzero %ld", nonzero);
    memset(start, 'h', 100000);
    CHECK(set_break(start + 50000) == start + 50000);
    say("%c", start[49999]);
    CHECK(set_break(start + 100000) == start + 100000);
    // What was given back comes again as zeros, from the next page on.
    say("%d", start[60000]);
    CHECK(set_break((char *)16) == start + 100000);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(set_break(start + 200000) == start + 200000);
        start[199999] = 1;
        _exit(0);
    }
    reap("child", pid);
    CHECK(set_break(NULL) == start + 100000);
    CHECK(set_break(start) == start);
}

TOPIC(memory_break_limit)
{
    struct rlimit limit = { 1 << 20, 1 << 20 };
    char *start = set_break(NULL);
    TRY(setrlimit(RLIMIT_DATA, &limit));
    CHECK(set_break(start + (8 << 20)) == start);
}

TOPIC(memory_address_space_limit)
{
    struct rlimit limit = { 64 << 20, 64 << 20 };
    TRY(setrlimit(RLIMIT_AS, &limit));
    void *memory = mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("%s", memory == MAP_FAILED ? strerror(errno) : "mapped");
    memory = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("%s", memory == MAP_FAILED ? strerror(errno) : "mapped");
}

static long use_stack(int kilobytes);
// Called through this, or the compiler would make a loop of it.
static long (*volatile deeper)(int) = use_stack;

static long use_stack(int kilobytes)
{
    volatile char block[1024];
    block[0] = (char)kilobytes;
    block[1023] = 1;
    // The array must really be there.
    __asm__ volatile("" : : "r"(block) : "memory");
    return kilobytes == 0 ? 0 : deeper(kilobytes - 1) + block[1023];
}

TOPIC(memory_stack)
{
    struct rlimit limit = { 256 << 10, RLIM_INFINITY }, none = { 0, 0 };
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &none);
        TRY(setrlimit(RLIMIT_STACK, &limit));
        say("used %ld", use_stack(100));
        use_stack(3000);
        _exit(0);
    }
    reap("past the limit", pid);
    say("used %ld", use_stack(4000));
}
