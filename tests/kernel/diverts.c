// SPDX-License-Identifier: MIT
// task_interrupt, cancel, diverts and traced traps. Two ports stand for two servers: the owner, and another.
#include "test.h"

#define TRAP_OTHER 4l
#define TRAP_OWNER 5l

struct scene {
    struct child child;
    handle_t owner, other, routes;
};

static bool scene_make(struct scene *scene, void (*fn)(void))
{
    scene->owner = new_port();
    scene->other = new_port();
    scene->routes = (handle_t)routes_create(ROOT_QUOTA, 20);
    routes_set(scene->routes, TRAP_OTHER, scene->other, 1);
    routes_set(scene->routes, TRAP_OWNER, scene->owner, 0);
    return child_create_routed(&scene->child, fn, scene->owner, scene->routes) == 0;
}

static bool scene_start(struct scene *scene, void (*fn)(void))
{
    return scene_make(scene, fn) && child_start(&scene->child) == 0;
}

static void scene_end(struct scene *scene)
{
    child_destroy(&scene->child);
    handle_close(scene->routes);
    handle_close(scene->owner);
    handle_close(scene->other);
}

static void other_then_owner(void)
{
    long got = trap6(TRAP_OTHER, 1, 0, 0, 0, 0, 0);
    trap6(TRAP_OWNER, got, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static void spin(void)
{
    for (;;)
        ;
}

static void running_task_is_diverted(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, spin));
    CHECK_EQUAL(receive(scene.owner, clock_monotonic() + 5000000), -ETIMEDOUT);
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_INTERRUPT);
    CHECK_EQUAL(message_page->in.label, CHILD_LABEL);
    CHECK_EQUAL((long)message_page->in.args[1], -1); // outside any trap
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(receive(scene.owner, clock_monotonic() + 5000000), -ETIMEDOUT); // once
    scene_end(&scene);
}

static void new_task_is_diverted_at_start(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, spin));
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    scene_end(&scene);
}

static void queued_trap_is_taken_back(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, other_then_owner));
    CHECK(child_reaches(&scene.child, STATE_CALLING));
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_NOT_BEGUN);
    CHECK_EQUAL(message_page->in.args[1], TRAP_OTHER);
    CHECK_EQUAL(receive(scene.other, 0), -ETIMEDOUT);
    CHECK_EQUAL(answer_value(-EINTR), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_TRAP);
    CHECK_EQUAL((long)message_page->in.args[0], -EINTR);
    scene_end(&scene);
}

// The value is stored, and the divert comes before user mode.
static void open_trap_is_cancelled_and_diverted(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, other_then_owner));
    CHECK_EQUAL(next_message(scene.other), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(receive(scene.owner, 0), -ETIMEDOUT);
    CHECK_EQUAL(next_message(scene.other), MESSAGE_CANCEL);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(scene.other, 0), -ETIMEDOUT);
    CHECK_EQUAL(answer_value(100), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_INTERRUPT);
    CHECK_EQUAL(message_page->in.args[0], 100);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 100);
    scene_end(&scene);
}

static void divert_reply_counts_as_the_divert(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, other_then_owner));
    CHECK_EQUAL(next_message(scene.other), MESSAGE_TRAP);
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(next_message(scene.other), MESSAGE_CANCEL);
    CHECK_EQUAL(answer_divert(DIVERT_SERVER, -EINTR), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_SERVER);
    CHECK_EQUAL((long)message_page->in.args[0], -EINTR);
    CHECK_EQUAL(answer_value(-EINTR), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_TRAP); // no second divert
    CHECK_EQUAL((long)message_page->in.args[0], -EINTR);
    scene_end(&scene);
}

static void owner_trap(void)
{
    trap6(TRAP_OWNER, 1, 0, 0, 0, 0, 0);
    trap6(TRAP_OWNER, 2, 0, 0, 0, 0, 0);
    for (;;)
        ;
}

static void owners_own_trap_is_not_cancelled(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, owner_trap));
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_TRAP);
    token_t token = message_page->in.token;
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(receive(scene.owner, 0), -ETIMEDOUT);
    message_page->in.token = token;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(task_interrupt(scene.child.task), 0);
    CHECK_EQUAL(answer(REPLY_FRAME, REPLY_CONSUME, 0, 0), 0); // forgets the second one
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.args[0], 2);
    scene_end(&scene);
}

static void interrupt_refuses_native_tasks(void) { CHECK_EQUAL(task_interrupt(ROOT_TASK), -EINVAL); }

static void traced_trap_stops_twice(void)
{
    struct scene scene;
    CHECK(scene_make(&scene, other_then_owner));
    CHECK_EQUAL(KCALL2(task_set_trace, scene.child.task, TRACE_CALLS), 0);
    CHECK_EQUAL(KCALL2(task_set_trace, scene.child.task, 64), -EINVAL);
    CHECK_EQUAL(child_start(&scene.child), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_ENTER);
    CHECK_EQUAL(message_page->in.args[0], TRAP_OTHER);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(scene.other), MESSAGE_TRAP);
    CHECK_EQUAL(answer_value(31), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_EXIT);
    CHECK_EQUAL(message_page->in.args[0], 31);
    CHECK_EQUAL(answer_frame(), 0);
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT); // the next trap's entry
    CHECK_EQUAL(message_page->in.number, DIVERT_ENTER);
    CHECK_EQUAL(message_page->in.args[0], TRAP_OWNER);
    CHECK_EQUAL(answer_value(7), 0); // skipped
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_EXIT);
    CHECK_EQUAL(message_page->in.args[0], 7);
    scene_end(&scene);
}

static void dead_servers_committed_trap_diverts_as_failed(void)
{
    struct scene scene;
    CHECK(scene_start(&scene, other_then_owner));
    handle_close(scene.other); // its last receiver goes while the trap is queued or before it comes
    CHECK_EQUAL(next_message(scene.owner), MESSAGE_DIVERT);
    CHECK_EQUAL(message_page->in.number, DIVERT_FAILED);
    scene.other = 0;
    scene_end(&scene);
}

const struct test divert_tests[] = {
    { "divert/running_task_is_diverted", running_task_is_diverted },
    { "divert/new_task_is_diverted_at_start", new_task_is_diverted_at_start },
    { "divert/queued_trap_is_taken_back", queued_trap_is_taken_back },
    { "divert/open_trap_is_cancelled_and_diverted", open_trap_is_cancelled_and_diverted },
    { "divert/divert_reply_counts_as_the_divert", divert_reply_counts_as_the_divert },
    { "divert/owners_own_trap_is_not_cancelled", owners_own_trap_is_not_cancelled },
    { "divert/interrupt_refuses_native_tasks", interrupt_refuses_native_tasks },
    { "divert/traced_trap_stops_twice", traced_trap_stops_twice },
    { "divert/dead_servers_committed_trap_diverts_as_failed", dead_servers_committed_trap_diverts_as_failed },
    { 0 },
};
