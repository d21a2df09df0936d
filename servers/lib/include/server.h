// SPDX-License-Identifier: MIT
// A server's skeleton: start-up record, event loop over one port, fibers for waits on other servers.
//
// A server is a single-task event loop. Its table `server_handlers` says what each kind of message runs. A
// handler that can finish at once, or parks a record, runs on the loop's stack; one that may have to wait for
// another server calls fiber_run() and does the waiting work there with fiber_call().
#pragma once

#include <kernel.h>
#include <list.h>
#include <stdbool.h>

// What root hands a server: named handles and words. First page of its start area; main's argument.
#define START_HANDLES 48
struct start_handle {
    char name[24]; // "port" own receive port, "quota", "root", "log", or as the manifest names it
    handle_t handle;
    uint64_t value; // what belongs to it: first I/O port, physical address, bytes
};
struct start_page {
    unsigned long message_page;
    uint32_t handle_count;
    struct start_handle handles[START_HANDLES];
    char command_line[2048]; // the kernel's
    uint8_t entropy[32];     // this instance's own (random.h)
};
extern const struct start_page *start_page;
handle_t start_handle(const char *name); // 0 if the manifest gave none
uint64_t start_value(const char *name);
const char *command_line_word(const char *name, char *to,
                              size_t size); // value of name=…, "" for a bare word, NULL

int main(void); // called by start-up code after heap and message page are set

// The server's own handles, set by start-up code.
extern handle_t self_space, self_task, self_quota, self_port;

struct server_handlers {
    void (*call)(const struct message *message);      // MESSAGE_CALL
    void (*trap)(const struct message *message);      // MESSAGE_TRAP
    void (*fault)(const struct message *message);     // MESSAGE_FAULT
    void (*divert)(const struct message *message);    // MESSAGE_DIVERT
    void (*cancelled)(const struct message *message); // MESSAGE_CANCEL
    void (*ended)(const struct message *message);     // MESSAGE_ENDED
    void (*notified)(const struct message *message);  // MESSAGE_NOTIFY
    void (*badge_gone)(const struct message *message);
    void (*page)(const struct message *message); // MESSAGE_PAGE
    void (*before_wait)(void);                   // runs before each receive, NULL if nothing to do
    uint64_t (*deadline)(void);                  // when `expired` wants to run, NO_DEADLINE; NULL: never
    void (*expired)(void);
};
// Never returns. Messages are passed as the page's `in`, which stays until the loop receives again: what runs later, on
// a fiber, copies what it needs. A handler that waits in a `call` finds its answer there afterwards.
_Noreturn void server_loop(const struct server_handlers *handlers);

// --- fibers: cooperative stacks with a pre-paid call slot each. fibers_init reserves `count` at start; of
// these `reserved` are kept for calls marked urgent (those another server's progress depends on).
int fibers_init(unsigned count, unsigned reserved);
// Starts fn(argument) on a free fiber and runs it until its first wait. With none free the start is queued
// and runs when one is released. -> 0, -ENOMEM.
int fiber_run(void (*fn)(void *), void *argument, bool urgent);
// From a fiber: sends *message asynchronously to port and returns when the answer is in: *message is then the
// reply (value, args, handles). -> message->value. From the loop's stack: waits synchronously.
long fiber_call(handle_t port, struct message *message);
// Sends what stands in message_room() and waits synchronously, so only for what the receiver does at once, and never for
// whom waits for us so. -> its value
long call_at_once(handle_t port);
struct message *message_room(void); // for number and args to be filled in; without windows and handles
bool fiber_current(void);           // running on a fiber now?
// Lets a fiber wait for something of the server itself (a lock): the waker makes it runnable again.
struct fiber;
struct fiber *fiber_self(void);
void fiber_wait(void);
void fiber_wake(struct fiber *fiber);
struct fiber_lock {
    struct fiber *owner;
    struct list waiters;
};
void fiber_lock(struct fiber_lock *lock);
void fiber_unlock(struct fiber_lock *lock);

// --- an asynchronous call without a fiber: `done` runs on the loop's stack with the reply. For parked work
// such as a terminal's outstanding device read. The slot may be begun again from `done`.
struct async_call {
    handle_t call;
    void (*done)(struct async_call *async, const struct message *reply);
    bool busy;
};
int async_init(struct async_call *async, void (*done)(struct async_call *, const struct message *));
int async_begin(struct async_call *async, handle_t port, const struct message *message);

void print(const char *format, ...) __attribute__((format(printf, 1, 2))); // to the kernel log
