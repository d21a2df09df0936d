// SPDX-License-Identifier: MIT
// Runs a command as process 1 would, and tells on standard error if Pando counts more of anything afterwards:
//     left-behind COMMAND ARGS
// Its status is the command's. What the command leaves running is killed and reaped first, so nothing is waited for
// that does not come. It runs twice, first with nothing to read and nowhere to write to: that fills caches.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES, PM_HEAP_PAGES, VFS_HEAP_PAGES, EXACT }; // of `compared`
static const char *const compared[] = { "frames",  "pm_heap_pages", "vfs_heap_pages", "tasks", "ports",
                                        "spaces",  "calls",         "routes",         "irqs",  "quotas",
                                        "handles", "threads",       "clients" };
#define COMPARED (sizeof(compared) / sizeof(compared[0]))
#define FRAMES_SLACK 8 // how objects lie in pages may differ

static void read_counts(const char *path, long counts[COMPARED])
{
    char text[4096], name[64];
    long value;
    int fd = open(path, O_RDONLY), length, used;
    ssize_t got = 0, n;
    while (fd >= 0 && (n = read(fd, text + got, sizeof(text) - 1 - (size_t)got)) > 0)
        got += n;
    if (fd < 0 || got == 0) {
        dprintf(2, "left-behind: %s: %s\n", path, strerror(errno));
        exit(125);
    }
    close(fd);
    text[got] = 0;
    for (length = 0; sscanf(text + length, "%63s %ld\n%n", name, &value, &used) == 2; length += used)
        for (size_t i = 0; i < COMPARED; i++)
            if (!strcmp(name, compared[i]))
                counts[i] = value;
}

static void read_all(long counts[COMPARED])
{
    for (size_t i = 0; i < COMPARED; i++)
        counts[i] = -1;
    read_counts("/proc/pando/counts", counts);
    read_counts("/proc/pando/counts-vfs", counts);
    counts[FRAMES] -= counts[PM_HEAP_PAGES] + counts[VFS_HEAP_PAGES]; // a heap keeps some free ones
}

static void see_and_say_nothing(void)
{
    int fd = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    close(fd);
}

// Orphans come to us; the last of them is reaped when there are no more children.
static int run(char **words, bool silent)
{
    int status = 0, other;
    pid_t pid = fork(), ended;
    if (pid == 0) {
        if (silent)
            see_and_say_nothing();
        execvp(words[0], words);
        dprintf(2, "%s: %s\n", words[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    while ((ended = waitpid(-1, &status, 0)) != pid)
        ;
    kill(-1, SIGKILL);
    while (waitpid(-1, &other, 0) > 0)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    static long before[COMPARED], after[COMPARED];
    if (argc < 2)
        return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    run(argv + 1, true);
    read_all(before);
    int status = run(argv + 1, false);
    read_all(after);
    if (labs(after[FRAMES] - before[FRAMES]) > FRAMES_SLACK)
        dprintf(2, "left behind: %ld frames, before %ld\n", after[FRAMES], before[FRAMES]);
    for (size_t i = EXACT; i < COMPARED; i++)
        if (after[i] != before[i] || before[i] < 0)
            dprintf(2, "left behind: %s %ld, before %ld\n", compared[i], after[i], before[i]);
    return status;
}
