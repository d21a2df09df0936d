// SPDX-License-Identifier: MIT
// Handlers: delivery, masks while one runs, nesting, SA_ flags, siginfo, the alternate stack (man 2 sigaction).
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "test.h"

static void set_handler(int number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static bool blocked(int number)
{
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, number);
}

static void tell(int number)
{
    say("handler of %d, itself %s", number, blocked(number) ? "blocked" : "not blocked");
}

TOPIC(signal_handler)
{
    set_handler(SIGUSR1, tell, 0);
    raise(SIGUSR1);
    set_handler(SIGUSR1, tell, SA_NODEFER);
    raise(SIGUSR1);
    set_handler(SIGUSR1, tell, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    CHECK(action.sa_handler == SIG_DFL);
    set_handler(SIGUSR2, SIG_IGN, 0);
    raise(SIGUSR2);
    say("ignored");
    CHECK(!blocked(SIGUSR1));
}

static int depth;

static void nest(int number)
{
    say("enter %d at depth %d", number, depth++);
    if (number == SIGUSR1)
        raise(SIGUSR2);
    if (number == SIGUSR2)
        raise(SIGHUP);
    say("leave %d at depth %d", number, --depth);
}

TOPIC(signal_nested)
{
    struct sigaction action = { .sa_handler = nest };
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    raise(SIGUSR1);
    // With SIGHUP in the mask, it waits until the handler has returned.
    sigaddset(&action.sa_mask, SIGHUP);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
}

static void tell_info(int number, siginfo_t *info, void *context)
{
    (void)context;
    say("signal %d, code %d, from %s, uid %d, value %d", number, info->si_code,
        info->si_pid == getpid() ? "us" : "another", (int)info->si_uid,
        info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

TOPIC(signal_info)
{
    struct sigaction action = { .sa_sigaction = tell_info, .sa_flags = SA_SIGINFO };
    union sigval value = { .sival_int = 4711 };
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGUSR1, value);
    sigqueue(getpid(), SIGRTMIN, value);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    say_status("sender", status);
}

static char alternate[65536] __attribute__((aligned(16)));

static void tell_stack(int number)
{
    stack_t now;
    (void)number;
    sigaltstack(NULL, &now);
    char *here = (char *)&now;
    CHECK(here >= alternate && here < alternate + sizeof(alternate));
    CHECK((now.ss_flags & SS_ONSTACK) != 0);
    TRY(sigaltstack(&now, NULL));
}

TOPIC(signal_altstack)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, old;
    TRY(sigaltstack(&stack, &old));
    CHECK(old.ss_flags == SS_DISABLE);
    set_handler(SIGUSR1, tell_stack, SA_ONSTACK);
    raise(SIGUSR1);
    set_handler(SIGUSR1, tell_stack, 0);
    stack.ss_flags = 0x100;
    TRY(sigaltstack(&stack, NULL));
    stack.ss_flags = 0;
    stack.ss_size = 100;
    TRY(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE;
    TRY(sigaltstack(&stack, NULL));
    sigaltstack(NULL, &old);
    CHECK(old.ss_flags == SS_DISABLE);
}

static sigjmp_buf back;

static void jump(int number) { siglongjmp(back, number); }

TOPIC(signal_longjmp)
{
    set_handler(SIGUSR1, jump, 0);
    for (volatile int i = 0; i < 3; i++) {
        int value = sigsetjmp(back, 1);
        if (value == 0)
            raise(SIGUSR1);
        say("jumped with %d, blocked %d", value, blocked(SIGUSR1));
    }
}

static void overflow(int number)
{
    say("stack overflow is signal %d", number);
    siglongjmp(back, 1);
}

static int recurse(volatile char *outer);
static int (*volatile deeper)(volatile char *) = recurse;

static int recurse(volatile char *outer)
{
    volatile char block[4096];
    block[0] = outer ? outer[0] : 1;
    return deeper(block) + block[0];
}

TOPIC(signal_stack_overflow)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
    sigaltstack(&stack, NULL);
    set_handler(SIGSEGV, overflow, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0)
        recurse(NULL);
    say("back");
    // Without an alternate stack there is no room for a frame: the process dies of it.
    pid_t pid = fork();
    if (pid == 0) {
        stack.ss_flags = SS_DISABLE;
        sigaltstack(&stack, NULL);
        recurse(NULL);
    }
    reap("child", pid);
}

static volatile int changed;

static void change_registers(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    (void)number;
    (void)info;
    changed = sigismember(&user->uc_sigmask, SIGUSR2);
    // The mask of the interrupted code is what sigreturn restores.
    sigaddset(&user->uc_sigmask, SIGHUP);
}

TOPIC(signal_context)
{
    struct sigaction action = { .sa_sigaction = change_registers, .sa_flags = SA_SIGINFO };
    sigset_t set;
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    say("mask in the context has SIGUSR2: %d", changed);
    CHECK(blocked(SIGHUP));
    CHECK(blocked(SIGUSR2));
}

TOPIC(signal_action_errors)
{
    struct sigaction action = { .sa_handler = SIG_IGN };
    TRY(sigaction(SIGKILL, &action, NULL));
    TRY(sigaction(SIGSTOP, &action, NULL));
    TRY(sigaction(0, &action, NULL));
    TRY(sigaction(65, &action, NULL));
    TRY(sigaction(SIGKILL, NULL, &action));
    TRY(kill(getpid(), 65));
    TRY(kill(getpid(), -1));
    TRY(kill(getpid(), 0));
    TRY(kill(0x7ffffffe, 0));
    TRY(kill(-0x7ffffffe, 0));
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &action.sa_mask, NULL, 4));
    TRY(syscall(SYS_rt_sigprocmask, 77, &action.sa_mask, NULL, 8));
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    // These two cannot be blocked, which is silently so.
    CHECK(!blocked(SIGKILL) && !blocked(SIGSTOP) && blocked(SIGTERM));
}

static double sum_in_handler;

static void use_floats(int number)
{
    volatile double x = 1.5;
    for (int i = 0; i < 20; i++)
        x = x * 1.25 + number;
    sum_in_handler = x;
}

TOPIC(signal_floats)
{
    // Floating-point state survives a handler and a switch to other processes that use it.
    volatile double parent = 3.0;
    set_handler(SIGUSR1, use_floats, 0);
    for (int i = 0; i < 10; i++) {
        double before = parent / 7.0;
        raise(SIGUSR1);
        pid_t pid = fork();
        if (pid == 0) {
            use_floats(3);
            _exit(sum_in_handler > 100 ? 1 : 2);
        }
        waitpid(pid, NULL, 0);
        parent = before * 8.0;
    }
    say("%d", (int)(parent * 1000000));
}
