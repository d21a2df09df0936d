// SPDX-License-Identifier: MIT
// Tasks: creation, start, suspension, death, and what may be changed when.
#include "test.h"

static void spin(void)
{
    for (;;)
        ;
}

static void wait_for_ever(void)
{
    message_page->wide[0] = NO_DEADLINE;
    child_exit(KCALL1(receive, CHILD_PORT + 1));
}

// Waits until the task has run for a while.
static bool runs(const struct child *child, uint64_t until)
{
    handle_t port = new_port();
    uint64_t time = 0;
    for (unsigned i = 0; i < 2000 && time < until; i++) {
        receive(port, clock_monotonic() + 1000000);
        task_info(child->task);
        time = message_page->result[0];
    }
    handle_close(port);
    return time >= until;
}

static void states(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, spin, port), 0);
    CHECK_EQUAL(task_info(child.task), STATE_NEW);
    CHECK_EQUAL(KCALL1(task_suspend, child.task), -EINVAL);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(child_start(&child), -EINVAL);
    CHECK(runs(&child, 1000000));
    CHECK_EQUAL(task_info(child.task), STATE_RUNNABLE);
    CHECK_EQUAL(KCALL1(task_suspend, child.task), 0);
    CHECK_EQUAL(task_info(child.task), STATE_SUSPENDED);
    uint64_t time = message_page->result[0];
    receive(port, clock_monotonic() + 5000000);
    CHECK_EQUAL(task_info(child.task), STATE_SUSPENDED);
    CHECK(message_page->result[0] == time);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(runs(&child, time + 1000000));
    CHECK_EQUAL(task_info(child.task), STATE_RUNNABLE);
    CHECK_EQUAL(task_destroy(child.task), 0);
    CHECK_EQUAL(task_info(child.task), STATE_DEAD);
    CHECK_EQUAL(task_destroy(child.task), 0);
    CHECK_EQUAL(child_start(&child), -EINVAL);
    CHECK_EQUAL(KCALL1(task_suspend, child.task), -ESRCH);
    CHECK_EQUAL(task_interrupt(child.task), -EINVAL); // native
    child_destroy(&child);
    handle_close(port);
}

static void suspended_receiver_gets_eintr(void)
{
    struct child child;
    handle_t port = new_port(), other = new_port();
    CHECK_EQUAL(child_create(&child, wait_for_ever, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, other, RIGHT_RECEIVE), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(child_reaches(&child, STATE_RECEIVING));
    CHECK_EQUAL(KCALL1(task_suspend, child.task), 0);
    CHECK_EQUAL(receive(port, clock_monotonic() + 5000000), -ETIMEDOUT);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL((long)message_page->in.args[0], -EINTR);
    child_destroy(&child);
    handle_close(port);
    handle_close(other);
}

static void caller(void) { child_exit(child_call(1, 0, 0)); }

static void suspended_caller_stops_after_the_answer(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, caller, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    token_t token = message_page->in.token;
    CHECK_EQUAL(KCALL1(task_suspend, child.task), 0);
    CHECK_EQUAL(task_info(child.task), STATE_CALLING);
    message_page->out = (struct message){ .token = token, .value = 3 };
    CHECK_EQUAL(reply(), 0);
    CHECK(child_reaches(&child, STATE_SUSPENDED));
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], 3);
    child_destroy(&child);
    handle_close(port);
}

static void native_fault_reaches_the_owner(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, (void (*)(void))16, port), 0); // the call of work() faults
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_FAULT);
    CHECK_EQUAL(message_page->in.label, CHILD_LABEL);
    child_destroy(&child);
    handle_close(port);
}

static void destroy_self(void)
{
    task_destroy(CHILD_PORT + 1);
    child_call(1, 0, 0); // never comes here
}

static void task_destroys_itself(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, destroy_self, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, child.task, RIGHT_ALL), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(child_reaches(&child, STATE_DEAD));
    CHECK_EQUAL(receive(port, 0), -ETIMEDOUT);
    CHECK_EQUAL(KCALL1(space_handles, child.space), 0); // gone with the last task
    child_destroy(&child);
    handle_close(port);
}

static void close_self(void)
{
    handle_close(CHILD_PORT + 1);
    child_call(1, 0, 0);
}

// The last handle to a task, in its own space: it goes with a call of its own.
static void task_closes_its_last_handle(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, close_self, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, child.task, RIGHT_ALL), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    handle_close(child.task);
    CHECK_EQUAL(receive(port, clock_monotonic() + 5000000), -ETIMEDOUT);
    child.task = 0;
    child_destroy(&child);
    handle_close(port);
}

static void changes_need_a_held_task(void)
{
    struct child child;
    struct user_frame frame;
    char fpu[1024];
    handle_t port = new_port();
    long routes = routes_create(ROOT_QUOTA, 3), space = space_create(ROOT_QUOTA);
    CHECK_EQUAL(child_create_routed(&child, spin, port, (handle_t)routes), 0);
    CHECK_EQUAL(task_read_frame(child.task, &frame), 0);
    CHECK_EQUAL(task_write_frame(child.task, &frame), 0);
    CHECK_EQUAL(task_read_frame(child.task, (struct user_frame *)8), -EFAULT);
    CHECK_EQUAL(task_write_frame(child.task, (struct user_frame *)8), -EFAULT);
    CHECK(task_read_fpu(child.task, fpu, sizeof fpu) > 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(runs(&child, 1000000));
    CHECK_EQUAL(task_read_frame(child.task, &frame), -EBUSY);
    CHECK_EQUAL(task_write_frame(child.task, &frame), -EBUSY);
    CHECK_EQUAL(task_read_fpu(child.task, fpu, sizeof fpu), -EBUSY);
    CHECK_EQUAL(task_write_fpu(child.task, fpu, 0), -EBUSY);
    CHECK_EQUAL(task_set_tls(child.task, 0, 0, 0), -EBUSY);
    CHECK_EQUAL(task_set_routes(child.task, (handle_t)routes), -EBUSY);
    CHECK_EQUAL(task_reset(child.task, (handle_t)space, 0, 0, 0), -EBUSY);
    struct task_words words = { 0 };
    CHECK_EQUAL(task_clone(child.task, (handle_t)space, ROOT_QUOTA, 0, 0, 0, &words), -EBUSY);
    CHECK_EQUAL(task_clone(child.task, (handle_t)space, ROOT_QUOTA, 64, 0, 0, &words), -EINVAL);
    CHECK_EQUAL(task_set_label(child.task, TASK_LABELS, 0), -EINVAL);
    CHECK_EQUAL(task_set_constant(child.task, TASK_CONSTANTS, 0), -EINVAL);
    child_destroy(&child);
    handle_close((handle_t)routes);
    handle_close((handle_t)space);
    handle_close(port);
}

static void quota_limits_tasks(void)
{
    long quota = KCALL3(quota_create, ROOT_QUOTA, 100, 2), space = space_create(ROOT_QUOTA);
    struct task_start start = { 0x1000, 0, 0, 0 };
    long a = task_create((handle_t)space, (handle_t)quota, 0, 0, &start);
    long b = task_create((handle_t)space, (handle_t)quota, 0, 0, &start);
    CHECK(a > 0 && b > 0);
    CHECK_EQUAL(task_create((handle_t)space, (handle_t)quota, 0, 0, &start), -EAGAIN);
    handle_close((handle_t)b);
    b = task_create((handle_t)space, (handle_t)quota, 0, 0, &start);
    CHECK(b > 0);
    CHECK_EQUAL(task_start((handle_t)b), -EINVAL); // native, without a message page
    handle_close((handle_t)a);
    handle_close((handle_t)b);
    handle_close((handle_t)space);
    handle_close((handle_t)quota);
}

static void schedule_checks_values(void)
{
    static const unsigned bad[][2] = { { SCHEDULE_FAIR, 0 },
                                       { SCHEDULE_FIXED, 0 },
                                       { SCHEDULE_FIXED, 64 },
                                       { SCHEDULE_ROUND, 64 },
                                       { 17, 1 },
                                       { SCHEDULE_FAIR, 1u << 30 } };
    struct task_start start = { 0x1000, 0, 0, 0 };
    long space = space_create(ROOT_QUOTA), task = task_create((handle_t)space, ROOT_QUOTA, 0, 0, &start);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQUAL(task_set_schedule((handle_t)task, bad[i][0], bad[i][1]), -EINVAL);
    handle_close((handle_t)task);
    handle_close((handle_t)space);
}

const struct test task_tests[] = {
    { "task/states", states },
    { "task/suspended_receiver_gets_eintr", suspended_receiver_gets_eintr },
    { "task/suspended_caller_stops_after_the_answer", suspended_caller_stops_after_the_answer },
    { "task/native_fault_reaches_the_owner", native_fault_reaches_the_owner },
    { "task/task_destroys_itself", task_destroys_itself },
    { "task/task_closes_its_last_handle", task_closes_its_last_handle },
    { "task/changes_need_a_held_task", changes_need_a_held_task },
    { "task/quota_limits_tasks", quota_limits_tasks },
    { "task/schedule_checks_values", schedule_checks_values },
    { 0 },
};
