// SPDX-License-Identifier: MIT
// Blocked and pending signals, their order and queueing, and the calls that wait for them.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static void count_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    say("got %s%d value %d", number >= SIGRTMIN ? "SIGRTMIN+" : "",
        number >= SIGRTMIN ? number - SIGRTMIN : number,
        info->si_code == SI_QUEUE ? info->si_value.sival_int : -1);
}

static void handle(int number)
{
    struct sigaction action = { .sa_sigaction = count_signal, .sa_flags = SA_SIGINFO };
    // One at a time, so that the order of delivery is the order of the lines.
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static sigset_t set_of(int first, int second)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    if (second)
        sigaddset(&set, second);
    return set;
}

TOPIC(signal_pending)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR2), pending;
    handle(SIGUSR1);
    handle(SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        raise(SIGUSR2);
    raise(SIGUSR1);
    sigpending(&pending);
    say("pending %d %d %d", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
        sigismember(&pending, SIGHUP));
    say("unblock");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGUSR2));
    // To ignore a pending signal is to drop it.
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    handle(SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("nothing came");
}

TOPIC(signal_queue_order)
{
    sigset_t all;
    union sigval value;
    for (int i = 0; i < 4; i++)
        handle(SIGRTMIN + i);
    handle(SIGUSR1);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    // Real-time signals queue, the lowest number first, each number in the order sent; others come before them.
    for (int i = 3; i >= 0; i--) {
        for (int j = 0; j < 2; j++) {
            value.sival_int = i * 10 + j;
            sigqueue(getpid(), SIGRTMIN + i, value);
        }
    }
    raise(SIGUSR1);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

TOPIC(signal_queue_limit)
{
    struct rlimit limit = { 3, 3 };
    union sigval value = { 0 };
    sigset_t set = set_of(SIGRTMIN, 0);
    pid_t pid = fork();
    if (pid == 0) {
        setuid(54321);
        sigprocmask(SIG_BLOCK, &set, NULL);
        setrlimit(RLIMIT_SIGPENDING, &limit);
        for (int i = 0; i < 5; i++)
            TRY(sigqueue(getpid(), SIGRTMIN, value));
        // Without a value there is always room for the signal itself.
        TRY(kill(getpid(), SIGUSR2));
    }
    reap("child", pid);
}

TOPIC(signal_wait)
{
    sigset_t set = set_of(SIGUSR1, SIGRTMIN + 1);
    siginfo_t info;
    union sigval value = { .sival_int = 99 };
    struct timespec nothing = { 0, 0 };
    int number;
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGRTMIN + 1, value);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == 99);
    TRY(sigtimedwait(&set, &info, &nothing));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    CHECK(sigwait(&set, &number) == 0 && number == SIGUSR1);
    reap("sender", pid);
    nothing.tv_nsec = -1;
    TRY(sigtimedwait(&set, &info, &nothing));
}

TOPIC(signal_suspend)
{
    sigset_t set = set_of(SIGUSR1, 0), empty;
    handle(SIGUSR1);
    sigemptyset(&empty);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    reap("sender", pid);
    say("before");
    TRY(sigsuspend(&empty));
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGUSR1));
}

TOPIC(signal_fatal_defaults)
{
    static const int fatal[] = { SIGHUP,    SIGINT,  SIGPIPE, SIGALRM, SIGTERM,  SIGUSR1,
                                 SIGVTALRM, SIGPROF, SIGIO,   SIGSYS,  SIGXCPU,  SIGXFSZ,
                                 SIGBUS,    SIGTRAP, SIGQUIT, SIGPWR,  SIGSTKFLT };
    static const int harmless[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            raise(fatal[i]);
            _exit(0);
        }
        reap("fatal", pid);
    }
    for (unsigned i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        raise(harmless[i]);
    say("harmless");
}

TOPIC(signal_child)
{
    sigset_t set = set_of(SIGCHLD, 0);
    siginfo_t info;
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(21);
    // Its default is to be ignored, yet blocked it stays pending.
    sigwaitinfo(&set, &info);
    say("code %d status %d, %s", info.si_code, info.si_status, info.si_pid == pid ? "the child" : "another");
    reap("child", pid);
    pid = fork();
    if (pid == 0)
        raise(SIGSTOP);
    sigwaitinfo(&set, &info);
    say("code %d status %d", info.si_code, info.si_status);
    kill(pid, SIGKILL);
    sigwaitinfo(&set, &info);
    // The stop may still be the one reported: a second SIGCHLD of a pending one is dropped.
    reap("child", pid);
}
