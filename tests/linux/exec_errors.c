// SPDX-License-Identifier: MIT
// execve that fails: the error, and a caller that is intact afterwards.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char *no_arguments[] = { "t", NULL };

static void try_exec(const char *path)
{
    execve(path, no_arguments, NULL);
    say("execve %s: %s", path, strerror(errno));
}

TOPIC(exec_errors)
{
    char name[300];
    try_exec("/no/such/file");
    try_exec("");
    try_exec("/tmp");
    write_file("data", "\177ELF but not really", 0755);
    try_exec("./data");
    write_file("noexec", "\177ELF", 0644);
    try_exec("./noexec");
    try_exec("./data/below");
    symlink("loop", "loop");
    try_exec("./loop");
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    execve(name, no_arguments, NULL);
    say("execve of a long name: %s", strerror(errno));
    execve((char *)8, no_arguments, NULL);
    say("execve of a bad address: %s", strerror(errno));
    execve(test_program, (char **)8, NULL);
    say("execve with bad arguments: %s", strerror(errno));
    mkfifo("fifo", 0755);
    try_exec("./fifo");
    say("still here");
}

TOPIC(exec_too_big)
{
    size_t size = 200000;
    char *big = malloc(size);
    memset(big, 'a', size - 1);
    big[size - 1] = 0;
    char *arguments[] = { "t", big, NULL };
    execv(test_program, arguments);
    say("one argument of 200000 bytes: %s", strerror(errno));
    free(big);
}

TOPIC(exec_permission)
{
    mkdir("closed", 0700);
    pid_t pid = fork();
    if (pid == 0) {
        write_file("owner", "#!/bin/sh\n", 0700);
        write_file("closed/any", "#!/bin/sh\n", 0755);
        setgid(1000);
        setuid(1000);
        try_exec("./owner");
        try_exec("./closed/any");
        _exit(0);
    }
    reap("uid 1000", pid);
}

CHILD(measure_arguments)
{
    size_t total = 0;
    for (int i = 1; i < argc; i++)
        total += strlen(argv[i]);
    say("%d arguments, %zu bytes", argc - 1, total);
    return 0;
}

TOPIC(exec_many_arguments)
{
    // About 100 KB in all: 1,000 words of 100 bytes.
    char **arguments = calloc(1004, sizeof(*arguments));
    char word[101];
    memset(word, 'w', 100);
    word[100] = 0;
    arguments[0] = "t", arguments[1] = "--child", arguments[2] = "measure_arguments";
    for (int i = 3; i < 1003; i++)
        arguments[i] = word;
    pid_t pid = fork();
    if (pid == 0) {
        execv(test_program, arguments);
        say("%s", strerror(errno));
        _exit(1);
    }
    reap("child", pid);
    free(arguments);
}
