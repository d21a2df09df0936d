// SPDX-License-Identifier: MIT
// vfork: memory shared and the parent asleep until the child ends or executes; posix_spawn, which uses it.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

extern char **environ;

CHILD(exit_code) { return argc > 1 ? argv[1][0] - '0' : 0; }

static volatile int written;

TOPIC(vfork_memory)
{
    pid_t pid = vfork();
    if (pid == 0) {
        written = 55;
        _exit(4);
    }
    // No race: the child ended before vfork came back here.
    say("written %d", written);
    reap("child", pid);
}

TOPIC(vfork_then_exec)
{
    char *arguments[] = { "t", "--child", "exit_code", "7", NULL };
    pid_t pid = vfork();
    if (pid == 0) {
        execv(test_program, arguments);
        _exit(99);
    }
    reap("child", pid);
    pid = vfork();
    if (pid == 0) {
        execv("/no/such/program", arguments);
        written = errno;
        _exit(98);
    }
    say("the child's error: %s", strerror(written));
    reap("child", pid);
}

TOPIC(vfork_killed)
{
    pid_t pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        _exit(0);
    }
    reap("child", pid);
}

TOPIC(vfork_many)
{
    char *arguments[] = { "t", "--child", "exit_code", "3", NULL };
    int good = 0;
    for (int i = 0; i < 30; i++) {
        int status = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            execv(test_program, arguments);
            _exit(99);
        }
        waitpid(pid, &status, 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 3;
    }
    say("%d of 30", good);
}

TOPIC(spawn)
{
    char *arguments[] = { "t", "--child", "exit_code", "5", NULL };
    pid_t pid;
    TRY(posix_spawn(&pid, test_program, NULL, NULL, arguments, environ));
    reap("spawned", pid);
    say("not there: %s", strerror(posix_spawn(&pid, "./nothing", NULL, NULL, arguments, environ)));
    TRY(wait(NULL));
}
