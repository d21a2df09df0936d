// SPDX-License-Identifier: MIT
// Lets each allocation of a small piece of work fail in turn:  failures kernel|pm|vfs [FIRST [LAST]]
// The N-th allocation after /proc/pando/fail-WHERE was written fails. However the work ends, it must be told so (ENOMEM,
// EAGAIN) or be killed, and afterwards the system must hold what it held before (/proc/pando/counts). Ends with a line
// of figures; each line before it is a failure.
#include "failures.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNTS 64
#define STUCK_SECONDS 60 // of guest time
#define DIRECTORY "/tmp/work"
#define HOG "--hog"
#define HOG_BYTES (8u << 20)
#define HOG_PLACE ((void *)0x60000000) // not at random: each hog takes as many page tables as the one before

struct counts {
    unsigned count;
    struct {
        char name[24];
        long long value;
    } of[COUNTS];
};

static int control;
static pid_t hog;
static unsigned failures;
static struct counts before, after;

// --- what the system holds (scripts/pando/linux_tests.py has the same rules)

static bool counted(const char *name)
{
    static const char *const loose[] = { "free_frames", "pm_heap_pages", "vfs_heap_pages", "pm_frames",
                                         "vfs_frames" };
    for (unsigned i = 0; i < sizeof(loose) / sizeof(loose[0]); i++)
        if (strcmp(name, loose[i]) == 0)
            return false;
    return true;
}

static void read_counts(struct counts *counts)
{
    static const char *const paths[] = { "/proc/pando/counts", "/proc/pando/counts-vfs" };
    static char text[4096];
    long long heap_pages = 0;
    counts->count = 0;
    for (int i = 0; i < 2; i++) {
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        ssize_t length = read(fd, text, sizeof(text) - 1);
        close(fd);
        text[length > 0 ? length : 0] = '\0';
        for (char *line = strtok(text, "\n"); line && counts->count < COUNTS; line = strtok(NULL, "\n")) {
            long long *value = &counts->of[counts->count].value;
            char *name = counts->of[counts->count].name;
            sscanf(line, "%23s %lld", name, value);
            if (strstr(name, "heap_pages"))
                heap_pages += *value;
            counts->count += counted(name);
        }
    }
    for (unsigned i = 0; i < counts->count; i++)
        if (strcmp(counts->of[i].name, "frames") == 0)
            counts->of[i].value -= heap_pages;
}

static void compare(unsigned n)
{
    read_counts(&after);
    for (unsigned i = 0; i < before.count; i++) {
        long long more = after.of[i].value - before.of[i].value;
        if (more == 0)
            continue;
        printf("%u: left behind: %s %+lld\n", n, before.of[i].name, more);
        failures++;
    }
    before = after; // told once
}

// --- the countdown

static void set_countdown(unsigned n)
{
    char text[16];
    int length = snprintf(text, sizeof(text), "%u", n);
    while (pwrite(control, text, (size_t)length, 0) != length) // the one that fails may be this call's
        ;
}

static unsigned countdown(void)
{
    char text[16] = "";
    while (pread(control, text, sizeof(text) - 1, 0) <= 0)
        ;
    return (unsigned)strtoul(text, NULL, 10);
}

// --- whom the system kills for memory: the hog before us, and the work before the hog

static void adjust(const char *score)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (write(fd, score, strlen(score)) < 0)
        _exit(WORK_REFUSED);
    close(fd);
}

static void be_hog(void)
{
    char *memory =
        mmap(HOG_PLACE, HOG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (memory == MAP_FAILED)
        _exit(1);
    memset(memory, 1, HOG_BYTES);
    adjust("0");
    close(STDIN_FILENO); // ready
    for (;;)
        pause();
}

static void start_hog(void)
{
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) < 0)
        exit(3);
    hog = fork();
    if (hog == 0) {
        dup2(ready[1], STDIN_FILENO);
        execl("/proc/self/exe", "failures", HOG, NULL);
        _exit(1);
    }
    close(ready[1]);
    if (hog < 0 || read(ready[0], &byte, 1) != 0)
        exit(3);
    close(ready[0]);
    nanosleep(&(struct timespec){ 0, 10000000 }, NULL); // it comes to its pause
}

// --- one run

// Takes the signals that tell of children.
static void drain(const struct timespec *limit)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    while (sigtimedwait(&children, NULL, limit) >= 0)
        ;
}

static int await_work(unsigned n, pid_t pid)
{
    struct timespec limit = { STUCK_SECONDS, 0 };
    int status = WORK_REFUSED << 8;
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        if (sigtimedwait(&children, NULL, &limit) < 0 && errno == EAGAIN) {
            printf("%u: the work is stuck\n", n);
            exit(1);
        }
    }
    return status;
}

static void end_orphans(pid_t group)
{
    pid_t pid;
    while ((pid = waitpid(-group, NULL, 0)) > 0 || errno == EINTR)
        ;
}

// The work's own file system: what names it leaves there are no leak.
static void directory_begin(void)
{
    if (mount("none", DIRECTORY, "tmpfs", 0, NULL) < 0 || chdir(DIRECTORY) < 0)
        exit(4);
}

static void directory_end(unsigned n)
{
    if (chdir("/") < 0 || (umount2(DIRECTORY "/mount", 0) < 0 && errno != ENOENT && errno != EINVAL) ||
        umount2(DIRECTORY, 0) < 0) {
        printf("%u: the work's file system stays: %s\n", n, strerror(errno));
        failures++;
    }
}

static int run(unsigned n, unsigned *left)
{
    int status = WORK_REFUSED << 8;
    directory_begin();
    set_countdown(n);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        adjust("1000");
        work();
    }
    if (pid > 0)
        status = await_work(n, pid);
    *left = countdown();
    set_countdown(0);
    if (pid > 0) {
        kill(-pid, SIGKILL);
        end_orphans(pid);
    }
    directory_end(n);
    if (waitpid(hog, NULL, WNOHANG) == hog)
        start_hog();
    drain(&(struct timespec){ 0, 0 });
    return status;
}

static void warm_up(void)
{
    unsigned left;
    for (int i = 0; i < 3; i++) {
        int status = run(0, &left);
        if (status != WORK_DONE << 8) {
            printf("the work fails by itself: %x\n", (unsigned)status);
            exit(1);
        }
        read_counts(&before);
        read_counts(&after);
    }
}

static unsigned sweep(unsigned first, unsigned last)
{
    unsigned done = 0, refused = 0, killed = 0, n, left = 0;
    for (n = first; n <= last && failures < 20; n++) {
        int status = run(n, &left);
        if (left > 0)
            break;
        bool dead = WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSEGV);
        killed += dead;
        done += status == WORK_DONE << 8;
        refused += status == WORK_REFUSED << 8;
        if (!dead && status != WORK_DONE << 8 && status != WORK_REFUSED << 8) {
            printf("%u: the work ended with %x\n", n, (unsigned)status);
            failures++;
        }
        compare(n);
    }
    printf("%u failed: %u unharmed, %u refused, %u killed\n", n - first, done, refused, killed);
    return failures;
}

int main(int argc, char **argv)
{
    char path[64];
    if (argc > 1 && strcmp(argv[1], NOTHING) == 0)
        return 0;
    if (argc > 1 && strcmp(argv[1], HOG) == 0)
        be_hog();
    snprintf(path, sizeof(path), "/proc/pando/fail-%s", argc > 1 ? argv[1] : "");
    control = open(path, O_RDWR | O_CLOEXEC);
    if (control < 0)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    adjust("-1000");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    start_hog();
    if (mkdir(DIRECTORY, 0755) < 0)
        return 4;
    warm_up();
    unsigned first = argc > 2 ? (unsigned)atoi(argv[2]) : 1,
             last = argc > 3 ? (unsigned)atoi(argv[3]) : 100000;
    return sweep(first, last) != 0;
}
