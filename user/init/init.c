// SPDX-License-Identifier: MIT
// Process 1 of the guest: runs one command for scripts/run, or a shell on the console, then powers off.
// A Linux program like any other (static musl, no stdio); it also runs as process 1 of a Linux kernel.
//
// What to run is in /etc/pando/run, which scripts/run puts in the initial archive: records that each end with
// a NUL byte and begin with the letter of their kind:
//     u<uid>          user and group to run as (default 0)
//     d<directory>    where to start (default /)
//     e<NAME=value>   one variable of the environment, in order
//     a<word>         one word of the command, in order
// Without the file, or without an 'a' record, a shell gets the console as its controlling terminal.
// With a command, the four virtio ports below are its standard streams and the way its status goes out: one line
// "exit N" or "signal N". A port is written only once the host has taken the data, so the status comes last.

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_FILE "/etc/pando/run"
#define PORTS "/dev/virtio-ports/org.pando."
#define MAX_WORDS 4096
#define MAX_ENVIRONMENT 1024
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

struct request {
    uid_t uid;
    const char *directory;
    char *words[MAX_WORDS + 1];
    char *environment[MAX_ENVIRONMENT + 1];
};

// The text of the run file; the request's strings point into it.
static char *run_text;
static size_t run_length;

static void say(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

static void complain(const char *what, int error)
{
    say(2, what);
    say(2, ": ");
    say(2, strerror(error));
    say(2, "\n");
}

// Leaves run_length 0 if there is no such file, which means a shell on the console.
static void read_run_file(void)
{
    struct stat status;
    int fd = open(RUN_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return;
    run_text = malloc((size_t)status.st_size + 1);
    while (run_text && run_length < (size_t)status.st_size) {
        ssize_t n = read(fd, run_text + run_length, (size_t)status.st_size - run_length);
        if (n <= 0)
            break;
        run_length += (size_t)n;
    }
    if (run_text)
        run_text[run_length] = 0;
    close(fd);
}

static void parse_request(struct request *request)
{
    size_t words = 0, variables = 0;
    for (char *record = run_text, *end = run_text + run_length; record < end; record += strlen(record) + 1) {
        switch (record[0]) {
        case 'u': request->uid = (uid_t)strtoul(record + 1, NULL, 10); break;
        case 'd': request->directory = record + 1; break;
        case 'e':
            if (variables < MAX_ENVIRONMENT)
                request->environment[variables++] = record + 1;
            break;
        case 'a':
            if (words < MAX_WORDS)
                request->words[words++] = record + 1;
            break;
        }
    }
}

static void set_environment(const struct request *request)
{
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", request->uid == 0 ? "/root" : "/tmp", 1);
    setenv("TERM", "linux", 1);
    for (size_t i = 0; request->environment[i]; i++)
        putenv(request->environment[i]);
}

// In the child: the user and the place asked for. Groups go first, while that is still allowed.
static void become_user(const struct request *request)
{
    gid_t gid = (gid_t)request->uid;
    if (request->uid != 0 && (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(request->uid) < 0)) {
        complain("init: setuid", errno);
        _exit(STATUS_NOT_EXECUTABLE);
    }
    if (request->directory && chdir(request->directory) < 0) {
        complain(request->directory, errno);
        _exit(STATUS_NOT_EXECUTABLE);
    }
}

static void run_words(const struct request *request)
{
    setsid();
    set_environment(request);
    become_user(request);
    execvp(request->words[0], request->words);
    int error = errno;
    complain(request->words[0], error);
    _exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

static void run_shell(const struct request *request)
{
    setsid();
    int console = open("/dev/console", O_RDWR);
    if (console >= 0) {
        fchown(console, request->uid, (gid_t)request->uid);
        ioctl(console, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++)
            dup2(console, fd);
        if (console > 2)
            close(console);
    }
    set_environment(request);
    become_user(request);
    execl("/bin/sh", "-sh", (char *)NULL);
    complain("/bin/sh", errno);
    _exit(STATUS_NOT_FOUND);
}

// Orphans come to process 1: reap them all, until the command itself has ended.
static int wait_for(pid_t command)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, 0);
        if (pid == command)
            return status;
        if (pid < 0 && errno != EINTR) {
            complain("init: wait", errno);
            return STATUS_NOT_EXECUTABLE << 8;
        }
    }
}

static void report(int fd, int status)
{
    char line[32], digits[12];
    int value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    size_t length = 0;
    do
        digits[length++] = (char)('0' + value % 10);
    while (value /= 10);
    strcpy(line, WIFSIGNALED(status) ? "signal " : "exit ");
    size_t at = strlen(line);
    while (length > 0)
        line[at++] = digits[--length];
    line[at++] = '\n';
    line[at] = 0;
    say(fd, line);
}

static int open_port(const char *path, int flags, int fd)
{
    int port = open(path, flags);
    if (port < 0) {
        complain(path, errno);
        return -1;
    }
    if (port != fd) {
        dup2(port, fd);
        close(port);
    }
    return 0;
}

// The status port is only process 1's; a command that closes its streams or leaves children behind cannot reach it.
static int run_command(const struct request *request)
{
    int status_port = open(PORTS "status", O_WRONLY | O_CLOEXEC);
    if (status_port < 0) {
        complain(PORTS "status", errno);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (open_port(PORTS "stdin", O_RDONLY, 0) == 0 && open_port(PORTS "stdout", O_WRONLY, 1) == 0 &&
            open_port(PORTS "stderr", O_WRONLY, 2) == 0)
            run_words(request);
        _exit(STATUS_NOT_EXECUTABLE);
    }
    report(status_port, pid < 0 ? STATUS_NOT_EXECUTABLE << 8 : wait_for(pid));
    return 0;
}

static void power_off(void)
{
    sync();
    reboot(RB_POWER_OFF);
    complain("init: power off", errno);
}

int main(void)
{
    static struct request request;

    // Descriptors 0 to 2 must be taken, or the ports opened below would land there by accident.
    int fd;
    while ((fd = open("/dev/console", O_RDWR)) >= 0 && fd < 2)
        ;
    if (fd > 2)
        close(fd);
    if (access("/proc/self", F_OK) < 0)
        mount("proc", "/proc", "proc", 0, NULL);
    read_run_file();
    if (run_length > 0)
        parse_request(&request);
    if (!request.words[0]) {
        pid_t pid = fork();
        if (pid == 0)
            run_shell(&request);
        if (pid > 0)
            wait_for(pid);
    } else {
        run_command(&request);
    }
    power_off();
    return 1;
}
