// SPDX-License-Identifier: MIT
// fork, many times: in a row, many children at once, and a tree of them.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TOPIC(fork_in_a_row)
{
    int good = 0;
    for (int i = 0; i < 500; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(i & 0xff);
        if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == (i & 0xff))
            good++;
    }
    say("%d of 500", good);
}

#define CROWD 200

TOPIC(fork_crowd)
{
    int gate[2], ready[2], sum = 0, reaped = 0, status;
    pipe(gate);
    pipe(ready);
    for (int i = 0; i < CROWD; i++) {
        if (fork() == 0) {
            close(gate[1]);
            token_send(ready[1]);
            token_await(gate[0]);
            _exit(i % 7);
        }
    }
    for (int i = 0; i < CROWD; i++)
        token_await(ready[0]);
    say("all alive");
    // End of file lets all of them go at once.
    close(gate[1]);
    while (wait(&status) > 0) {
        reaped++;
        sum += WEXITSTATUS(status);
    }
    say("reaped %d, sum of statuses %d", reaped, sum);
}

static int leaves(int depth)
{
    int sum = 0;
    if (depth == 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            _exit(leaves(depth - 1));
        waitpid(pid, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

TOPIC(fork_tree) { say("%d leaves", leaves(6)); }

TOPIC(fork_killed_crowd)
{
    pid_t pids[50];
    int killed = 0, status;
    for (int i = 0; i < 50; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            for (;;)
                pause();
    }
    for (int i = 0; i < 50; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < 50; i++)
        if (waitpid(pids[i], &status, 0) == pids[i] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            killed++;
    say("%d killed", killed);
}
