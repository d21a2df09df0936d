// SPDX-License-Identifier: MIT
// /proc: the files that user land reads, in the form it expects (man 5 proc).
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char *whole(const char *path)
{
    static char text[65536];
    int fd = open(path, O_RDONLY);
    ssize_t n, length = 0;
    while (fd >= 0 && (n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
        length += n;
    close(fd);
    text[length] = 0;
    return text;
}

static void has(const char *path, const char *part)
{
    say("%s has %s: %s", path, part, strstr(whole(path), part) ? "yes" : "no");
}

TOPIC(proc_system)
{
    static const char *const memory[] = { "MemTotal:", "MemFree:", "MemAvailable:",
                                          "Buffers:",  "Cached:",  "SwapTotal:" };
    for (unsigned i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
        has("/proc/meminfo", memory[i]);
    double up = 0, idle = 0;
    CHECK(sscanf(whole("/proc/uptime"), "%lf %lf", &up, &idle) == 2);
    CHECK(up > 0);
    has("/proc/cpuinfo", "processor");
    has("/proc/stat", "cpu ");
    has("/proc/stat", "btime ");
    has("/proc/stat", "processes ");
    has("/proc/mounts", " /proc proc ");
    has("/proc/self/mounts", " / ");
    double load[3];
    int running, total, last;
    CHECK(sscanf(whole("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &load[0], &load[1], &load[2], &running,
                 &total, &last) == 6);
    CHECK(running >= 1 && total >= running);
    CHECK(atoi(whole("/proc/sys/kernel/pid_max")) >= 32768);
    has("/proc/version", "Linux version ");
    has("/proc/filesystems", "tmpfs");
    TRY_OK(open("/proc/nothing", O_RDONLY));
    TRY_OK(open("/proc/999999999", O_RDONLY));
}

TOPIC(proc_self)
{
    char path[64], link[512];
    ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = 0;
    CHECK(atoi(link) == getpid());
    n = readlink("/proc/self/cwd", link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = 0;
    CHECK(strcmp(link, getcwd(path, sizeof(path))) == 0);
    n = readlink("/proc/self/root", link, sizeof(link) - 1);
    say("root %.*s", (int)n, link);
    int fd = open("/dev/null", O_RDONLY);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = readlink(path, link, sizeof(link) - 1);
    say("fd %.*s", (int)n, link);
    write_file("f", "through proc", 0600);
    fd = open("f", O_RDONLY);
    unlink("f");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    say("%s", read_file(path));
    n = readlink(path, link, sizeof(link) - 1);
    say("%.*s", 10, link + n - 10);
    int ends[2];
    pipe(ends);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    n = readlink(path, link, sizeof(link) - 1);
    say("%.*s", 6, link);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ends[0]);
    has(path, "flags:");
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory))
        count++;
    CHECK(count >= 7);
}

TOPIC(proc_process)
{
    char path[64], name[64] = "", state = 0;
    int pid_read = 0, parent = 0, group = 0, session = 0, gate[2];
    pipe(gate);
    pid_t pid = fork();
    if (pid == 0) {
        token_await(gate[0]);
        _exit(0);
    }
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    CHECK(sscanf(whole(path), "%d (%63[^)]) %c %d %d %d", &pid_read, name, &state, &parent, &group,
                 &session) == 6);
    CHECK(pid_read == pid && parent == getpid() && group == getpgrp() && session == getsid(0));
    CHECK(state == 'S' || state == 'R');
    int fields = 1;
    for (const char *at = strrchr(whole(path), ')'); *at; at++)
        fields += *at == ' ';
    say("fields %d", fields + 1);
    kill(pid, SIGSTOP);
    waitpid(pid, NULL, WUNTRACED);
    sscanf(whole(path), "%d (%63[^)]) %c", &pid_read, name, &state);
    say("stopped: %c", state);
    kill(pid, SIGCONT);
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    static const char *const keys[] = { "Name:\t",   "State:\t",         "Tgid:\t",   "Pid:\t",
                                        "PPid:\t",   "Uid:\t0\t0\t0\t0", "Gid:\t",    "Threads:\t1",
                                        "SigBlk:\t", "SigIgn:\t",        "SigCgt:\t", "VmSize:\t",
                                        "VmRSS:\t" };
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        say("status has %.*s: %s", (int)strcspn(keys[i], "\t"), keys[i],
            strstr(whole(path), keys[i]) ? "yes" : "no");
    token_send(gate[1]);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    sscanf(whole(path), "%d (%63[^)]) %c", &pid_read, name, &state);
    say("zombie: %c", state);
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    say("cmdline of a zombie: [%s]", whole(path));
    reap("child", pid);
    TRY(access(path, F_OK));
}

CHILD(tell_cmdline)
{
    char *text = whole("/proc/self/cmdline");
    for (char *word = text; *word; word += strlen(word) + 1)
        say("word %s", word);
    has("/proc/self/environ", "COLOUR=blue");
    return 0;
}

TOPIC(proc_cmdline)
{
    char *arguments[] = { "zero", "--child", "tell_cmdline", "a b", "c", NULL },
         *environment[] = { "COLOUR=blue", NULL };
    pid_t pid = fork();
    if (pid == 0) {
        execve(test_program, arguments, environment);
        _exit(99);
    }
    reap("executed", pid);
}

TOPIC(proc_maps)
{
    char *memory = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), line[64];
    mprotect(memory, 4096, PROT_READ | PROT_WRITE);
    snprintf(line, sizeof(line), "%08lx-%08lx rw-p 00000000", (unsigned long)memory,
             (unsigned long)memory + 4096);
    say("writable page listed: %s", strstr(whole("/proc/self/maps"), line) ? "yes" : "no");
    has("/proc/self/maps", "r-xp");
    has("/proc/self/maps", "[stack]");
    has("/proc/self/maps", "[vdso]");
    has("/proc/self/maps", strrchr(test_program, '/'));
    snprintf(line, sizeof(line), "%08lx-", (unsigned long)memory);
    munmap(memory, 8192);
    say("gone: %s", strstr(whole("/proc/self/maps"), line) ? "no" : "yes");
}

TOPIC(proc_pids)
{
    // Every number in /proc is a process; ours and process 1 are among them.
    bool first = false, own = false;
    struct dirent *entry;
    DIR *directory = opendir("/proc");
    while ((entry = readdir(directory))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        first |= atoi(entry->d_name) == 1;
        own |= atoi(entry->d_name) == getpid();
    }
    CHECK(first && own);
    closedir(directory);
    struct stat status;
    stat("/proc/1", &status);
    CHECK(S_ISDIR(status.st_mode) && status.st_uid == 0);
    TRY(mkdir("/proc/new", 0755));
    TRY(unlink("/proc/version"));
}
