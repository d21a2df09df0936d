// SPDX-License-Identifier: MIT
// futex: wait, wake, bitsets, requeue, timeouts, private and shared keys (man 2 futex).
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

// 64-bit seconds on both architectures.
struct time64 {
    int64_t seconds, nanoseconds;
};

#ifdef SYS_futex_time64
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

static long futex(volatile int *word, int operation, int value, const void *timeout, volatile int *second,
                  int last)
{
    return syscall(FUTEX_CALL, word, operation, value, timeout, second, last);
}

static volatile int *shared_words(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

// Wakes until that many have been woken in all: the sleepers may not be there yet.
static void wake_all(volatile int *word, int sleepers)
{
    while (sleepers > 0) {
        sleepers -= (int)futex(word, FUTEX_WAKE, 100, NULL, NULL, 0);
        sched_yield();
    }
}

TOPIC(futex_values)
{
    volatile int word = 5;
    struct time64 soon = { 0, 1000000 }, bad = { 0, -1 }, past = { 1, 0 };
    TRY(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_WAIT, 5, &soon, NULL, 0));
    TRY(futex(&word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0));
    TRY(futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0));
    TRY(futex(&word, FUTEX_WAIT_BITSET, 5, &past, NULL, FUTEX_BITSET_MATCH_ANY));
    TRY(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &past, NULL, 1));
    TRY(futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    TRY(futex((volatile int *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0));
    TRY(futex((volatile int *)8, FUTEX_WAIT, 0, NULL, NULL, 0));
    TRY(futex(&word, 99, 0, NULL, NULL, 0));
}

TOPIC(futex_shared)
{
    volatile int *words = shared_words();
    for (int i = 0; i < 5; i++) {
        if (fork() == 0) {
            while (words[0] == 0)
                futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0);
            __atomic_add_fetch(&words[1], 1, __ATOMIC_SEQ_CST);
            _exit(0);
        }
    }
    words[0] = 1;
    int status, good = 0;
    // Whoever sleeps is woken; whoever comes late sees the value.
    for (int ended = 0; ended < 5;) {
        futex(&words[0], FUTEX_WAKE, 100, NULL, NULL, 0);
        if (waitpid(-1, &status, WNOHANG) > 0)
            ended++, good += status == 0;
        else
            sched_yield();
    }
    say("ended %d, counted %d", good, words[1]);
}

TOPIC(futex_file_key)
{
    // Two mappings of one file at different addresses have one key; after unlink too.
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 4096);
    volatile int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile int *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    unlink("f");
    CHECK(a != b);
    pid_t pid = fork();
    if (pid == 0)
        _exit(futex(&a[3], FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 0 : 1);
    wake_all(&b[3], 1);
    reap("sleeper", pid);
}

TOPIC(futex_bitset)
{
    volatile int *words = shared_words();
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(futex(&words[0], FUTEX_WAIT_BITSET, 0, NULL, NULL, 1 << i) == 0 ? i : 9);
    }
    while (futex(&words[0], FUTEX_WAKE_BITSET, 10, NULL, NULL, 2) == 0)
        sched_yield();
    reap("bit 1", pids[1]);
    TRY(futex(&words[0], FUTEX_WAKE_BITSET, 10, NULL, NULL, 4));
    while (futex(&words[0], FUTEX_WAKE, 10, NULL, NULL, 0) == 0)
        sched_yield();
    reap("bit 0", pids[0]);
}

TOPIC(futex_requeue)
{
    volatile int *words = shared_words();
    int moved = 0;
    for (int i = 0; i < 4; i++)
        if (fork() == 0)
            _exit(futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 0 : 1);
    // Moves all four to the second word, without waking any (value 0).
    while (moved < 4) {
        moved += (int)futex(&words[0], FUTEX_REQUEUE, 0, (void *)10, &words[1], 0);
        sched_yield();
    }
    TRY(futex(&words[0], FUTEX_WAKE, 10, NULL, NULL, 0));
    TRY(futex(&words[1], FUTEX_WAKE, 3, NULL, NULL, 0));
    TRY(futex(&words[1], FUTEX_WAKE, 3, NULL, NULL, 0));
    int status, good = 0;
    while (wait(&status) > 0)
        good += status == 0;
    say("good %d", good);
    TRY(futex(&words[0], FUTEX_CMP_REQUEUE, 0, (void *)1, &words[1], 7));
    TRY(futex(&words[0], FUTEX_CMP_REQUEUE, 0, (void *)1, &words[1], 0));
}

static void note(int number) { (void)number; }

TOPIC(futex_interrupted)
{
    struct sigaction action = { .sa_handler = note };
    volatile int *words = shared_words();
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        for (;;) {
            kill(parent, SIGUSR1);
            sched_yield();
        }
    }
    TRY(futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0));
    // Without a timeout it starts again; the value has changed by the time some later signal comes.
    kill(pid, SIGKILL);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    say_status("pest", status);
}

TOPIC(futex_wake_op)
{
    volatile int *words = shared_words();
    words[1] = 10;
    TRY(futex(&words[0], FUTEX_WAKE_OP, 1, (void *)1, &words[1],
              FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 10)));
    say("word %d", words[1]);
}
