// SPDX-License-Identifier: MIT
// Scripts: the "#!" line and what the interpreter is given (man 2 execve).
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

// The child that scripts named after it run: it tells all that the kernel gave the interpreter.
CHILD(say_arguments)
{
    for (int i = 0; i < argc; i++)
        say("argument %d: %s", i, argv[i]);
    return argc;
}

static void run(const char *path, const char *first)
{
    char *arguments[] = { "zero", (char *)first, "last", NULL };
    pid_t pid = fork();
    if (pid == 0) {
        execv(path, arguments);
        say("%s: %s", path, strerror(errno));
        _exit(99);
    }
    reap(path, pid);
}

// The interpreter of these scripts: a link to the test program, so that the line is short and always the same.
static void make_script(const char *path, const char *line) { write_file(path, line, 0755); }

TOPIC(script_arguments)
{
    symlink(test_program, "i");
    // The interpreter gets one optional argument, the script's path, and the arguments but the first.
    make_script("say_arguments", "#!./i --child\n");
    run("./say_arguments", "first");
    make_script("say_arguments", "#!  ./i \t --child \t \nrest\n");
    run("./say_arguments", "first");
    make_script("say_arguments", "#!./i --child");
    run("./say_arguments", "first");
    make_script("one_word", "#!./i --child say_arguments\n");
    run("./one_word", "first");
}

TOPIC(script_nested)
{
    symlink(test_program, "i");
    make_script("say_arguments", "#!./i --child\n");
    make_script("s2", "#!./say_arguments two\n");
    make_script("s3", "#!./s2\n");
    make_script("s4", "#!./s3\n");
    make_script("s5", "#!./s4\n");
    make_script("s6", "#!./s5\n");
    run("./s2", "first");
    run("./s4", "first");
    run("./s5", "first");
    run("./s6", "first");
}

TOPIC(script_errors)
{
    char line[400];
    make_script("missing", "#!/no/such/interpreter\n");
    run("./missing", "x");
    make_script("nothing", "#!\n");
    run("./nothing", "x");
    make_script("blank", "#!   \n");
    run("./blank", "x");
    make_script("directory", "#!/tmp\n");
    run("./directory", "x");
    make_script("itself", "#!./itself\n");
    run("./itself", "x");
    make_script("garbage", "no script, no program\n");
    run("./garbage", "x");
    make_script("empty", "");
    run("./empty", "x");
    // No end of line within the kernel's buffer, and no interpreter that ends there either.
    memset(line, 'x', sizeof(line));
    memcpy(line, "#!/", 3);
    line[sizeof(line) - 1] = 0;
    make_script("long", line);
    run("./long", "x");
    write_file("plain", "#!/bin/sh\n", 0644);
    run("./plain", "x");
}
