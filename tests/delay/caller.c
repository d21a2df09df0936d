// SPDX-License-Identifier: MIT
// The caller of a round: two threads that read and write counters of the delaying server, and a pipe, whose calls go
// on to vfs.
#include "rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descriptors.h"

#define CALLS 12 // of each thread, before and after the plan's middle

struct thread {
    unsigned number;
    int pipe[2];
    uint32_t piped;
    uint64_t sequence;
};

static uint32_t pick(struct thread *thread, uint32_t below)
{
    thread->sequence = thread->sequence * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(thread->sequence >> 33) % below;
}

static void on_signal(int signo) { (void)signo; }

static void let_signals(int how)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(how, &all, NULL);
}

// One signal restarts what it interrupts, the other does not.
static void take_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    let_signals(SIG_UNBLOCK);
}

// -> it is to be made again: it was interrupted, so it must not have happened
static bool again(struct caller *caller, ssize_t got)
{
    if (got == sizeof(uint32_t))
        return false;
    if (got != -1 || errno != EINTR)
        caller->wrong++;
    else
        caller->interrupted++;
    return got == -1 && errno == EINTR;
}

static void call_counter(struct thread *thread)
{
    struct caller *caller = &progress->callers[thread->number];
    int descriptor = DELAY_DESCRIPTOR + (int)thread->number;
    uint32_t number = caller->writes;
    if (pick(thread, 2)) {
        while (again(caller, write(descriptor, &number, sizeof(number))))
            ;
        caller->writes++;
        return;
    }
    while (again(caller, read(descriptor, &number, sizeof(number))))
        ;
    caller->wrong += number != caller->reads;
    caller->reads++;
}

static void call_pipe(struct thread *thread)
{
    struct caller *caller = &progress->callers[thread->number];
    uint32_t number = thread->piped++, got = 0;
    while (again(caller, write(thread->pipe[1], &number, sizeof(number))))
        ;
    while (again(caller, read(thread->pipe[0], &got, sizeof(got))))
        ;
    caller->wrong += got != number;
}

static void call_some(struct thread *thread)
{
    for (int i = 0; i < CALLS; i++) {
        if (pick(thread, 4) == 0)
            call_pipe(thread);
        else
            call_counter(thread);
    }
}

static void start(struct thread *thread, unsigned number, uint32_t seed)
{
    *thread = (struct thread){ .number = number, .sequence = seed * 2ull + number };
    if (pipe2(thread->pipe, O_CLOEXEC) < 0)
        progress->callers[number].wrong++;
}

static void *sibling(void *argument)
{
    call_some(argument);
    call_some(argument);
    return NULL;
}

static void go_on(struct thread *thread, uint32_t seed)
{
    char file[16], word[16];
    if (progress->plan == PLAN_EXIT)
        _exit(CALLER_DONE);
    if (progress->plan != PLAN_EXEC)
        return;
    let_signals(SIG_BLOCK); // until the program can take them again
    snprintf(file, sizeof(file), "%d", progress->file);
    snprintf(word, sizeof(word), "%u", seed);
    execl("/proc/self/exe", "delay-rounds", CALLER_AGAIN, file, word, NULL);
    progress->callers[thread->number].wrong++;
}

_Noreturn void caller_run(uint32_t seed)
{
    struct thread first, second;
    pthread_t other;
    take_signals();
    start(&first, 0, seed);
    start(&second, 1, seed);
    if (pthread_create(&other, NULL, sibling, &second) != 0)
        progress->callers[1].wrong++;
    call_some(&first);
    go_on(&first, seed);
    call_some(&first);
    pthread_join(other, NULL);
    _exit(CALLER_DONE);
}

_Noreturn void caller_again(const char *file, const char *seed)
{
    struct thread first;
    progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(file), 0);
    if (progress == MAP_FAILED)
        _exit(2);
    take_signals();
    start(&first, 0, (uint32_t)strtoul(seed, NULL, 0) + 1);
    call_some(&first);
    _exit(CALLER_DONE);
}
