// SPDX-License-Identifier: MIT
// The driver of linux-tests: lists topics, runs one here (for a debugger), or a batch with markers between them.
//     linux-tests --list | linux-tests TOPIC | linux-tests --batch TOPIC... | linux-tests --leaks TOPIC...
// A batch prints "@@ begin TOPIC", the topic's output, "@@ end TOPIC exit N" (or "signal N"), so that whoever reads
// it knows which topic took the system down. --leaks prints the same markers, and between them what Pando counted
// after each of two silent runs of the topic.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

// The linker's bounds of the two tables.
extern const struct topic __start_topics[], __stop_topics[];
extern const struct child __start_children[], __stop_children[];

const char *test_program;

void say(const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)length) < 0)
        _exit(99);
}

long say_result(const char *call, long value)
{
    if (value == -1)
        say("%s = %s", call, strerror(errno));
    else
        say("%s = %ld", call, value);
    return value;
}

long say_success(const char *call, long value)
{
    say("%s: %s", call, value == -1 ? strerror(errno) : "ok");
    return value;
}

void say_status(const char *name, int status)
{
    if (WIFEXITED(status))
        say("%s: exited %d", name, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say("%s: killed by %d", name, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        say("%s: stopped by %d", name, WSTOPSIG(status));
    else
        say("%s: %s", name, WIFCONTINUED(status) ? "continued" : "strange status");
}

void reap(const char *name, pid_t pid)
{
    int status = 0;
    pid_t got = waitpid(pid, &status, 0);
    if (got == pid)
        say_status(name, status);
    else
        say("%s: wait: %s", name, got < 0 ? strerror(errno) : "another child");
}

void as_session(void (*leader)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        leader();
        _exit(0);
    }
    reap("session", pid);
}

void token_send(int fd)
{
    if (write(fd, "t", 1) != 1)
        say("token not sent: %s", strerror(errno));
}

void token_await(int fd)
{
    char byte;
    ssize_t n;
    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        say("no token: %s", strerror(errno));
}

void write_file(const char *path, const char *text, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, (mode_t)mode) < 0)
        say("cannot write %s: %s", path, strerror(errno));
    close(fd);
}

const char *read_file(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return text;
}

static const struct topic *find_topic(const char *name)
{
    for (const struct topic *topic = __start_topics; topic < __stop_topics; topic++)
        if (strcmp(topic->name, name) == 0)
            return topic;
    return NULL;
}

// Without malloc, whose memory would count as what a topic left behind.
static void each_entry(const char *directory, void (*visit)(const char *path))
{
    char entries[2048], path[512];
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long length;
    while (fd >= 0 && (length = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0) {
        const struct dirent *entry;
        for (long at = 0; at < length; at += entry->d_reclen) {
            entry = (const struct dirent *)(entries + at); // musl's has the kernel's layout
            snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                visit(path);
        }
    }
    close(fd);
}

static void remove_tree(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        each_entry(path, remove_tree);
        rmdir(path);
    } else {
        unlink(path);
    }
}

// Returns the wait status.
static int run_in_child(const struct topic *topic)
{
    char directory[] = "/tmp/linux-test.XXXXXX";
    if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
        say("no directory: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        say("fork: %s", strerror(errno));
    if (pid == 0) {
        setsid();
        umask(022);
        if (chdir(directory) < 0)
            _exit(98);
        topic->run();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    // What the topic left behind in its session's first group must not disturb the next one.
    kill(-pid, SIGKILL);
    remove_tree(directory);
    return status;
}

static void run_marked(const struct topic *topic)
{
    say("@@ begin %s", topic->name);
    int status = run_in_child(topic);
    say("@@ end %s %s %d", topic->name, WIFEXITED(status) ? "exit" : "signal",
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void kill_if_ours(const char *path)
{
    char stat[300];
    int pid = atoi(path + strlen("/proc/")), parent = 0;
    snprintf(stat, sizeof(stat), "%s/stat", path);
    const char *end = pid > 0 ? strrchr(read_file(stat), ')') : NULL;
    if (end && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid())
        kill(pid, SIGKILL);
}

// Children that the topic left behind, which are ours then.
static void end_orphans(void)
{
    do
        each_entry("/proc", kill_if_ours);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

// Everything that Pando counts, as text.
static void read_counts(char *text, size_t size)
{
    static const char *const paths[] = { "/proc/pando/counts", "/proc/pando/counts-vfs" };
    size_t length = 0;
    for (int i = 0; i < 2; i++) {
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text + length, size - 1 - length);
        close(fd);
        length += n > 0 ? (size_t)n : 0;
    }
    text[length] = 0;
}

// Two runs, because the first one fills caches; the counts after each.
static void measure_leaks(const struct topic *topic)
{
    static char counts[2][2048];
    memset(counts, 'x', sizeof(counts)); // so that reading them takes no memory
    int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    say("@@ begin %s", topic->name);
    dup2(null, STDOUT_FILENO);
    for (int i = 0; i < 2; i++) {
        run_in_child(topic);
        end_orphans();
        read_counts(counts[i], sizeof(counts[i]));
    }
    dup2(out, STDOUT_FILENO);
    close(out);
    close(null);
    say("%s--\n%s@@ end %s exit 0", counts[0], counts[1], topic->name);
}

static int run_child(int argc, char **argv)
{
    // A script's path comes in place of a name: its last part counts.
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
    for (const struct child *child = __start_children; child < __stop_children; child++)
        if (strcmp(child->name, name) == 0)
            return child->run(argc, argv);
    return 97;
}

int main(int argc, char **argv)
{
    static char path[512];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    test_program = length > 0 ? path : argv[0];
    if (argc > 1 && strcmp(argv[1], "--child") == 0)
        return run_child(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (const struct topic *topic = __start_topics; topic < __stop_topics; topic++)
            say("%s", topic->name);
        return 0;
    }
    bool batch = argc > 1 && strcmp(argv[1], "--batch") == 0;
    bool leaks = argc > 1 && strcmp(argv[1], "--leaks") == 0;
    for (int i = batch || leaks ? 2 : 1; i < argc; i++) {
        const struct topic *topic = find_topic(argv[i]);
        if (!topic) {
            say("no topic %s", argv[i]);
            return 2;
        }
        if (batch)
            run_marked(topic);
        else if (leaks)
            measure_leaks(topic);
        else
            topic->run();
    }
    return 0;
}
