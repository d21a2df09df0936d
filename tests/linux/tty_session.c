// SPDX-License-Identifier: MIT
// Controlling terminals: who has one, and how it is taken, given up and lost (ioctl_tty(2), TIOCSCTTY, TIOCNOTTY).
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "test.h"

static int master, slave, told[2], go[2];
static volatile sig_atomic_t caught;

static void open_pair(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        say("no pty: %s", strerror(errno));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
}

static void note(int signal) { caught = signal; }

// What stat tells (tty_nr) and whether /dev/tty opens: the process's own view of its controlling terminal.
static void say_terminal(const char *who)
{
    int number = 0;
    const char *text = read_file("/proc/self/stat"), *after = strrchr(text, ')');
    if (after)
        sscanf(after, ") %*c %*d %*d %*d %d", &number);
    int fd = open("/dev/tty", O_RDWR);
    say("%s: %s, /dev/tty %s, group %s", who, number ? "has a terminal" : "has none",
        fd < 0 ? strerror(errno) : "opens", tcgetpgrp(slave) < 0 ? strerror(errno) : "known");
    if (fd >= 0)
        close(fd);
}

static void *thread_gives_up(void *unused)
{
    TRY(ioctl(slave, TIOCNOTTY));
    return NULL;
}

// A member of a session gives up the terminal for itself, and for those it forks later.
static void lead_tty_member_leaves(void)
{
    TRY(ioctl(slave, TIOCSCTTY, 0));
    pid_t pid = fork();
    if (pid == 0) {
        say_terminal("member");
        TRY(ioctl(master, TIOCNOTTY));
        TRY(ioctl(slave, TIOCNOTTY));
        say_terminal("member");
        TRY(ioctl(slave, TIOCNOTTY));
        TRY(ioctl(slave, TIOCSCTTY, 0));
        TRY(tcsetpgrp(slave, getpgrp()));
        TRY((int)tcgetsid(slave));
        pid_t child = fork();
        if (child == 0) {
            say_terminal("its child");
            _exit(0);
        }
        reap("child", child);
        // In the background and without the terminal: neither stopped nor refused.
        setpgid(0, 0);
        struct termios settings;
        tcgetattr(slave, &settings);
        settings.c_lflag |= TOSTOP;
        TRY(tcsetattr(slave, TCSANOW, &settings));
        TRY(write(slave, "x", 1));
        _exit(0);
    }
    reap("member", pid);
    say_terminal("leader");
    pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, thread_gives_up, NULL);
        pthread_join(thread, NULL);
        say_terminal("first thread");
        _exit(0);
    }
    reap("threads", pid);
}

TOPIC(tty_member_leaves)
{
    open_pair();
    as_session(lead_tty_member_leaves);
}

// The leader gives it up: the foreground group hears of it, and nobody of the session has it any more.
static void lead_tty_leader_leaves(void)
{
    int ready[2];
    pipe(ready);
    pipe(go);
    TRY(ioctl(slave, TIOCSCTTY, 0));
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, note);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGHUP, note);
        signal(SIGCONT, note);
        setpgid(0, 0);
        tcsetpgrp(slave, getpgrp());
        say_terminal("member");
        token_send(ready[1]);
        token_await(go[0]);
        say("caught %d last", caught);
        say_terminal("member");
        _exit(0);
    }
    token_await(ready[0]);
    TRY(ioctl(slave, TIOCNOTTY));
    say("leader caught %d", caught);
    say_terminal("leader");
    token_send(go[1]);
    reap("member", pid);
    // Another session's, or again this one's; who was there before does not get it.
    pid = fork();
    if (pid == 0) {
        token_send(ready[1]);
        token_await(go[0]);
        say_terminal("older member");
        TRY(ioctl(slave, TIOCSCTTY, 0));
        _exit(0);
    }
    token_await(ready[0]);
    TRY(ioctl(slave, TIOCSCTTY, 0));
    TRY(ioctl(slave, TIOCSCTTY, 0));
    say_terminal("leader");
    token_send(go[1]);
    reap("older member", pid);
    pid = fork();
    if (pid == 0) {
        say_terminal("younger member");
        setsid();
        say_terminal("new session");
        TRY(ioctl(slave, TIOCSCTTY, 0));
        setresuid(1000, 1000, 1000);
        TRY(ioctl(slave, TIOCSCTTY, 1));
        _exit(0);
    }
    reap("younger member", pid);
    pid = fork();
    if (pid == 0) {
        setsid();
        TRY(ioctl(slave, TIOCSCTTY, 1));
        say_terminal("thief");
        token_send(ready[1]);
        token_await(go[0]);
        _exit(0);
    }
    token_await(ready[0]);
    say_terminal("victim");
    TRY(ioctl(slave, TIOCNOTTY));
    token_send(go[1]);
    reap("thief", pid);
}

TOPIC(tty_leader_leaves)
{
    open_pair();
    as_session(lead_tty_leader_leaves);
}

// Opened without O_NOCTTY by a leader that has none; one that may only be written gives none.
static void lead_tty_opened(void)
{
    const char *name = ptsname(master);
    int fd = open(name, O_WRONLY);
    say_terminal("writer");
    setresuid(1000, 1000, 1000);
    TRY(ioctl(fd, TIOCSCTTY, 0));
    TRY_OK(open(name, O_RDONLY));
    say_terminal("reader");
}

TOPIC(tty_opened)
{
    open_pair();
    fchmod(slave, 0666);
    as_session(lead_tty_opened);
}

// A pty outlives the leader of its session.
static void lead_tty_survives(void)
{
    int ready[2];
    pipe(ready);
    ioctl(slave, TIOCSCTTY, 0);
    if (fork() == 0) {
        sigset_t set, pending;
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGCONT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        token_send(ready[1]);
        token_await(go[0]);
        sigpending(&pending);
        say("SIGHUP %d, SIGCONT %d", sigismember(&pending, SIGHUP), sigismember(&pending, SIGCONT));
        TRY(write(slave, "x", 1));
        say_terminal("orphan");
        token_send(told[1]);
        _exit(0);
    }
    token_await(ready[0]);
}

TOPIC(tty_survives)
{
    open_pair();
    pipe(told);
    pipe(go);
    as_session(lead_tty_survives);
    token_send(go[1]);
    token_await(told[0]);
    TRY(tcgetsid(master));
    int group = -7;
    TRY(ioctl(master, TIOCGPGRP, &group));
    say("group %d", group);
}
