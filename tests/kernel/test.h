// SPDX-License-Identifier: MIT
// Kernel tests: native programs that take the place of boot/root and try every kernel call. A test is a function
// in its file's table; it must leave as many tasks, handles, objects and frames as it found.
#pragma once

#include <errno.h>
#include <kernel.h>
#include <server.h>

struct test {
    const char *name;
    void (*run)(void);
};

extern const struct test handle_tests[], port_tests[], call_tests[], asynchronous_tests[], space_tests[],
    memory_tests[], pager_tests[], copy_tests[], task_tests[], trap_tests[], travel_tests[], exchange_tests[],
    divert_tests[], machine_tests[], schedule_tests[], rights_tests[], failure_tests[], fuzz_tests[],
    bench_tests[];
extern const struct test arch_tests[]; // arch/<arch>/tests

// Fails the running test and leaves the function.
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            test_failed("%s:%d: %s", __FILE__, __LINE__, #condition);                                        \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

#define CHECK_EQUAL(expression, expected)                                                                    \
    do {                                                                                                     \
        long got_ = (long)(expression), expected_ = (long)(expected);                                        \
        if (got_ != expected_) {                                                                             \
            test_failed("%s:%d: %s is %ld, not %ld", __FILE__, __LINE__, #expression, got_, expected_);      \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

void test_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool test_has_failed(void);

// --- children: a copy of this program's space whose task runs one function. ---------------------------------

struct child {
    handle_t space, task;
};

// Handles that every child holds.
enum { CHILD_PORT = 1 }; // to the parent's port, badge CHILD_BADGE

#define CHILD_BADGE 77ul
#define CHILD_LABEL 99ul // of its faults and diverts at the parent's port

// Makes a child that will run fn (in its copy of everything); its first handle sends to `port`, which also owns
// it. Not started. Priority below the parent's.
long child_create(struct child *child, void (*fn)(void), handle_t port);
long child_start(struct child *child);
void child_pays(handle_t quota); // for children created from now on; ROOT_QUOTA at first
// Lets others run until a task is in a state (task_info). -> false if it never is
enum {
    STATE_NEW,
    STATE_RUNNABLE,
    STATE_RECEIVING,
    STATE_CALLING,
    STATE_FAULTING,
    STATE_SUSPENDED,
    STATE_DEAD
};
bool child_reaches(const struct child *child, long state);
void child_destroy(struct child *child);
// The same without a message page: its traps go by `routes`.
long child_create_routed(struct child *child, void (*fn)(void), handle_t port, handle_t routes);
// Ends a native child: waits for ever at its parent's port. The parent sees a call with this number.
#define CHILD_DONE 0xd01eul
_Noreturn void child_exit(long value);
// In a child: a call to the parent with a number and two words. -> value of the reply
long child_call(unsigned long number, unsigned long word0, unsigned long word1);

// A child whose two traps reach a port of the test: it asks for a word, or tells two.
enum { TRAP_ASK = 1, TRAP_TELL, TRAPS = TRAP_TELL };
struct speaker {
    struct child child;
    handle_t port, routes;
};
bool speaker_create(struct speaker *speaker, void (*fn)(void), handle_t port); // port 0: a new one
bool speaker_start(struct speaker *speaker, void (*fn)(void), handle_t port);  // the same, and starts it
void speaker_end(struct speaker *speaker);                                     // the port stays
long ask(void);
void tell(long a, long b);

long user_trap(long number, const long args[6]);
long trap6(long number, long a, long b, long c, long d, long e, long f);

// Receives at port, at most a second. -> kind of the message (in message_page->in) or an error
long next_message(handle_t port);
// Answers the message last received.
long answer_value(long value);
long answer_frame(void);
long answer_divert(unsigned long reason, long value);
long answer(unsigned kind, unsigned flags, unsigned long number, long value);

// What follows `name` ("word=") on the kernel's command line, "" if it is not there.
const char *boot_word(const char *name, char *buffer, size_t size);

handle_t new_port(void); // 0 after test_failed()

struct figures {
    uint64_t tasks, handles, objects, free_frames;
};
struct figures figures_now(void);
