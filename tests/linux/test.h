// SPDX-License-Identifier: MIT
// What every topic of tests/linux uses: registration, and checks whose outcome is one line of standard output.
// The lines are compared with what real Linux printed (expected/), so they hold no pid, address, time or size
// that may differ between two runs. A topic runs in a process, session and empty directory of its own.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct topic {
    const char *name;
    void (*run)(void);
};

#define TOPIC(topic_name)                                                                                    \
    static void run_##topic_name(void);                                                                      \
    static const struct topic topic_##topic_name                                                             \
        __attribute__((used, retain, section("topics"), aligned(sizeof(void *)))) = { #topic_name,           \
                                                                                      run_##topic_name };    \
    static void run_##topic_name(void)

// One line, in one write.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// "expression: yes" or "expression: no".
#define CHECK(expression) say("%s: %s", #expression, (expression) ? "yes" : "no")
// "call = value", or the error's text if the value is -1.
#define TRY(call) say_result(#call, (long)(call))
// The error's text only, or "ok": for calls that return what may differ (descriptors, pids, addresses).
#define TRY_OK(call) say_success(#call, (long)(call))

long say_result(const char *call, long value);
long say_success(const char *call, long value);

// "name: exited 3", "name: killed by 9", "name: stopped by 19", "name: continued".
void say_status(const char *name, int status);
// Waits for the child and tells its status.
void reap(const char *name, pid_t pid);
// Runs it as the leader of a session of its own, which is all that the topic waits for.
void as_session(void (*leader)(void));
// The program as execve wants it, for a child that begins at test_child().
extern const char *test_program;

// What `linux-tests --child NAME ARGS` runs, for topics about exec; the result is the exit status.
struct child {
    const char *name;
    int (*run)(int argc, char **argv);
};

#define CHILD(child_name)                                                                                    \
    static int child_run_##child_name(int argc, char **argv);                                                \
    static const struct child child_##child_name                                                             \
        __attribute__((used, retain, section("children"),                                                    \
                       aligned(sizeof(void *)))) = { #child_name, child_run_##child_name };                  \
    static int child_run_##child_name(int argc __attribute__((unused)), char **argv __attribute__((unused)))

// One byte over a pipe: the only way that processes of a topic wait for each other.
void token_send(int fd);
void token_await(int fd);

// A file with this text in the current directory.
void write_file(const char *path, const char *text, int mode);
// The first line's length at most; an empty string if it cannot be read.
const char *read_file(const char *path);
