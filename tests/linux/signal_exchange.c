// SPDX-License-Identifier: MIT
// Masks and actions of several threads and processes: whose they are, what the kernel keeps of them, and that a change
// of either does what it must to signals that are pending.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

// struct sigaction as the kernel has it: handler, flags, perhaps a restorer, mask.
static long act(int signal, const void *new, void *old)
{
    return syscall(SYS_rt_sigaction, signal, new, old, 8);
}

static const unsigned long long usr1 = 1ull << (SIGUSR1 - 1); // as a set

static long change(int how, const unsigned long long *set, unsigned long long *old)
{
    return syscall(SYS_rt_sigprocmask, how, set, old, 8);
}

static volatile int handled;

static void on_signal(int signal) { handled++; }

static void install(void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };
    sigaction(SIGUSR1, &action, NULL);
}

static unsigned long flags_kept(unsigned long flags)
{
    unsigned long words[8] = { (unsigned long)on_signal, flags }, old[8] = { 0 };
    if (act(SIGUSR2, words, NULL) < 0 || act(SIGUSR2, NULL, old) < 0)
        return 0xdead;
    return old[1];
}

// Which flags there are, a program finds out by asking for them.
TOPIC(signal_flags_kept)
{
    say("few: %lx", flags_kept(SA_RESTART | SA_SIGINFO));
    say("some: %lx", flags_kept(0x10000c05ul));
    say("all but the restorer's: %lx", flags_kept(0xfbfffffful));
    say("ignored: %lx", (unsigned long)(signal(SIGUSR2, SIG_IGN) != SIG_ERR) + flags_kept(0x00ffff00ul));
    handled = 0;
}

TOPIC(signal_mask_words)
{
    unsigned long long set = ~0ull, old = 1;
    TRY(change(SIG_BLOCK, &set, &old));
    say("before: %llx", old);
    TRY(change(SIG_UNBLOCK, NULL, &old));
    say("all: %llx", old);
    set = 0xf0f0f0f0f0f0f0f0;
    TRY(change(SIG_UNBLOCK, &set, &set)); // to where it came from
    say("before: %llx", set);
    set = 0xff;
    TRY(change(SIG_SETMASK, &set, &old));
    say("before: %llx", old);
    TRY(change(3, &set, &old));
    TRY(change(-1, &set, NULL));
    TRY(change(3, NULL, &old));
    say("still: %llx", old);
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 4));
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 16));
}

TOPIC(signal_action_bounds)
{
    unsigned long old[8] = { 0 }, new[8] = { (unsigned long)on_signal };
    TRY(act(0, NULL, old));
    TRY(act(-1, NULL, old));
    TRY(act(65, NULL, old));
    TRY(act(64, new, old));
    TRY(act(SIGKILL, NULL, old));
    TRY(act(SIGKILL, new, old));
    TRY(act(SIGSTOP, new, NULL));
    TRY(syscall(SYS_rt_sigaction, SIGUSR1, new, old, 4));
    memset(new + 1, 0xff, sizeof new - sizeof(long));
    TRY(act(SIGUSR1, new, NULL)); // everything blocked while it is handled
    struct sigaction read;
    sigaction(SIGUSR1, NULL, &read);
    say("mask: %d %d %d %d", sigismember(&read.sa_mask, SIGKILL), sigismember(&read.sa_mask, SIGSTOP),
        sigismember(&read.sa_mask, SIGTERM), sigismember(&read.sa_mask, 64));
    memcpy(old, new, sizeof old);
    old[0] = (unsigned long)SIG_IGN;
    TRY(act(SIGUSR1, old, old)); // the old one to where the new one was
    say("swapped: %d", old[0] == (unsigned long)on_signal);
}

// --- pending signals of a process, and its threads' masks

static int to_thread[2], to_main[2];

static void *blocks_then_lets_in(void *unused)
{
    change(SIG_BLOCK, &usr1, NULL);
    token_send(to_main[1]);
    token_await(to_thread[0]);
    say("handled with all blocked: %d", handled);
    change(SIG_UNBLOCK, &usr1, NULL);
    say("handled after unblocking: %d", handled);
    change(SIG_BLOCK, &usr1, NULL);
    token_send(to_main[1]);
    token_await(to_thread[0]);
    change(SIG_UNBLOCK, &usr1, NULL);
    say("handled in the thread: %d", handled);
    return NULL;
}

TOPIC(signal_mask_of_threads)
{
    pthread_t thread;
    pipe(to_thread);
    pipe(to_main);
    install(on_signal);
    handled = 0;
    change(SIG_BLOCK, &usr1, NULL);
    pthread_create(&thread, NULL, blocks_then_lets_in, NULL);
    token_await(to_main[0]);
    kill(getpid(), SIGUSR1);
    token_send(to_thread[1]);
    token_await(to_main[0]);
    kill(getpid(), SIGUSR1);
    change(SIG_UNBLOCK, &usr1, NULL); // it is taken here
    say("handled in main: %d", handled);
    token_send(to_thread[1]);
    pthread_join(thread, NULL);
}

static void *waits_with_mask(void *unused)
{
    unsigned long long set = 0;
    change(SIG_BLOCK, NULL, &set);
    say("a new thread's mask: %llx", set);
    set = 0;
    change(SIG_SETMASK, &set, NULL);
    say("handled by the new thread: %d", handled);
    return NULL;
}

// A thread that is born while a signal is pending for its process.
TOPIC(signal_mask_of_new_thread)
{
    pthread_t thread;
    install(on_signal);
    handled = 0;
    change(SIG_BLOCK, &usr1, NULL);
    kill(getpid(), SIGUSR1);
    pthread_create(&thread, NULL, waits_with_mask, NULL);
    pthread_join(thread, NULL);
    say("handled: %d", handled);
}

// --- whose actions

static void *ignores(void *unused)
{
    install(SIG_IGN);
    install(on_signal);
    return NULL;
}

// To ignore a signal drops it wherever in the process it is pending.
TOPIC(signal_dropped_by_thread)
{
    pthread_t thread;
    install(on_signal);
    handled = 0;
    change(SIG_BLOCK, &usr1, NULL);
    pthread_kill(pthread_self(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    pthread_create(&thread, NULL, ignores, NULL);
    pthread_join(thread, NULL);
    change(SIG_UNBLOCK, &usr1, NULL);
    say("handled: %d", handled);
}

static int shares(void *unused)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };
    sigaction(SIGUSR1, &action, NULL);
    return 0;
}

static void tell_action(const char *who)
{
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    say("%s: %s %x", who, action.sa_handler == on_signal ? "handler" : "default",
        action.sa_flags & SA_NODEFER);
}

TOPIC(signal_actions_shared)
{
    static char stack[65536] __attribute__((aligned(16)));
    pid_t child = fork();
    if (child == 0) {
        install(on_signal);
        tell_action("child");
        _exit(0);
    }
    reap("child", child);
    tell_action("parent");
    child = clone(shares, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    reap("sharing memory", child);
    tell_action("parent");
    child = clone(shares, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
    reap("sharing actions", child);
    tell_action("parent");
}

CHILD(signal_after_exec)
{
    unsigned long long set = 0;
    change(SIG_BLOCK, NULL, &set);
    say("mask after exec: %llx", set);
    tell_action("after exec");
    install(on_signal);
    tell_action("anew");
    raise(SIGUSR1);
    set = 0;
    change(SIG_SETMASK, &set, &set);
    say("handled: %d, mask %llx", handled, set);
    return 0;
}

static int execs(void *unused)
{
    execl(test_program, test_program, "--child", "signal_after_exec", NULL);
    return 1;
}

// Exec leaves actions behind that others share.
TOPIC(signal_actions_after_exec)
{
    static char stack[65536] __attribute__((aligned(16)));
    install(on_signal);
    change(SIG_BLOCK, &usr1, NULL);
    pid_t child = clone(execs, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | CLONE_VFORK | SIGCHLD, NULL);
    reap("exec", child);
    tell_action("parent");
    handled = 0;
    raise(SIGUSR1);
    change(SIG_UNBLOCK, &usr1, NULL);
    say("parent handled: %d", handled);
}
