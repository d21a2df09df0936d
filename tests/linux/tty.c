// SPDX-License-Identifier: MIT
// Pseudo-terminals and the line discipline on them: canonical and raw input, echo, signals, job control.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "test.h"

static int master, slave;

static void open_pair(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        say("no pty: %s", strerror(errno));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
}

// Control characters as ^X, so that the lines stay readable.
static void say_text(const char *what, const char *bytes, ssize_t n)
{
    char text[600];
    size_t at = 0;
    for (ssize_t i = 0; i < n; i++) {
        if ((unsigned char)bytes[i] < 32) {
            text[at++] = '^';
            text[at++] = (char)(bytes[i] + 64);
        } else {
            text[at++] = bytes[i];
        }
    }
    text[at] = 0;
    say("%s: %zd [%s]%s%s", what, n, text, n < 0 ? " " : "", n < 0 ? strerror(errno) : "");
}

// What one read gives.
static void say_bytes(const char *what, int fd, size_t length)
{
    char bytes[256];
    say_text(what, bytes, read(fd, bytes, length));
}

// What the terminal shows comes in pieces of any size: reads until so many bytes are there.
static void say_shown(const char *what, ssize_t length)
{
    char bytes[256];
    ssize_t have = 0, n;
    while (have < length && (n = read(master, bytes + have, (size_t)(length - have))) > 0)
        have += n;
    say_text(what, bytes, have);
}

static void type(const char *text)
{
    if (write(master, text, strlen(text)) != (ssize_t)strlen(text))
        say("typed less");
}

static bool readable(int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN };
    return poll(&item, 1, 0) == 1;
}

// What was typed goes through the line discipline in its own time.
static void await_readable(int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN };
    poll(&item, 1, -1);
}

static void set_local(tcflag_t clear, tcflag_t set)
{
    struct termios settings;
    tcgetattr(slave, &settings);
    settings.c_lflag = (settings.c_lflag & ~clear) | set;
    tcsetattr(slave, TCSANOW, &settings);
}

TOPIC(pty_pair)
{
    open_pair();
    CHECK(strncmp(ptsname(master), "/dev/pts/", 9) == 0);
    CHECK(isatty(slave) == 1);
    CHECK(isatty(master) == 1);
    TRY(write(slave, "out\n", 4));
    say_shown("master reads", 5);
    type("in\n");
    say_shown("echo", 4);
    say_bytes("slave reads", slave, 100);
    TRY(close(slave));
    say_bytes("no slave", master, 100);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    close(master);
    say_bytes("no master", slave, 100);
    TRY(write(slave, "x", 1));
}

TOPIC(tty_canonical)
{
    open_pair();
    set_local(ECHO, 0);
    type("half");
    CHECK(!readable(slave));
    type(" line\nnext\n");
    await_readable(slave);
    say_bytes("short read", slave, 4);
    say_bytes("rest of the line", slave, 100);
    say_bytes("one line at a time", slave, 100);
    type("abc\177\177xy\n");
    say_bytes("erase", slave, 100);
    type("gone\025kept\n");
    say_bytes("kill", slave, 100);
    type("one two\027three\n");
    say_bytes("word erase", slave, 100);
    type("lit\026\003eral\n");
    say_bytes("literal next", slave, 100);
    type("no newline\004");
    say_bytes("end of file in a line", slave, 100);
    type("\004");
    say_bytes("end of file", slave, 100);
    type("cr\r");
    say_bytes("carriage return", slave, 100);
    type("old\n");
    await_readable(slave);
    tcflush(slave, TCIFLUSH);
    CHECK(!readable(slave));
}

TOPIC(tty_echo)
{
    open_pair();
    type("ab\n");
    say_shown("echo", 4);
    say_bytes("line", slave, 100);
    type("x\177");
    say_shown("erase", 4);
    type("ab\025");
    say_shown("kill", 8);
    type("\001\n");
    say_shown("control character", 4);
    say_bytes("line", slave, 100);
    set_local(ECHO, 0);
    type("quiet\n");
    say_bytes("line", slave, 100);
    CHECK(!readable(master));
    set_local(0, ECHONL);
    type("q\n");
    say_shown("only the newline", 2);
}

TOPIC(tty_raw)
{
    struct termios settings;
    open_pair();
    tcgetattr(slave, &settings);
    cfmakeraw(&settings);
    TRY(tcsetattr(slave, TCSANOW, &settings));
    type("a\003\r\n");
    say_bytes("raw", slave, 100);
    CHECK(!readable(master));
    write(slave, "x\ny", 3);
    say_shown("no processing of output", 3);
    settings.c_cc[VMIN] = 0, settings.c_cc[VTIME] = 0;
    tcsetattr(slave, TCSANOW, &settings);
    say_bytes("VMIN 0", slave, 100);
    settings.c_cc[VMIN] = 3;
    tcsetattr(slave, TCSANOW, &settings);
    type("ab");
    CHECK(!readable(slave));
    type("c");
    say_bytes("VMIN 3", slave, 100);
    settings.c_cc[VMIN] = 0, settings.c_cc[VTIME] = 1;
    tcsetattr(slave, TCSANOW, &settings);
    say_bytes("VTIME", slave, 100);
    fcntl(slave, F_SETFL, O_NONBLOCK);
    settings.c_cc[VMIN] = 1, settings.c_cc[VTIME] = 0;
    tcsetattr(slave, TCSANOW, &settings);
    say_bytes("O_NONBLOCK", slave, 100);
}

TOPIC(tty_settings)
{
    struct termios settings;
    struct winsize size = { .ws_row = 40, .ws_col = 100 };
    open_pair();
    TRY(tcgetattr(slave, &settings));
    say("i %o o %o c %o l %o", settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag);
    say("cc %d %d %d %d %d %d %d %d", settings.c_cc[VINTR], settings.c_cc[VQUIT], settings.c_cc[VERASE],
        settings.c_cc[VKILL], settings.c_cc[VEOF], settings.c_cc[VMIN], settings.c_cc[VSUSP],
        settings.c_cc[VWERASE]);
    CHECK(cfgetospeed(&settings) == B38400);
    TRY(ioctl(slave, TIOCGWINSZ, &size));
    say("%d %d", size.ws_row, size.ws_col);
    size.ws_row = 40, size.ws_col = 100;
    TRY(ioctl(master, TIOCSWINSZ, &size));
    size.ws_row = size.ws_col = 0;
    TRY(ioctl(slave, TIOCGWINSZ, &size));
    say("%d %d", size.ws_row, size.ws_col);
    int count = -1;
    type("12345\n");
    say_shown("echo", 7);
    TRY(ioctl(slave, FIONREAD, &count));
    say("count %d", count);
    TRY(tcgetattr(open("/dev/null", O_RDWR), &settings));
    TRY(tcgetpgrp(slave));
    CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
    write(slave, "a\tb\n", 4);
    say_shown("output", 5);
}

static volatile int caught;
static int told[2];

static void note(int number) { caught = number; }

static void lead_tty_signals(void)
{
    sigset_t set, old;
    TRY(ioctl(slave, TIOCSCTTY, 0));
    CHECK(tcgetpgrp(slave) == getpid());
    CHECK(tcgetsid(slave) == getpid());
    CHECK(open("/dev/tty", O_RDWR) >= 0);
    signal(SIGINT, note);
    signal(SIGQUIT, note);
    signal(SIGWINCH, note);
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    type("lost\003");
    sigsuspend(&old);
    say("caught %d", caught);
    type("kept\n");
    say_bytes("after ^C", slave, 100);
    type("\034");
    sigsuspend(&old);
    say("caught %d", caught);
    struct winsize size = { .ws_row = 7, .ws_col = 9 };
    ioctl(master, TIOCSWINSZ, &size);
    sigsuspend(&old);
    say("caught %d", caught);
}

TOPIC(tty_signals)
{
    open_pair();
    as_session(lead_tty_signals);
}

static void lead_tty_job_control(void)
{
    int status;
    ioctl(slave, TIOCSCTTY, 0);
    signal(SIGTTOU, SIG_IGN);
    pipe(told);
    pid_t job = fork();
    if (job == 0) {
        char text[16] = "";
        setpgid(0, 0);
        // In the background: reading stops us, until we are the foreground.
        ssize_t n = read(slave, text, sizeof(text));
        say("job read %zd", n);
        token_send(told[1]);
        for (;;)
            pause();
    }
    setpgid(job, job);
    waitpid(job, &status, WUNTRACED);
    say_status("background read", status);
    TRY(tcsetpgrp(slave, job));
    CHECK(tcgetpgrp(slave) == job);
    kill(-job, SIGCONT);
    type("line\n");
    waitpid(job, &status, WCONTINUED);
    token_await(told[0]);
    say_status("job", status);
    // The suspend character stops the foreground job only.
    type("\032");
    waitpid(job, &status, WUNTRACED);
    say_status("suspended", status);
    TRY(tcsetpgrp(slave, getpgrp()));
    TRY(tcsetpgrp(slave, 0x7ffffffe));
    kill(job, SIGKILL);
    reap("job", job);
}

TOPIC(tty_job_control)
{
    open_pair();
    as_session(lead_tty_job_control);
}

static void lead_tty_background_write(void)
{
    int status;
    ioctl(slave, TIOCSCTTY, 0);
    set_local(0, TOSTOP);
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        write(slave, "x", 1);
        _exit(0);
    }
    waitpid(job, &status, WUNTRACED);
    say_status("TOSTOP", status);
    kill(job, SIGKILL);
    waitpid(job, &status, 0);
    job = fork();
    if (job == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        signal(SIGTTIN, SIG_IGN);
        TRY(write(slave, "x", 1));
        TRY(read(slave, &status, 1));
        _exit(0);
    }
    reap("ignored", job);
}

TOPIC(tty_background_write)
{
    open_pair();
    as_session(lead_tty_background_write);
}

static void lead_tty_hangup(void)
{
    sigset_t set;
    ioctl(slave, TIOCSCTTY, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (fork() == 0) {
        int number;
        sigwait(&set, &number);
        char byte = (char)number;
        write(told[1], &byte, 1);
    }
}

// The session leader ends: the foreground group of its terminal gets SIGHUP.
TOPIC(tty_hangup)
{
    char byte = 0;
    open_pair();
    pipe(told);
    as_session(lead_tty_hangup);
    read(told[0], &byte, 1);
    say("signal %d", byte);
}
