// SPDX-License-Identifier: MIT
// Unit tests of pm's tables: process identifiers, the timer queue, pending signals and dispositions.
#include <errno.h>
#include <heap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../servers/pm/credentials.h"
#include "../../servers/pm/itimer.h"
#include "../../servers/pm/pid.h"
#include "../../servers/pm/posix_timer.h"
#include "../../servers/pm/signals.h"
#include "../../servers/pm/state.h"
#include "../../servers/pm/thread.h"

// --- what is around them

struct pm *pm;
unsigned heap_failure_countdown;
static unsigned blocks;
static uint64_t now;
static struct timer *expired[8];
static unsigned expired_count;

void *heap_alloc(size_t size)
{
    if (heap_failure_countdown && --heap_failure_countdown == 0)
        return NULL;
    blocks++;
    return calloc(1, size);
}

void heap_free(void *block)
{
    blocks -= block != NULL;
    free(block);
}

uint64_t clock_monotonic(void) { return now; }
void user_put(struct user *user) { user->references--; }
void park_expired(struct thread *thread) { abort(); }
void interval_timer_expired(struct interval_timer *timer) { abort(); }
void cpu_timer_expired(struct process *process) { abort(); }
void posix_timer_expired(struct timer *timer) { expired[expired_count++] = timer; }
void posix_timer_delivered(struct posix_timer *timer, struct siginfo *info)
{
    timer->signal_pending = false;
    info->timer.overrun = 9;
}

static int setup(void **state)
{
    pm = calloc(1, sizeof *pm);
    return pm ? 0 : -1;
}

static int teardown(void **state)
{
    free(pm);
    return blocks ? -1 : 0;
}

// --- identifiers

static void pids_go_up_and_around(void **state)
{
    int error;
    struct pid *pids[500];
    for (int i = 0; i < 500; i++) {
        pids[i] = pid_alloc(&error);
        assert_int_equal(pids[i]->number, i + 1);
    }
    assert_ptr_equal(pid_find(77), pids[76]);
    assert_null(pid_find(501));
    assert_null(pid_next(501));
    pid_put(pid_get(pids[76]));
    assert_ptr_equal(pid_find(77), pids[76]);
    pid_put(pids[76]);
    assert_null(pid_find(77));
    assert_ptr_equal(pid_next(77), pids[77]);
    // Not again before all others have been used; then from the lowest that is not reserved.
    pm->last_pid = PID_MAX - 2;
    struct pid *last = pid_alloc(&error);
    assert_int_equal(last->number, PID_MAX - 1);
    pid_put(pids[310]); // number 311
    struct pid *first = pid_alloc(&error);
    assert_int_equal(first->number, 311);
    heap_failure_countdown = 1;
    assert_null(pid_alloc(&error));
    assert_int_equal(error, -ENOMEM);
    struct pid *next = pid_alloc(&error); // the number was not used up
    assert_int_equal(next->number, 501);
    pid_put(first);
    pid_put(last);
    pid_put(next);
    for (int i = 0; i < 500; i++)
        if (i != 76 && i != 310)
            pid_put(pids[i]);
}

// --- timers

static void timers_fire_in_order(void **state)
{
    struct timer timers[4] = { 0 };
    static const uint64_t deadlines[] = { 300, 100, 200, 100 };
    now = 0;
    expired_count = 0;
    assert_true(timer_deadline() == NO_DEADLINE);
    for (unsigned i = 0; i < 4; i++)
        timer_arm(&timers[i], TIMER_POSIX, deadlines[i]);
    assert_true(timer_deadline() == 100);
    timers_expire();
    assert_int_equal(expired_count, 0);
    timer_arm(&timers[2], TIMER_POSIX, 400); // armed anew
    now = 300;
    timers_expire();
    assert_int_equal(expired_count, 3);
    assert_ptr_equal(expired[0], &timers[1]);
    assert_ptr_equal(expired[1], &timers[3]);
    assert_ptr_equal(expired[2], &timers[0]);
    assert_true(timers[2].armed && !timers[0].armed && timer_deadline() == 400);
    timer_cancel(&timers[2]);
    timer_cancel(&timers[2]);
    assert_true(timer_deadline() == NO_DEADLINE);
}

// --- signals

static void queue(struct pending *pending, struct user *user, int signal, int value)
{
    struct queued_signal *queued = heap_alloc(sizeof *queued);
    queued->info.signo = signal;
    queued->info.rt.pid = value;
    queued->user = user;
    user->references++;
    user->pending++;
    list_append(&pending->queue, &queued->link);
    pending->set |= SIGNAL_BIT(signal);
}

static void pending_signals_are_taken_lowest_first(void **state)
{
    struct user user = { 0 };
    struct pending pending;
    struct siginfo info;
    pending_init(&pending);
    assert_int_equal(pending_take(&pending, ~0ull, &info), 0);
    queue(&pending, &user, 40, 1);
    queue(&pending, &user, 12, 2);
    queue(&pending, &user, 40, 3);
    pending.set |= SIGNAL_BIT(20); // without a record
    assert_int_equal(pending_take(&pending, ~SIGNAL_BIT(12), &info), 20);
    assert_true(info.signo == 20 && info.code == SI_USER);
    assert_int_equal(pending_take(&pending, ~SIGNAL_BIT(12), &info), 40);
    assert_int_equal(info.rt.pid, 1);
    assert_int_equal(pending_take(&pending, ~0ull, &info), 12);
    assert_int_equal(pending_take(&pending, ~0ull, &info), 40);
    assert_int_equal(info.rt.pid, 3);
    assert_int_equal(pending_take(&pending, ~0ull, &info), 0);
    assert_true(user.pending == 0 && user.references == 0);
    queue(&pending, &user, 19, 1);
    queue(&pending, &user, 40, 1);
    pending_remove(&pending, SIGNAL_BIT(19));
    assert_true(pending.set == SIGNAL_BIT(40) && user.pending == 1);
    pending_flush(&pending);
    assert_true(pending.set == 0 && user.pending == 0);
}

// A timer's record is its own: it is unlinked, never freed.
static void records_of_timers_stay(void **state)
{
    struct pending pending;
    struct siginfo info;
    struct posix_timer timer = { .signal_pending = true };
    timer.queued.timer = &timer;
    timer.queued.info.signo = 14;
    pending_init(&pending);
    for (int i = 0; i < 2; i++) {
        timer.signal_pending = true;
        list_append(&pending.queue, &timer.queued.link);
        pending.set |= SIGNAL_BIT(14);
        if (i)
            pending_flush(&pending);
        else
            assert_int_equal(pending_take(&pending, ~0ull, &info), 14);
        assert_true(!timer.signal_pending && list_empty(&pending.queue) && pending.set == 0);
    }
    assert_int_equal(info.timer.overrun, 9);
}

static void dispositions(void **state)
{
    struct sighand *from = sighand_create();
    from->actions[SIGCHLD - 1].handler = SIG_IGN;
    from->actions[SIGALRM - 1].handler = 0x1000;
    from->lent.changed = SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGALRM);
    heap_failure_countdown = 1;
    assert_null(sighand_copy(from));
    struct sighand *copy = sighand_copy(from);
    assert_int_equal(copy->actions[SIGALRM - 1].handler, 0x1000);
    sighand_reset(copy); // as exec: handlers go, ignored stays ignored
    assert_int_equal(copy->actions[SIGALRM - 1].handler, SIG_DFL);
    assert_int_equal(copy->actions[SIGCHLD - 1].handler, SIG_IGN);
    assert_int_equal(from->actions[SIGALRM - 1].handler, 0x1000);
    from->references++;
    sighand_put(from);
    sighand_put(from);
    sighand_put(copy);
    assert_true(signal_default_ignored(SIGCHLD) && !signal_default_ignored(SIGALRM));
    assert_true(signal_default_stops(SIGSTOP) && !signal_default_stops(SIGCONT));
    assert_true(signal_default_dumps(SIGSEGV) && !signal_default_dumps(SIGKILL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pids_go_up_and_around),
        TEST(timers_fire_in_order),
        TEST(pending_signals_are_taken_lowest_first),
        TEST(records_of_timers_stay),
        TEST(dispositions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
