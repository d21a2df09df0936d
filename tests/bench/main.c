// SPDX-License-Identifier: MIT
// The benchmark: a static Linux program that runs in Pando and on Linux. Under QEMU's `-icount shift=0` a
// nanosecond of the guest's clock is an instruction, so the figures are exact and the same in every run.
// Prints "NAME NANOSECONDS RUNS": for one run of each operation, the clock's own cost taken off, and how many were made.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct operation *const groups[] = { switch_operations, socket_operations, file_operations,
                                                  memory_operations, signal_operations, process_operations };

void must(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t clock_cost(void)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 10; i++) {
        uint64_t start = now(), cost = now() - start;
        if (cost < best)
            best = cost;
    }
    return best;
}

// Where counting begins and ends: scripts/profile-plugin.c watches for the first instruction of these two, which the
// constants make unlike any of another program at the same address.
static volatile unsigned marker;
__attribute__((noinline)) void bench_begin(void) { marker = 0x6e696762; }
__attribute__((noinline)) void bench_end(void) { marker = 0x20646e65; }

// One run first, so that what is set up at the first use is not counted.
static void measure(const struct operation *operation, uint64_t overhead)
{
    if (operation->set_up)
        operation->set_up();
    operation->run();
    uint64_t start = now();
    bench_begin();
    for (unsigned i = 0; i < operation->runs; i++)
        operation->run();
    bench_end();
    uint64_t total = now() - start;
    if (operation->tear_down)
        operation->tear_down();
    total = total > overhead ? total - overhead : 0;
    printf("%s %llu %u\n", operation->name, (unsigned long long)(total / operation->runs), operation->runs);
    fflush(stdout);
}

// Arguments: only operations whose name contains one of them, or is the rest of one that begins with =.
static int wanted(const char *name, int count, char **filters)
{
    for (int i = 0; i < count; i++)
        if (filters[i][0] == '=' ? strcmp(name, filters[i] + 1) == 0 : strstr(name, filters[i]) != NULL)
            return 1;
    return count == 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--exit") == 0) // what the exec operations run
        return 0;
    uint64_t overhead = clock_cost();
    for (size_t group = 0; group < sizeof(groups) / sizeof(groups[0]); group++)
        for (const struct operation *operation = groups[group]; operation->name; operation++)
            if (wanted(operation->name, argc - 1, argv + 1))
                measure(operation, overhead);
    return 0;
}
