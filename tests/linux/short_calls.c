// SPDX-License-Identifier: MIT
// Calls that pass little memory, to and from wherever it may lie: pages that were never touched, that are shared after
// fork, read only, missing, or two of them; and signal frames at every distance from a page's end.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#ifdef SYS_clock_gettime64
#define CALL_CLOCK SYS_clock_gettime64
#else
#define CALL_CLOCK SYS_clock_gettime
#endif
#ifdef SYS_fstat64
#define CALL_STAT SYS_fstat64
#else
#define CALL_STAT SYS_fstat
#endif

#define SET_SIZE 8 // of a signal set, to the kernel

static long page_size;
static int zero;

static long result(long got) { return got < 0 ? -errno : got; }

struct place {
    const char *name;
    char *address;
};

// Each call gets places of its own, so that none finds a page that an earlier one has touched.
static void make_places(struct place places[], char *area)
{
    places[0] = (struct place){ "touched", area };
    area[0] = 1;
    places[1] = (struct place){ "fresh", area + 2 * page_size };
    places[2] = (struct place){ "two fresh pages", area + 5 * page_size - 4 };
    places[3] = (struct place){ "read only", area + 6 * page_size };
    mprotect(area + 6 * page_size, (size_t)page_size, PROT_READ);
    places[4] = (struct place){ "the last word before a gap", area + 9 * page_size - 4 };
    munmap(area + 9 * page_size, (size_t)page_size);
    places[5] = (struct place){ "gap", area + 9 * page_size };
    places[6] = (struct place){ "nowhere", (char *)8 };
    places[7] = (struct place){ "top", (char *)-4l };
}

#define PLACES 8

static void try_all(const char *what, long (*call)(char *))
{
    struct place places[PLACES];
    char *area =
        mmap(NULL, (size_t)(10 * page_size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    make_places(places, area);
    for (int i = 0; i < PLACES; i++)
        say("%s, %s: %ld", what, places[i].name, result(call(places[i].address)));
    munmap(area, (size_t)(10 * page_size));
}

static long monotonic(char *to) { return syscall(CALL_CLOCK, CLOCK_MONOTONIC, to); }
static long wall(char *to) { return syscall(CALL_CLOCK, CLOCK_REALTIME, to); }
static long cpu_time(char *to) { return syscall(CALL_CLOCK, CLOCK_PROCESS_CPUTIME_ID, to); }
static long no_clock(char *to) { return syscall(CALL_CLOCK, 77, to); }
static long read_one(char *to) { return syscall(SYS_read, zero, to, 1); }
static long status(char *to) { return syscall(CALL_STAT, zero, to); }
static long mask(char *to) { return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, to, SET_SIZE); }
static long pending(char *to) { return syscall(SYS_rt_sigpending, to, SET_SIZE); }
static long directory(char *to) { return syscall(SYS_getcwd, to, 4096) > 0 ? 1 : -1; }
static long action(char *from) { return syscall(SYS_rt_sigaction, SIGURG, from, NULL, SET_SIZE); }
static long old_action(char *to) { return syscall(SYS_rt_sigaction, SIGURG, NULL, to, SET_SIZE); }
static long block(char *from) { return syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, from, NULL, SET_SIZE); }

TOPIC(short_calls_places)
{
    page_size = sysconf(_SC_PAGESIZE);
    zero = open("/dev/zero", O_RDONLY);
    try_all("monotonic clock", monotonic);
    try_all("wall clock", wall);
    try_all("CPU clock", cpu_time);
    try_all("no clock", no_clock);
    try_all("read of a byte", read_one);
    try_all("fstat", status);
    try_all("mask", mask);
    try_all("pending signals", pending);
    try_all("directory", directory);
    try_all("new action", action);
    try_all("old action", old_action);
    try_all("set to unblock", block);
    close(zero);
}

// What is stored after fork is the child's alone.
TOPIC(short_calls_copied_pages)
{
    static struct timespec time;
    static char byte[16];
    time.tv_nsec = -1;
    byte[0] = 7;
    zero = open("/dev/zero", O_RDONLY);
    pid_t child = fork();
    if (child == 0) {
        long got = syscall(CALL_CLOCK, CLOCK_MONOTONIC, &time) | (syscall(SYS_read, zero, byte, 1) - 1);
        _exit(got == 0 && byte[0] == 0 && time.tv_nsec != -1 ? 0 : 1);
    }
    int status_word = -1;
    waitpid(child, &status_word, 0);
    say("child: %d", status_word);
    say("parent's: %ld %d", (long)time.tv_nsec, byte[0]);
    close(zero);
}

static volatile int handled;
static volatile bool inside;
static char *stack_start, *stack_end;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    char here;
    inside = &here >= stack_start && &here < stack_end && signal == SIGUSR1 && info->si_signo == SIGUSR1;
    handled++;
}

// The alternate stack ends at every multiple of 16 in a page, in fresh pages each time.
TOPIC(short_calls_signal_frames)
{
    size_t size = 16 * 4096;
    struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGUSR1, &act, NULL);
    int good = 0;
    for (size_t offset = 0; offset < 4096; offset += 16) {
        char *area = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        stack_start = area + offset;
        stack_end = stack_start + size;
        stack_t stack = { .ss_sp = stack_start, .ss_size = size };
        volatile double kept = (double)offset + 0.5;
        inside = false;
        sigaltstack(&stack, NULL);
        raise(SIGUSR1);
        good += inside && kept == (double)offset + 0.5;
        stack.ss_flags = SS_DISABLE;
        sigaltstack(&stack, NULL);
        munmap(area, size + 4096);
    }
    say("handled: %d, as they should be: %d", handled, good);
}
