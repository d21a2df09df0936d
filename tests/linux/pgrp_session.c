// SPDX-License-Identifier: MIT
// Process groups and sessions: setpgid, setsid and their refusals, signals to groups, orphaned groups.
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int go[2], done[2];

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void end(const char *name, pid_t pid)
{
    kill(pid, SIGKILL);
    reap(name, pid);
}

CHILD(wait_for_token)
{
    token_send(done[1] ? done[1] : 101);
    token_await(100);
    return 0;
}

TOPIC(group_setpgid)
{
    pid_t a = sleeper(), b = sleeper();
    TRY(setpgid(a, a));
    CHECK(getpgid(a) == a);
    TRY(setpgid(b, a));
    CHECK(getpgid(b) == a);
    TRY(setpgid(b, getpgrp()));
    CHECK(getpgid(b) == getpgrp());
    TRY(setpgid(b, 0));
    CHECK(getpgid(b) == b);
    TRY(setpgid(b, 0x7ffffffe));
    TRY(setpgid(0x7ffffffe, 0));
    TRY(setpgid(b, -1));
    TRY(setpgid(1, 0));
    // A session leader cannot move.
    TRY(setpgid(0, a));
    TRY(getpgid(0x7ffffffe));
    TRY(getsid(0x7ffffffe));
    CHECK(getsid(a) == getsid(0));
    end("a", a);
    TRY(setpgid(a, a));
    end("b", b);
}

TOPIC(group_after_exec)
{
    // Once the child has executed a program its parent may not move it any more.
    pipe(go);
    pipe(done);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(go[0], 100);
        dup2(done[1], 101);
        execl(test_program, "t", "--child", "wait_for_token", (char *)NULL);
        _exit(99);
    }
    token_await(done[0]);
    TRY(setpgid(pid, pid));
    token_send(go[1]);
    reap("child", pid);
}

TOPIC(session_new)
{
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(setsid() == getpid());
        CHECK(getsid(0) == getpid() && getpgrp() == getpid());
        TRY(setsid());
        TRY(setpgid(0, 0));
        pid_t inner = fork();
        if (inner == 0) {
            CHECK(getsid(0) == getppid());
            setpgid(0, 0);
            // A group leader may not begin a session.
            TRY(setsid());
            TRY(setpgid(0, getsid(0)));
            CHECK(setsid() == getpid());
            _exit(0);
        }
        reap("inner", inner);
        // Into a group of another session: refused.
        TRY(setpgid(0, getpgid(getppid())));
        _exit(0);
    }
    reap("child", pid);
}

TOPIC(group_signals)
{
    pid_t group = 0, pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = sleeper();
        setpgid(pids[i], group);
        group = pids[0];
    }
    TRY(kill(-group, 0));
    TRY(kill(-group, SIGTERM));
    for (int i = 0; i < 3; i++)
        reap("member", pids[i]);
    TRY(kill(-group, 0));
    TRY(killpg(1000000, SIGTERM));
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (fork() == 0)
            for (;;)
                pause();
        // Kills itself too.
        kill(0, SIGUSR1);
        for (;;)
            pause();
    }
    reap("kill(0)", pid);
}

TOPIC(group_stop)
{
    int status;
    pid_t pid = sleeper();
    setpgid(pid, pid);
    kill(-pid, SIGSTOP);
    CHECK(waitpid(-pid, &status, WUNTRACED) == pid);
    say_status("group", status);
    // A stopped process takes no signal but SIGKILL and SIGCONT; others wait.
    kill(pid, SIGTERM);
    TRY(waitpid(pid, &status, WNOHANG | WUNTRACED));
    kill(-pid, SIGCONT);
    reap("continued", pid);
}

static void on_hangup(int number)
{
    (void)number;
    token_send(done[1]);
}

TOPIC(group_orphaned)
{
    // A group whose last link to its session goes away, with a member stopped: SIGHUP, then SIGCONT.
    int status;
    pipe(done);
    pid_t parent = fork();
    if (parent == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            signal(SIGHUP, on_hangup);
            raise(SIGSTOP);
            token_send(done[1]);
            _exit(0);
        }
        waitpid(pid, &status, WUNTRACED);
        say_status("child", status);
        _exit(0);
    }
    reap("parent", parent);
    token_await(done[0]);
    token_await(done[0]);
    say("hung up and continued");
}

TOPIC(group_orphan_no_stop)
{
    // In an orphaned group the keyboard's stop signals do nothing.
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        raise(SIGTSTP);
        raise(SIGTTIN);
        raise(SIGTTOU);
        _exit(3);
    }
    reap("orphaned", pid);
}

TOPIC(stop_cancels)
{
    // A stop signal drops a pending SIGCONT and the other way round.
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGTTIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTSTP);
    raise(SIGTTIN);
    raise(SIGCONT);
    sigpending(&pending);
    say("%d %d %d", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGTTIN),
        sigismember(&pending, SIGCONT));
    raise(SIGTSTP);
    sigpending(&pending);
    say("%d %d %d", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGTTIN),
        sigismember(&pending, SIGCONT));
}
