// SPDX-License-Identifier: MIT
// Who runs when: priorities, round robin, fair weights, idlers, yield; and who pays.
#include "test.h"

static void spin(void)
{
    for (;;)
        ;
}

static uint64_t user_time(handle_t task)
{
    task_info(task);
    return message_page->result[0];
}

struct contest {
    handle_t port, routes;
    struct child a, b;
};

static bool contest_start_of(struct contest *contest, void (*fn)(void), unsigned class_a, unsigned a,
                             unsigned class_b, unsigned b)
{
    contest->port = new_port();
    contest->routes = (handle_t)routes_create(ROOT_QUOTA, 1);
    if (child_create_routed(&contest->a, fn, contest->port, contest->routes) < 0 ||
        child_create_routed(&contest->b, fn, contest->port, contest->routes) < 0)
        return false;
    if (task_set_schedule(contest->a.task, class_a, a) < 0 ||
        task_set_schedule(contest->b.task, class_b, b) < 0)
        return false;
    return child_start(&contest->a) == 0 && child_start(&contest->b) == 0;
}

static bool contest_start(struct contest *contest, unsigned class_a, unsigned a, unsigned class_b, unsigned b)
{
    return contest_start_of(contest, spin, class_a, a, class_b, b);
}

static void contest_end(struct contest *contest)
{
    child_destroy(&contest->a);
    child_destroy(&contest->b);
    handle_close(contest->routes);
    handle_close(contest->port);
}

// Until the two have had that much together: how fast the host lets the machine run does not matter.
static void run_for(struct contest *contest, unsigned milliseconds)
{
    uint64_t end = user_time(contest->a.task) + user_time(contest->b.task) + milliseconds * 1000000ull;
    for (unsigned i = 0; i < 2000 && user_time(contest->a.task) + user_time(contest->b.task) < end; i++)
        receive(contest->port, clock_monotonic() + 1000000);
}

// Nearly all of the next milliseconds goes to one of the two.
static bool has_it_all(struct contest *contest, const struct child *winner, unsigned milliseconds)
{
    const struct child *loser = winner == &contest->a ? &contest->b : &contest->a;
    uint64_t won = user_time(winner->task), lost = user_time(loser->task);
    run_for(contest, milliseconds);
    return user_time(winner->task) - won > milliseconds * 500000ull &&
           user_time(loser->task) - lost < 1000000;
}

static void higher_priority_wins(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_FIXED, 10, SCHEDULE_FIXED, 20));
    CHECK(has_it_all(&contest, &contest.b, 20));
    CHECK(user_time(contest.a.task) == 0);
    CHECK_EQUAL(task_set_schedule(contest.a.task, SCHEDULE_FIXED, 25), 0);
    CHECK(has_it_all(&contest, &contest.a, 20));
    contest_end(&contest);
}

static void fixed_beats_fair_beats_idle(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_FAIR, 1024, SCHEDULE_FIXED, 1));
    CHECK(has_it_all(&contest, &contest.b, 10));
    CHECK(user_time(contest.a.task) == 0);
    CHECK_EQUAL(task_set_schedule(contest.b.task, SCHEDULE_IDLE, 0), 0);
    CHECK(has_it_all(&contest, &contest.a, 10));
    contest_end(&contest);
}

static void round_robin_shares(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_ROUND, 10, SCHEDULE_ROUND, 10));
    run_for(&contest, 100);
    uint64_t a = user_time(contest.a.task), b = user_time(contest.b.task);
    CHECK(a > 30000000 && b > 30000000);
    contest_end(&contest);
}

static void fifo_does_not_share(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_FIXED, 10, SCHEDULE_FIXED, 10));
    CHECK(has_it_all(&contest, &contest.a, 30));
    CHECK(user_time(contest.b.task) == 0);
    contest_end(&contest);
}

static void weights_divide_the_time(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_FAIR, 3072, SCHEDULE_FAIR, 1024));
    run_for(&contest, 200);
    uint64_t a = user_time(contest.a.task), b = user_time(contest.b.task);
    CHECK(a > 2 * b && a < 4 * b);
    contest_end(&contest);
}

static void equal_weights_share(void)
{
    struct contest contest;
    CHECK(contest_start(&contest, SCHEDULE_FAIR, 1024, SCHEDULE_FAIR, 1024));
    run_for(&contest, 100);
    uint64_t a = user_time(contest.a.task), b = user_time(contest.b.task);
    CHECK(a * 4 > b * 3 && b * 4 > a * 3);
    contest_end(&contest);
}

static void trap_forward(void)
{
    for (;;)
        trap6(1, 0, 0, 0, 0, 0, 0);
}

// The time a server spends on a task's call is the task's system time.
static void served_time_is_the_callers(void)
{
    struct child child;
    handle_t port = new_port();
    long routes = routes_create(ROOT_QUOTA, 1);
    CHECK_EQUAL(routes_set((handle_t)routes, 1, port, 0), 0);
    CHECK_EQUAL(child_create_routed(&child, trap_forward, port, (handle_t)routes), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_TRAP);
    uint64_t own = user_time(ROOT_TASK), end = clock_monotonic() + 20000000;
    while (clock_monotonic() < end)
        ;
    task_info(child.task);
    CHECK(message_page->result[1] >= 19000000);
    CHECK(user_time(ROOT_TASK) < own + 5000000);
    child_destroy(&child);
    handle_close((handle_t)routes);
    handle_close(port);
}

static void yielder(void)
{
    for (unsigned i = 0; i < 100; i++)
        KCALL0(yield);
}

static void yield_lets_equals_run(void)
{
    struct child a, b;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&a, yielder, port), 0);
    CHECK_EQUAL(child_create(&b, yielder, port), 0);
    CHECK_EQUAL(child_start(&a), 0);
    CHECK_EQUAL(child_start(&b), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    task_info(a.task);
    uint64_t switches_a = message_page->result[2];
    task_info(b.task);
    CHECK(switches_a >= 90 && message_page->result[2] >= 90);
    child_destroy(&a);
    child_destroy(&b);
    handle_close(port);
}

static void trap_yield(void)
{
    for (;;)
        trap6(1, 0, 0, 0, 0, 0, 0);
}

// Two of a class that does not share by itself: their trap is answered by the kernel and lets the other run.
static void yield_route_lets_equals_run(void)
{
    struct contest contest;
    CHECK(contest_start_of(&contest, trap_yield, SCHEDULE_FIXED, 10, SCHEDULE_FIXED, 10));
    CHECK_EQUAL(routes_yield(contest.routes, 2), -EINVAL);
    CHECK_EQUAL(routes_yield(contest.routes, 1), 0);
    run_for(&contest, 10);
    CHECK(user_time(contest.a.task) > 1000000);
    CHECK(user_time(contest.b.task) > 1000000);
    contest_end(&contest);
}

static void idle_time_is_counted(void)
{
    handle_t port = new_port();
    KCALL1(system_info, ROOT_SYSTEM);
    uint64_t idle = message_page->result[4];
    for (unsigned i = 0; i < 2000 && message_page->result[4] - idle < 10000000; i++) {
        CHECK_EQUAL(receive(port, clock_monotonic() + 1000000), -ETIMEDOUT);
        KCALL1(system_info, ROOT_SYSTEM);
    }
    CHECK(message_page->result[4] - idle >= 10000000);
    handle_close(port);
}

const struct test schedule_tests[] = {
    { "schedule/higher_priority_wins", higher_priority_wins },
    { "schedule/fixed_beats_fair_beats_idle", fixed_beats_fair_beats_idle },
    { "schedule/round_robin_shares", round_robin_shares },
    { "schedule/fifo_does_not_share", fifo_does_not_share },
    { "schedule/weights_divide_the_time", weights_divide_the_time },
    { "schedule/equal_weights_share", equal_weights_share },
    { "schedule/served_time_is_the_callers", served_time_is_the_callers },
    { "schedule/yield_lets_equals_run", yield_lets_equals_run },
    { "schedule/yield_route_lets_equals_run", yield_route_lets_equals_run },
    { "schedule/idle_time_is_counted", idle_time_is_counted },
    { 0 },
};
