// SPDX-License-Identifier: MIT
// The first signal calls of Linux, where the architecture still has them: sigaction with a 32-bit mask, its
// frame and sigreturn, signal, sigprocmask, sigsuspend. Elsewhere the topics tell that there are none.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

#ifdef SYS_sigaction

// What the system call takes, unlike the C library's struct sigaction.
struct old_sigaction {
    void (*handler)(int);
    unsigned long mask, flags;
    void (*restorer)(void);
};

static void tell(int number)
{
    unsigned long mask = 0;
    syscall(SYS_sigprocmask, SIG_BLOCK, NULL, &mask);
    say("handler of %d, mask %#lx", number, mask);
}

TOPIC(signal_old_action)
{
    struct old_sigaction action = { .handler = tell, .mask = 1UL << (SIGHUP - 1) }, previous;
    unsigned long mask = 1UL << (SIGUSR2 - 1), old = 0, pending = 0;
    TRY(syscall(SYS_sigaction, SIGUSR1, &action, NULL));
    // No restorer is given: the frame, or the vDSO, has the code that calls sigreturn.
    raise(SIGUSR1);
    say("returned");
    action.flags = SA_NODEFER | SA_RESETHAND;
    TRY(syscall(SYS_sigaction, SIGUSR1, &action, &previous));
    CHECK(previous.handler == tell && previous.flags == 0);
    raise(SIGUSR1);
    TRY(syscall(SYS_sigaction, SIGUSR1, NULL, &previous));
    CHECK(previous.handler == SIG_DFL);
    TRY(syscall(SYS_sigprocmask, SIG_BLOCK, &mask, &old));
    say("old mask %#lx", old);
    action.flags = 0;
    syscall(SYS_sigaction, SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    TRY(syscall(SYS_sigpending, &pending));
    say("pending %#lx", pending);
    TRY(syscall(SYS_sigsuspend, 0, 0, 0UL));
    TRY(syscall(SYS_sigaction, SIGKILL, &action, NULL));
}

TOPIC(signal_old_signal)
{
    CHECK(syscall(SYS_signal, SIGUSR1, tell) == (long)SIG_DFL);
    raise(SIGUSR1);
    // It is a one-shot.
    CHECK(syscall(SYS_signal, SIGUSR1, SIG_IGN) == (long)SIG_DFL);
    CHECK(syscall(SYS_signal, SIGUSR1, SIG_DFL) == (long)SIG_IGN);
    TRY(syscall(SYS_sgetmask));
    TRY(syscall(SYS_ssetmask, 0x200));
    TRY(syscall(SYS_sgetmask));
}

static volatile int in_rt_frame;

static void note(int number, siginfo_t *info, void *context)
{
    in_rt_frame = info->si_signo == number && context != NULL;
}

TOPIC(signal_rt_without_restorer)
{
    struct {
        void (*handler)(int, siginfo_t *, void *);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask[2];
    } action = { .handler = note, .flags = SA_SIGINFO };
    TRY(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8));
    raise(SIGUSR1);
    CHECK(in_rt_frame);
}

#else

TOPIC(signal_old_action) { say("none here"); }

TOPIC(signal_old_signal) { say("none here"); }

TOPIC(signal_rt_without_restorer) { say("the only way here"); }

#endif
