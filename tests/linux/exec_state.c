// SPDX-License-Identifier: MIT
// What survives execve and what does not, and what the new program finds: arguments, environment, auxiliary vector.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

extern char **environ;

static void handler(int number) { (void)number; }

static void execute(char *const arguments[], char *const environment[])
{
    pid_t pid = fork();
    if (pid == 0) {
        execve(test_program, arguments, environment);
        say("exec: %s", strerror(errno));
        _exit(99);
    }
    reap("executed", pid);
}

CHILD(tell_signals)
{
    sigset_t set;
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
    CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGTERM));
    CHECK(!sigismember(&set, SIGINT));
    sigpending(&set);
    CHECK(sigismember(&set, SIGTERM));
    stack_t stack;
    sigaltstack(NULL, &stack);
    CHECK(stack.ss_flags == SS_DISABLE);
    struct itimerval timer;
    getitimer(ITIMER_REAL, &timer);
    CHECK(timer.it_value.tv_sec > 0);
    return 0;
}

TOPIC(exec_signals)
{
    static char memory[65536];
    stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
    struct itimerval timer = { .it_value = { .tv_sec = 1000 } };
    char *arguments[] = { "t", "--child", "tell_signals", NULL };
    sigset_t set;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGUSR1, handler);
        signal(SIGUSR2, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGTERM);
        sigaltstack(&stack, NULL);
        setitimer(ITIMER_REAL, &timer, NULL);
        execv(test_program, arguments);
    }
    reap("executed", pid);
}

CHILD(tell_descriptors)
{
    for (int i = 1; i < argc; i++)
        say("descriptor %s: %s", i == 1 ? "plain" : "close-on-exec",
            fcntl(atoi(argv[i]), F_GETFD) < 0 ? strerror(errno) : "open");
    return 0;
}

TOPIC(exec_descriptors)
{
    char plain[12], closing[12];
    snprintf(plain, sizeof(plain), "%d", open("/dev/null", O_RDONLY));
    snprintf(closing, sizeof(closing), "%d", open("/dev/null", O_RDONLY | O_CLOEXEC));
    char *arguments[] = { "t", "--child", "tell_descriptors", plain, closing, NULL };
    execute(arguments, environ);
}

CHILD(tell_arguments)
{
    say("argc %d", argc);
    for (int i = 0; i < argc; i++)
        say("argv[%d] = %s", i, argv[i]);
    for (int i = 0; environ[i]; i++)
        say("environ[%d] = %s", i, environ[i]);
    return argc;
}

TOPIC(exec_arguments)
{
    char *arguments[] = { "", "--child", "tell_arguments", "", "two words", "\303\244", NULL };
    char *environment[] = { "A=1", "", "no equals", NULL };
    execute(arguments, environment);
    char *few[] = { "t", "--child", "tell_arguments", NULL };
    execute(few, NULL);
}

CHILD(tell_auxv)
{
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    CHECK(getauxval(AT_PAGESZ) == 4096);
    CHECK(getauxval(AT_PHDR) != 0 && getauxval(AT_PHNUM) > 0);
    CHECK(getauxval(AT_PHENT) == (sizeof(long) == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)));
    CHECK(getauxval(AT_ENTRY) != 0);
    CHECK(getauxval(AT_BASE) == 0);
    CHECK(getauxval(AT_CLKTCK) == 100);
    CHECK(getauxval(AT_SYSINFO_EHDR) != 0);
    say("ids %lu %lu %lu %lu, secure %lu", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID),
        getauxval(AT_EGID), getauxval(AT_SECURE));
    CHECK(random != NULL);
    CHECK(strcmp((const char *)getauxval(AT_EXECFN), argv[1]) == 0);
    return 0;
}

TOPIC(exec_auxv)
{
    char *arguments[] = { "t", "--child", "tell_auxv", (char *)test_program, NULL };
    execute(arguments, environ);
}

CHILD(tell_random) { return write(STDOUT_FILENO, (const void *)getauxval(AT_RANDOM), 16) == 16 ? 0 : 1; }

TOPIC(exec_random_differs)
{
    char bytes[2][16];
    char *arguments[] = { "t", "--child", "tell_random", NULL };
    for (int i = 0; i < 2; i++) {
        int ends[2];
        pipe(ends);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(ends[1], STDOUT_FILENO);
            execv(test_program, arguments);
        }
        reap("executed", pid);
        TRY(read(ends[0], bytes[i], 16));
    }
    CHECK(memcmp(bytes[0], bytes[1], 16) != 0);
}

CHILD(tell_place)
{
    char path[256];
    struct stat status;
    say("directory %s, umask %o", stat("mark", &status) == 0 ? "kept" : "lost", umask(0));
    say("comm %s", read_file("/proc/self/comm"));
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = 0;
    CHECK(strcmp(path, argv[1]) == 0);
    return 0;
}

TOPIC(exec_place)
{
    char *arguments[] = { "name of argument zero", "--child", "tell_place", (char *)test_program, NULL };
    write_file("mark", "", 0644);
    umask(031);
    execute(arguments, environ);
}
