// SPDX-License-Identifier: MIT
// Memory runs out while system calls reach user memory: the hog is killed, however it takes its memory, and nobody's
// call fails with EFAULT or comes back short.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define AREA (1ul << 30) // more than the machine has
#define STEP (256ul << 10)
#define PAGE 4096ul

static char *fresh(size_t length)
{
    return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void be_first_victim(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd < 0 || write(fd, "1000", 4) != 4)
        _exit(9);
    close(fd);
}

// --- ways to take a step's memory; each -> false if a call did not do all it should

static bool by_touching(char *memory)
{
    for (size_t at = 0; at < STEP; at += PAGE)
        memory[at] = 1;
    return true;
}

static bool by_reading(char *memory)
{
    static int zero = -1;
    if (zero < 0)
        zero = open("/dev/zero", O_RDONLY);
    return read(zero, memory, STEP) == (ssize_t)STEP;
}

static bool by_file(char *memory)
{
    static int file = -1;
    if (file < 0) {
        static char text[STEP];
        memset(text, 'f', sizeof text);
        file = open("file", O_RDWR | O_CREAT, 0600);
        if (write(file, text, STEP) != (ssize_t)STEP)
            return false;
    }
    return pread(file, memory, STEP, 0) == (ssize_t)STEP && memory[STEP - 1] == 'f';
}

static bool by_pipe(char *memory)
{
    static int ends[2] = { -1, -1 };
    static char text[PAGE];
    if (ends[0] < 0 && pipe(ends) < 0)
        return false;
    for (size_t at = 0; at < STEP; at += PAGE)
        if (write(ends[1], text, PAGE) != (ssize_t)PAGE || read(ends[0], memory + at, PAGE) != (ssize_t)PAGE)
            return false;
    return true;
}

static bool by_status(char *memory) // of files: small structures
{
    for (size_t at = 0; at < STEP; at += PAGE)
        if (stat("/", (struct stat *)(memory + at)) < 0)
            return false;
    return true;
}

static bool by_signal_sets(char *memory) // of what is no file
{
    for (size_t at = 0; at < STEP; at += PAGE)
        if (syscall(SYS_rt_sigpending, memory + at, 8) < 0)
            return false;
    return true;
}

static volatile sig_atomic_t handled;
static void on_usr1(int signal) { handled++; }

static bool by_signal_frames(char *memory)
{
    for (size_t at = 0; at < STEP; at += 4 * PAGE) {
        stack_t stack = { .ss_sp = memory + at, .ss_size = 4 * PAGE };
        struct sigaction action = { .sa_handler = on_usr1, .sa_flags = SA_ONSTACK };
        int before = handled;
        if (sigaltstack(&stack, NULL) < 0 || sigaction(SIGUSR1, &action, NULL) < 0 || raise(SIGUSR1) != 0 ||
            handled != before + 1)
            return false;
        memory[at] = memory[at + PAGE] = memory[at + 2 * PAGE] = 1; // what the frame left
    }
    return true;
}

// --- the neighbour's ordinary work; -> false if a call did not do all it should

static bool work(void)
{
    static char text[STEP];
    bool good = true;
    char *memory = fresh(2 * STEP);
    int ends[2], status = 0;
    good = memory != MAP_FAILED && by_reading(memory) && by_file(memory + STEP);
    good = good && pipe(ends) == 0;
    memset(text, 'w', sizeof text);
    good = good && write(ends[1], memory + STEP, PAGE) == (ssize_t)PAGE &&
           read(ends[0], text, PAGE) == (ssize_t)PAGE && text[PAGE - 1] == 'f';
    pid_t pid = good ? fork() : -1;
    if (pid == 0)
        _exit(7);
    good = good && pid > 0 && waitpid(pid, (int *)(void *)(memory + 100), 0) == pid;
    memcpy(&status, memory + 100, sizeof status);
    good = good && WIFEXITED(status) && WEXITSTATUS(status) == 7;
    close(ends[0]);
    close(ends[1]);
    munmap(memory, 2 * STEP);
    return good;
}

// The quick way for three quarters of what is free, and then the one in question.
static void be_hog(bool (*take)(char *memory))
{
    struct sysinfo info;
    char *memory = fresh(AREA);
    if (memory == MAP_FAILED || sysinfo(&info) < 0)
        _exit(4);
    size_t quick = info.freeram * info.mem_unit / 4 * 3;
    for (size_t at = 0; at < AREA; at += STEP)
        if (!(at < quick ? by_touching : take)(memory + at))
            _exit(3);
    _exit(0);
}

static void shortage(bool (*take)(char *memory))
{
    pid_t hog = fork();
    if (hog == 0) {
        be_first_victim();
        be_hog(take);
    }
    int status;
    unsigned failures = 0;
    while (waitpid(hog, &status, WNOHANG) == 0)
        failures += !work();
    say_status("hog", status);
    say("neighbour's failures: %u", failures);
}

TOPIC(shortage_touch) { shortage(by_touching); }
TOPIC(shortage_read) { shortage(by_reading); }
TOPIC(shortage_pipe) { shortage(by_pipe); }
TOPIC(shortage_status) { shortage(by_status); }
TOPIC(shortage_signal_sets) { shortage(by_signal_sets); }
TOPIC(shortage_signal_frames) { shortage(by_signal_frames); }
