// SPDX-License-Identifier: MIT
// Children: clones of this program's space, entered at _start like any native program, but with a start page
// of our own that main() recognises. What a child is to do stands in `work` when its space is cloned.
#include "test.h"
#include "child.h"

#define CHILD_PAGE 0x20000ul
#define CHILD_STACK 0x30000000ul
#define CHILD_STACK_SIZE 0x8000ul
#define CHILD_PRIORITY 30

extern const char _start[];

static struct start_page child_start_page = { .message_page = CHILD_PAGE };
static void (*work)(void);
static handle_t payer = ROOT_QUOTA;

void child_pays(handle_t quota) { payer = quota; }

// Those of the running test, so that a failed one does not leave them behind, running.
#define CHILDREN 16
static struct child alive[CHILDREN];

void child_destroy_all(void)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        if (alive[i].space) {
            struct child child = alive[i];
            child_destroy(&child);
        }
}

static void remember(const struct child *child)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        if (!alive[i].space) {
            alive[i] = *child;
            return;
        }
}

bool child_is_running(void) { return start_page == &child_start_page; }

_Noreturn void child_main(void)
{
    work();
    child_exit(0);
}

static long make(struct child *child, void (*fn)(void), handle_t port, bool native)
{
    work = fn;
    *child = (struct child){ 0, 0 };
    long space = space_clone(ROOT_SPACE, payer);
    if (space < 0)
        return space;
    child->space = (handle_t)space;
    long stack = space_map(child->space, CHILD_STACK - CHILD_STACK_SIZE, CHILD_STACK_SIZE,
                           PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT, 0, 0, 0, 0);
    if (IS_ERROR(stack))
        return stack;
    long send = port_badge(port, CHILD_BADGE, RIGHT_SEND | RIGHT_TRANSFER, false);
    if (send < 0)
        return send;
    long given = KCALL3(space_give, child->space, send, RIGHT_ALL);
    handle_close((handle_t)send);
    if (given != CHILD_PORT)
        return given < 0 ? given : -EINVAL;
    struct task_start start = { (unsigned long)(native ? (const void *)_start : (const void *)fn),
                                CHILD_STACK, (unsigned long)&child_start_page, native ? CHILD_PAGE : 0 };
    long task = task_create(child->space, payer, port, CHILD_LABEL, &start);
    if (task < 0)
        return task;
    child->task = (handle_t)task;
    remember(child);
    return task_set_schedule(child->task, SCHEDULE_FIXED, CHILD_PRIORITY);
}

long child_create(struct child *child, void (*fn)(void), handle_t port)
{
    return make(child, fn, port, true);
}

// fn is entered directly, without a return address: it must not return.
long child_create_routed(struct child *child, void (*fn)(void), handle_t port, handle_t routes)
{
    long error = make(child, fn, port, false);
    return error < 0 ? error : task_set_routes(child->task, routes);
}

long child_start(struct child *child) { return task_start(child->task); }

bool child_reaches(const struct child *child, long state)
{
    handle_t port = new_port();
    bool reached = false;
    for (unsigned i = 0; i < 2000 && !reached; i++) {
        receive(port, clock_monotonic() + 1000000);
        reached = task_info(child->task) == state;
    }
    handle_close(port);
    return reached;
}

void child_destroy(struct child *child)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        if (alive[i].space == child->space)
            alive[i] = (struct child){ 0, 0 };
    if (child->task) {
        task_destroy(child->task);
        handle_close(child->task);
    }
    if (child->space)
        handle_close(child->space);
}

bool speaker_create(struct speaker *speaker, void (*fn)(void), handle_t port)
{
    speaker->port = port ? port : new_port();
    long routes = routes_create(ROOT_QUOTA, TRAPS);
    speaker->routes = (handle_t)routes;
    if (routes < 0)
        return false;
    for (unsigned long number = 1; number <= TRAPS; number++)
        routes_set(speaker->routes, number, speaker->port, 0);
    return child_create_routed(&speaker->child, fn, speaker->port, speaker->routes) == 0;
}

bool speaker_start(struct speaker *speaker, void (*fn)(void), handle_t port)
{
    return speaker_create(speaker, fn, port) && child_start(&speaker->child) == 0;
}

void speaker_end(struct speaker *speaker)
{
    child_destroy(&speaker->child);
    handle_close(speaker->routes);
}

long ask(void) { return trap6(TRAP_ASK, 0, 0, 0, 0, 0, 0); }

void tell(long a, long b) { trap6(TRAP_TELL, a, b, 0, 0, 0, 0); }

long child_call(unsigned long number, unsigned long word0, unsigned long word1)
{
    struct message *out = &message_page->out;
    *out = (struct message){ .number = number, .args = { word0, word1 } };
    return KCALL1(call, CHILD_PORT);
}

_Noreturn void child_exit(long value)
{
    for (;;)
        child_call(CHILD_DONE, (unsigned long)value, 0);
}

long trap6(long number, long a, long b, long c, long d, long e, long f)
{
    long args[6] = { a, b, c, d, e, f };
    return user_trap(number, args);
}

long next_message(handle_t port)
{
    long error = receive(port, clock_monotonic() + 10000000000ull);
    return error < 0 ? error : (long)message_page->in.kind;
}

long answer(unsigned kind, unsigned flags, unsigned long number, long value)
{
    message_page->out = (struct message){
        .kind = kind, .flags = flags, .token = message_page->in.token, .number = number, .value = value
    };
    return reply();
}

long answer_value(long value) { return answer(REPLY_VALUE, 0, 0, value); }

long answer_frame(void) { return answer(REPLY_FRAME, 0, 0, 0); }

long answer_divert(unsigned long reason, long value) { return answer(REPLY_DIVERT, 0, reason, value); }

handle_t new_port(void)
{
    long port = port_create(ROOT_QUOTA);
    if (port < 0)
        test_failed("port_create: %ld", port);
    return port < 0 ? 0 : (handle_t)port;
}
