// SPDX-License-Identifier: MIT
// Fibers: cooperative stacks on which a server waits for other servers. A fiber runs from the loop until it
// waits or ends; it never runs beside another, so server state needs no locks but those held across waits.
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <heap.h>
#include <string.h>

#define FIBER_STACK 16384ul

struct fiber {
    unsigned long stack_pointer; // saved while it does not run
    handle_t call;               // pre-paid slot
    bool urgent;                 // one of the reserved ones
    void (*fn)(void *);
    void *argument;
    struct message *answer; // where fiber_call wants its reply
    struct list link;       // free, ready, or a lock's waiters
};

struct start_request { // a fiber_run that found none free
    struct list link;
    void (*fn)(void *);
    void *argument;
    bool urgent;
};

// Saves the callee-saved registers and stack pointer, continues on the other stack. arch/<arch>/user.
void fiber_switch(unsigned long *save, unsigned long to);
// First frame of a fiber: fiber_switch() to its result calls fn on that stack.
unsigned long fiber_prepare(void *stack_top, void (*fn)(void));

static struct list free_fibers = { &free_fibers, &free_fibers };
static struct list free_urgent = { &free_urgent, &free_urgent };
static struct list ready = { &ready, &ready };
static struct list queued_starts = { &queued_starts, &queued_starts };
static struct fiber *running;
static unsigned long loop_stack_pointer;

static void fiber_main(void);

static int fiber_add(bool urgent)
{
    struct fiber *fiber = heap_alloc(sizeof(*fiber));
    if (!fiber)
        return -ENOMEM;
    long stack = space_map(self_space, 0xA0000000ul, FIBER_STACK,
                           PROT_READ_BIT | PROT_WRITE_BIT | MAP_BELOW_BIT | MAP_POPULATE_BIT, 0, 0, 0, 0);
    long call = IS_ERROR(stack) ? stack : call_create(self_quota);
    if (IS_ERROR(call)) {
        heap_free(fiber);
        return (int)call;
    }
    fiber->call = (handle_t)call;
    fiber->urgent = urgent;
    fiber->stack_pointer = fiber_prepare((void *)((unsigned long)stack + FIBER_STACK), fiber_main);
    list_append(urgent ? &free_urgent : &free_fibers, &fiber->link);
    return 0;
}

int fibers_init(unsigned count, unsigned reserved)
{
    for (unsigned i = 0; i < count; i++) {
        int error = fiber_add(i < reserved);
        if (error < 0)
            return error;
    }
    return 0;
}

static void resume(struct fiber *fiber)
{
    assert(!running);
    running = fiber;
    fiber_switch(&loop_stack_pointer, fiber->stack_pointer);
    running = NULL;
}

static void suspend(void)
{
    struct fiber *self = running;
    fiber_switch(&self->stack_pointer, loop_stack_pointer);
}

static struct start_request *next_start(bool urgent_fiber)
{
    list_for_each_safe(request, &queued_starts, struct start_request, link)
    {
        if (request->urgent || !urgent_fiber) {
            list_remove(&request->link);
            return request;
        }
    }
    return NULL;
}

// A fiber's whole life: run what it was given, take a queued start, or rest on a free list.
static void fiber_main(void)
{
    struct fiber *self = running;
    for (;;) {
        self->fn(self->argument);
        struct start_request *request = next_start(self->urgent);
        if (request) {
            self->fn = request->fn;
            self->argument = request->argument;
            heap_free(request);
            continue;
        }
        list_append(self->urgent ? &free_urgent : &free_fibers, &self->link);
        suspend();
    }
}

static struct fiber *take_free(bool urgent)
{
    struct list *from = !list_empty(&free_fibers) ? &free_fibers : urgent ? &free_urgent : &free_fibers;
    if (list_empty(from))
        return NULL;
    struct fiber *fiber = list_first(from, struct fiber, link);
    list_remove(&fiber->link);
    return fiber;
}

int fiber_run(void (*fn)(void *), void *argument, bool urgent)
{
    struct fiber *fiber = take_free(urgent);
    if (!fiber) {
        struct start_request *request = heap_alloc(sizeof(*request));
        if (!request)
            return -ENOMEM;
        *request = (struct start_request){ .fn = fn, .argument = argument, .urgent = urgent };
        list_append(&queued_starts, &request->link);
        return 0;
    }
    fiber->fn = fn;
    fiber->argument = argument;
    if (running)
        list_append(&ready, &fiber->link);
    else
        resume(fiber);
    return 0;
}

bool fibers_run_ready(void)
{
    bool any = !list_empty(&ready);
    while (!list_empty(&ready)) {
        struct fiber *fiber = list_first(&ready, struct fiber, link);
        list_remove(&fiber->link);
        resume(fiber);
    }
    return any;
}

long fiber_call(handle_t port, struct message *message)
{
    if (!running) {
        message_put(message);
        long value = call_at_once(port);
        *message = message_page->in;
        return value;
    }
    message_put(message);
    struct fiber *self = running;
    self->answer = message;
    long error = begin(self->call, port, self_port, (unsigned long)self | COOKIE_FIBER);
    message_taken();
    if (error < 0)
        return error;
    suspend();
    return message->value;
}

long call_at_once(handle_t port)
{
    long value = KCALL1(call, port);
    message_taken();
    message_replaced();
    return value;
}

void fiber_reply(unsigned long cookie, const struct message *reply)
{
    struct fiber *fiber = (struct fiber *)cookie;
    *fiber->answer = *reply;
    resume(fiber);
}

bool fiber_current(void) { return running != NULL; }

struct fiber *fiber_self(void) { return running; }

void fiber_wait(void)
{
    assert(running);
    suspend();
}

void fiber_wake(struct fiber *fiber) { list_append(&ready, &fiber->link); }

void fiber_lock(struct fiber_lock *lock)
{
    assert(running);
    if (!lock->waiters.next)
        list_init(&lock->waiters);
    if (!lock->owner) {
        lock->owner = running;
        return;
    }
    list_append(&lock->waiters, &running->link);
    suspend();
    assert(lock->owner == running);
}

// Hands the lock to the longest waiter, so nobody overtakes.
void fiber_unlock(struct fiber_lock *lock)
{
    assert(lock->owner == running);
    lock->owner = NULL;
    if (list_empty(&lock->waiters))
        return;
    struct fiber *next = list_first(&lock->waiters, struct fiber, link);
    list_remove(&next->link);
    lock->owner = next;
    fiber_wake(next);
}
