// SPDX-License-Identifier: MIT
// O_ASYNC: which signal comes to whom when a file becomes readable or writable (fcntl(2), F_SETOWN and F_SETSIG).
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "test.h"

#define QUEUED (SIGRTMIN + 1)

static void block(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, QUEUED);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

// -> false: none is pending
static bool say_next(const char *what, const struct timespec *patience)
{
    siginfo_t info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, QUEUED);
    int signal = sigtimedwait(&set, &info, patience);
    if (signal < 0)
        return false;
    const char *name = signal == SIGIO ? "SIGIO" : signal == SIGUSR1 ? "SIGUSR1" : "queued";
    if (info.si_code == SI_KERNEL)
        say("%s: %s from the kernel", what, name);
    else
        say("%s: %s code %d band %#lx fd %d", what, name, info.si_code, info.si_band, info.si_fd);
    return true;
}

// All that are pending.
static void say_signals(const char *what)
{
    static const struct timespec none = { 0 };
    if (!say_next(what, &none))
        say("%s: nothing", what);
    while (say_next(what, &none))
        ;
}

// What comes through a terminal takes its time: waits for the first.
static void await_signal(const char *what)
{
    static const struct timespec long_time = { .tv_sec = 20 };
    if (!say_next(what, &long_time))
        say("%s: nothing", what);
}

static void async(int fd, int signal, int owner)
{
    fcntl(fd, F_SETOWN, owner);
    fcntl(fd, F_SETSIG, signal);
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) < 0)
        say("O_ASYNC: %s", strerror(errno));
}

TOPIC(async_pipe)
{
    int ends[2];
    char bytes[8];
    block();
    pipe(ends);
    dup2(ends[0], 20);
    dup2(ends[1], 21);
    async(20, QUEUED, getpid());
    async(21, QUEUED, getpid());
    write(21, "abcd", 4);
    say_signals("write");
    write(21, "efgh", 4);
    write(21, "ijkl", 4);
    say_signals("two writes");
    read(20, bytes, 2);
    say_signals("read");
    write(21, "", 0);
    read(20, bytes, 0);
    say_signals("of nothing");
    fcntl(20, F_SETFL, O_ASYNC | O_NONBLOCK);
    while (read(20, bytes, 8) > 0)
        ;
    say_signals("until it is empty");
    // Without a signal of its own: SIGIO, of which one stays.
    fcntl(20, F_SETSIG, 0);
    write(21, "abcd", 4);
    write(21, "abcd", 4);
    say_signals("SIGIO");
    fcntl(20, F_SETSIG, SIGIO);
    write(21, "abcd", 4);
    say_signals("SIGIO by name");
    fcntl(20, F_SETFL, 0);
    write(21, "abcd", 4);
    say_signals("no longer asked for");
    fcntl(20, F_SETFL, O_ASYNC);
    close(ends[1]);
    close(21);
    say_signals("last writer gone");
    close(20);
    close(ends[0]);
    say_signals("closed");
    pipe(ends);
    async(ends[1], QUEUED, getpid());
    dup2(ends[1], 30);
    close(ends[1]); // the number it was asked for with stays
    close(ends[0]);
    siginfo_t info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, QUEUED);
    TRY(sigwaitinfo(&set, &info) == QUEUED);
    CHECK(info.si_fd == ends[1] && info.si_code == POLL_OUT);
    TRY(write(30, "", 0));
}

TOPIC(async_pipe_end)
{
    int ends[2];
    block();
    signal(SIGPIPE, SIG_IGN);
    pipe(ends);
    dup2(ends[0], 20);
    dup2(ends[1], 21);
    close(ends[0]);
    close(ends[1]);
    async(21, QUEUED, getpid());
    close(20);
    say_signals("last reader gone");
    TRY(write(21, "x", 1));
    say_signals("write");
}

static void say_owner(const char *what, int fd)
{
    struct f_owner_ex owner = { -1, -1 };
    uid_t uids[2] = { 77, 77 };
    long result = fcntl(fd, F_GETOWN_EX, &owner);
    fcntl(fd, 17 /* F_GETOWNER_UIDS */, uids);
    const char *who = owner.pid == 0           ? "nobody"
                      : owner.pid == getpid()  ? "this process"
                      : owner.pid == getppid() ? "the parent"
                      : owner.pid == 1         ? "init"
                                               : "another";
    say("%s: %ld, type %d, %s, set by %u %u", what, result, owner.type, who, uids[0], uids[1]);
}

TOPIC(async_owner)
{
    int ends[2];
    pipe(ends);
    int fd = ends[0];
    say_owner("at first", fd);
    TRY(fcntl(fd, F_SETOWN, getpid()));
    say_owner("process", fd);
    TRY(fcntl(fd, F_SETOWN, -getpgrp()));
    say_owner("group", fd);
    TRY(fcntl(fd, F_SETOWN, 0));
    say_owner("nobody", fd);
    TRY(fcntl(fd, F_SETOWN, 1));
    say_owner("init", fd);
    TRY(fcntl(fd, F_SETOWN, 32766));
    TRY(fcntl(fd, F_SETOWN, -32766));
    TRY(fcntl(fd, F_SETOWN, 1 << 31));
    say_owner("still", fd);
    struct f_owner_ex owner = { F_OWNER_TID, getpid() };
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    say_owner("thread", fd);
    owner.type = F_OWNER_PGRP;
    owner.pid = getpgrp();
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    say_owner("group", fd);
    owner.type = 3;
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    owner.type = -1;
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    owner.type = F_OWNER_PID;
    owner.pid = -getpgrp();
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    owner.pid = 0;
    TRY(fcntl(fd, F_SETOWN_EX, &owner));
    say_owner("nobody", fd);
    TRY(fcntl(fd, F_SETOWN_EX, (void *)8));
    TRY(fcntl(fd, F_SETSIG, 65));
    TRY(fcntl(fd, F_SETSIG, -1));
    TRY(fcntl(fd, F_GETSIG));
    TRY(fcntl(fd, F_SETSIG, 64));
    TRY(fcntl(fd, F_GETSIG));
    TRY(fcntl(fd, F_SETSIG, 0));
    TRY(fcntl(fd, F_GETSIG));
    int path = open(".", O_PATH);
    TRY(fcntl(path, F_SETOWN, getpid()));
    TRY(fcntl(path, F_GETSIG));
}

// A dead owner is nobody, also when another process has its number.
TOPIC(async_owner_dies)
{
    int ends[2];
    pipe(ends);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    TRY(fcntl(ends[0], F_SETOWN, pid));
    say_owner("zombie", ends[0]);
    reap("owner", pid);
    say_owner("gone", ends[0]);
    TRY(fcntl(ends[0], F_SETFL, O_ASYNC));
    TRY(write(ends[1], "x", 1));
    TRY(fcntl(ends[0], F_SETOWN, pid));
}

static void say_async(const char *what, int fd)
{
    int on = 1;
    TRY_OK(ioctl(fd, FIOASYNC, &on));
    long result = fcntl(fd, F_GETFL) & O_ASYNC;
    long set = fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
    say("%s: flag %ld, F_SETFL %ld, then %ld", what, result, set, (long)(fcntl(fd, F_GETFL) & O_ASYNC));
    on = 0;
    TRY_OK(ioctl(fd, FIOASYNC, &on));
    say("%s: off %ld", what, (long)(fcntl(fd, F_GETFL) & O_ASYNC));
}

TOPIC(async_kinds)
{
    int ends[2];
    write_file("f", "x", 0644);
    say_async("file", open("f", O_RDWR));
    say_async("directory", open(".", O_RDONLY));
    say_async("null", open("/dev/null", O_RDWR));
    say_async("urandom", open("/dev/urandom", O_RDWR));
    say_async("eventfd", eventfd(0, 0));
    say_async("proc", open("/proc/self/stat", O_RDONLY));
    pipe(ends);
    say_async("pipe", ends[0]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    say_async("socket", ends[0]);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    say_async("master", master);
    say_owner("master", master);
    say_async("slave", slave);
    say_owner("slave", slave);
    close(master);
    say_async("hung up", slave);
    TRY_OK(ioctl(slave, FIOASYNC, (void *)8));
    // Asked for at open, it is only a flag.
    mkfifo("fifo", 0644);
    int fifo = open("fifo", O_RDWR | O_ASYNC);
    CHECK((fcntl(fifo, F_GETFL) & O_ASYNC) != 0);
    block();
    fcntl(fifo, F_SETOWN, getpid());
    TRY(write(fifo, "x", 1));
    say_signals("flag of open");
    int on = 0;
    ioctl(fifo, FIOASYNC, &on);
    on = 1;
    ioctl(fifo, FIOASYNC, &on);
    TRY(write(fifo, "x", 1));
    say_signals("FIOASYNC");
}

TOPIC(async_socket)
{
    int ends[2];
    char bytes[4096] = "";
    block();
    signal(SIGPIPE, SIG_IGN);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    dup2(ends[0], 20);
    dup2(ends[1], 21);
    close(ends[0]);
    close(ends[1]);
    async(20, QUEUED, getpid());
    write(21, "abcd", 4);
    write(21, "abcd", 4);
    say_signals("two writes");
    read(20, bytes, 4096);
    say_signals("read");
    write(20, "abcd", 4);
    read(21, bytes, 4096);
    say_signals("room was there");
    fcntl(20, F_SETFL, O_ASYNC | O_NONBLOCK);
    while (write(20, bytes, sizeof bytes) > 0)
        ;
    say_signals("filled");
    fcntl(21, F_SETFL, O_NONBLOCK);
    while (read(21, bytes, sizeof bytes) > 0)
        ;
    say_signals("emptied");
    shutdown(21, SHUT_RD);
    say_signals("peer reads no more");
    shutdown(21, SHUT_WR);
    say_signals("peer writes no more");
    close(21);
    say_signals("peer gone");
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
    dup2(ends[0], 20);
    close(ends[0]);
    async(20, QUEUED, getpid());
    shutdown(ends[1], SHUT_RDWR);
    say_signals("peer shut down");
    write(20, "x", 1);
    say_signals("own write");
    socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
    dup2(ends[0], 20);
    close(ends[0]);
    async(20, QUEUED, getpid());
    write(ends[1], "x", 1);
    write(ends[1], "", 0);
    say_signals("two packets");
    close(ends[1]);
    say_signals("sender gone");
}

TOPIC(async_listener)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
    block();
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    dup2(listener, 20);
    bind(20, (struct sockaddr *)&name, sizeof name);
    listen(20, 5);
    async(20, QUEUED, getpid());
    TRY(connect(client, (struct sockaddr *)&name, sizeof name));
    say_signals("connection");
    int left, fd = accept(20, NULL, NULL);
    say_signals("accepted");
    TRY(ioctl(20, FIONREAD, &left));
    int owner = getpid();
    TRY(ioctl(fd, FIOGETOWN, &owner));
    say("owner %d", owner);
    owner = getpid();
    TRY(ioctl(fd, FIOSETOWN, &owner));
    TRY(ioctl(fd, SIOCGPGRP, &owner));
    CHECK(owner == getpid());
    owner = -getpgrp();
    TRY(ioctl(fd, SIOCSPGRP, &owner));
    TRY(ioctl(fd, FIOGETOWN, &owner));
    CHECK(owner == -getpgrp());
    owner = 32766;
    TRY(ioctl(fd, SIOCSPGRP, &owner));
    TRY(ioctl(fd, SIOCSPGRP, (void *)8));
}

TOPIC(async_terminal)
{
    char bytes[64];
    struct termios settings;
    block();
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    tcgetattr(slave, &settings);
    settings.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(slave, TCSANOW, &settings);
    dup2(slave, 20);
    dup2(master, 21);
    async(20, QUEUED, getpid());
    write(21, "no line", 7);
    write(21, " yet\n", 5);
    await_signal("a line");
    TRY(read(20, bytes, sizeof bytes));
    write(21, "one\ntwo\n\004", 9);
    await_signal("first line");
    await_signal("second line");
    await_signal("end of file");
    TRY(read(20, bytes, sizeof bytes));
    TRY(read(20, bytes, sizeof bytes));
    TRY(read(20, bytes, sizeof bytes));
    settings.c_lflag &= ~(tcflag_t)ICANON;
    tcsetattr(slave, TCSANOW, &settings);
    write(21, "raw", 3);
    await_signal("bytes");
    say_signals("nothing more");
    fcntl(20, F_SETFL, 0);
    async(21, QUEUED, getpid());
    write(20, "shown", 5);
    await_signal("master");
    TRY(read(21, bytes, sizeof bytes));
    say_signals("nothing more");
}

// Only somebody who may signal the owner makes it hear: by real and effective user of who set the owner, then.
static void owned_by(const char *what, uid_t real, uid_t effective, uid_t target)
{
    int ends[2], ready[2], go[2];
    pipe(ends);
    pipe(ready);
    pipe(go);
    pid_t pid = fork();
    if (pid == 0) {
        block();
        setresuid(target, target, target);
        token_send(ready[1]);
        token_await(go[0]);
        say_signals(what);
        _exit(0);
    }
    token_await(ready[0]);
    setresuid(real, effective, 0);
    fcntl(ends[0], F_SETOWN, pid);
    setresuid(0, 0, 0);
    fcntl(ends[0], F_SETFL, O_ASYNC);
    write(ends[1], "x", 1);
    token_send(go[1]);
    reap(what, pid);
}

TOPIC(async_permission)
{
    owned_by("root sets", 0, 0, 1000);
    owned_by("same user sets", 1000, 1000, 1000);
    owned_by("by real user", 1000, 1001, 1000);
    owned_by("by effective user", 1001, 1000, 1000);
    owned_by("another user sets", 1001, 1001, 1000);
    owned_by("another user, root owns", 1001, 1001, 0);
}

// A group: each of its processes.
TOPIC(async_group)
{
    int ends[2], ready[2], go[2][2];
    pipe(ends);
    pipe(ready);
    block();
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        pipe(go[i]);
        pids[i] = fork();
        if (pids[i])
            continue;
        token_send(ready[1]);
        token_await(go[i][0]);
        say_signals("child");
        _exit(0);
    }
    token_await(ready[0]);
    token_await(ready[0]);
    async(ends[0], SIGUSR1, -getpgrp());
    write(ends[1], "x", 1);
    write(ends[1], "x", 1);
    close(ends[1]);
    for (int i = 0; i < 2; i++) {
        token_send(go[i][1]);
        reap("member", pids[i]);
    }
    siginfo_t info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    TRY(sigwaitinfo(&set, &info) == SIGUSR1);
    CHECK(info.si_code == POLL_IN && info.si_fd == ends[0]);
}

static int thread_ends[2];

static void *thread_waits(void *ready)
{
    *(pid_t *)ready = (pid_t)syscall(SYS_gettid);
    token_send(thread_ends[1]);
    await_signal("thread");
    return NULL;
}

TOPIC(async_thread)
{
    int ends[2];
    pid_t tid;
    pthread_t thread;
    block();
    pipe(ends);
    pipe(thread_ends);
    dup2(ends[0], 20);
    pthread_create(&thread, NULL, thread_waits, &tid);
    token_await(thread_ends[0]);
    struct f_owner_ex owner = { F_OWNER_TID, tid };
    TRY(fcntl(20, F_SETOWN_EX, &owner));
    fcntl(20, F_SETSIG, QUEUED);
    fcntl(20, F_SETFL, O_ASYNC);
    write(ends[1], "x", 1);
    pthread_join(thread, NULL);
    say_signals("the other thread");
}

static volatile sig_atomic_t handled, handled_code;

static void handler(int signal, siginfo_t *info, void *context)
{
    handled++;
    handled_code = info->si_code;
}

// It is there before the call that caused it returns; signals with codes of their own get SI_SIGIO.
TOPIC(async_handler)
{
    int ends[2];
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
    sigaction(SIGIO, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    pipe(ends);
    async(ends[0], 0, getpid());
    for (int i = 1; i <= 100; i++) {
        write(ends[1], "x", 1);
        if (handled != i)
            say("after write %d: %d", i, handled);
    }
    CHECK(handled_code == SI_KERNEL);
    fcntl(ends[0], F_SETSIG, SIGCHLD);
    write(ends[1], "x", 1);
    CHECK(handled_code == SI_SIGIO);
    fcntl(ends[0], F_SETSIG, SIGIO);
    write(ends[1], "x", 1);
    CHECK(handled_code == POLL_IN);
    say("%d", handled);
}

// With no room for a queued signal it is SIGIO.
TOPIC(async_overflow)
{
    int ends[2];
    block();
    pipe(ends);
    dup2(ends[0], 20);
    async(20, QUEUED, getpid());
    struct rlimit none = { 0, 0 };
    TRY(setrlimit(RLIMIT_SIGPENDING, &none));
    write(ends[1], "x", 1);
    say_signals("no room");
}
