// SPDX-License-Identifier: MIT
// The process manager: start, event loop, and what each kind of message becomes. Calls of Linux programs reach
// their handlers through table.c; process 1 is made by init.c.
#include "calls.h"
#include "fault.h"
#include "init.h"
#include "leaf.h"
#include "process.h"
#include "state.h"
#include "thread.h"
#include "vdso.h"

#include <errno.h>
#include <heap.h>
#include <random.h>
#include <server.h>

#define FIBERS 24
#define URGENT_FIBERS 8

struct pm *pm;

static void on_trap(const struct message *message)
{
    struct thread *thread = thread_of_label(message->label);
    if (!thread || thread->state != THREAD_OUT)
        return; // died meanwhile
    thread->token = message->token;
    thread->state = THREAD_IN;
    thread->call_number = message->number;
    call_handler *handler = call_handler_of(message->number);
    long value = handler ? handler(thread, message->args) : -ENOSYS;
    if (value == NO_REPLY)
        return;
    returns_drain(); // whom it woke goes first: the last answer's receiver has the processor, and that is the caller
    thread_return(thread, value);
}

static void on_divert(const struct message *message)
{
    struct thread *thread = thread_of_label(message->label);
    if (!thread || thread->state != THREAD_OUT)
        return;
    thread->token = message->token;
    thread->state = THREAD_IN;
    divert(thread, message->number, (long)message->args[0]);
}

static void on_fault(const struct message *message)
{
    struct thread *thread = thread_of_label(message->label);
    if (!thread || thread->state != THREAD_OUT)
        return;
    thread->token = message->token;
    thread->state = THREAD_IN;
    fault(thread, message);
}

static bool work_waits(void) { return !list_empty(&pm->returns) || !list_empty(&pm->exits); }

static __attribute__((noinline)) void do_work(void)
{
    bool started;
    do {
        returns_drain();
        started = exits_run();
    } while (started || !list_empty(&pm->returns));
}

static void before_wait(void)
{
    if (work_waits()) // as it seldom does
        do_work();
}

static void state_init(void)
{
    pm = heap_alloc(sizeof *pm);
    pm->magic = STATE_MAGIC;
    pm->threads.index_bits = THREAD_INDEX_BITS;
    list_init(&pm->users);
    list_init(&pm->returns);
    list_init(&pm->exits);
    list_init(&pm->starving);
    for (int i = 0; i < FUTEX_BUCKETS; i++)
        list_init(&pm->futexes[i]);
    pm->port = self_port;
    pm->vfs = start_handle("vfs");
    pm->root = start_handle("root");
    pm->system = start_handle("system");
    pm->user_quota = start_handle("users");
    pm->vdso = start_handle("vdso");
    pm->boot_time = clock_realtime() - clock_monotonic();
}

static const struct server_handlers handlers = {
    .call = leaf_call,
    .trap = on_trap,
    .fault = on_fault,
    .divert = on_divert,
    .before_wait = before_wait,
    .deadline = timer_deadline,
    .expired = timers_expire,
};

int main(void)
{
    state_init();
    random_init(start_page->entropy);
    if (fibers_init(FIBERS, URGENT_FIBERS) < 0)
        system_stop("no memory for the process manager", 103);
    routes_build();
    vdso_start();
    uts_init();
    init_start();
    server_loop(&handlers);
}
