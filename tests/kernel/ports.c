// SPDX-License-Identifier: MIT
// Ports: notifications, deadlines, and what becomes of a port without a receiver.
#include "test.h"

static void notifications_add_up(void)
{
    handle_t port = new_port();
    CHECK_EQUAL(notify(port, 1), 0);
    CHECK_EQUAL(notify(port, 4), 0);
    CHECK_EQUAL(receive(port, 0), 0);
    CHECK_EQUAL(message_page->in.kind, MESSAGE_NOTIFY);
    CHECK_EQUAL(message_page->in.number, 5);
    CHECK_EQUAL(receive(port, 0), -ETIMEDOUT);
    handle_close(port);
}

static void receive_times_out(void)
{
    handle_t port = new_port();
    uint64_t start = clock_monotonic();
    CHECK_EQUAL(receive(port, start + 3000000), -ETIMEDOUT);
    uint64_t end = clock_monotonic();
    CHECK(end >= start + 3000000);

    handle_close(port);
}

static void send_without_receiver_fails(void)
{
    handle_t port = new_port();
    long send = handle_duplicate(port, RIGHT_SEND);
    handle_close(port);
    CHECK_EQUAL(notify((handle_t)send, 1), -EPIPE);
    CHECK_EQUAL(KCALL1(call, send), -EPIPE);
    handle_close((handle_t)send);
}

static void notify_child(void) { notify(CHILD_PORT, 16); }

static void notification_wakes_receiver(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, notify_child, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_NOTIFY);
    CHECK_EQUAL(message_page->in.number, 16);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.number, CHILD_DONE);
    child_destroy(&child);
    handle_close(port);
}

// The child's second handle.
static handle_t give(struct child *child, handle_t port, unsigned rights)
{
    long given = KCALL3(space_give, child->space, port, rights);
    return given < 0 ? 0 : (handle_t)given;
}

static void report_child(void)
{
    long got = child_call(1, 0, 0);
    message_page->out = (struct message){ .number = 2, .args = { (unsigned long)got } };
    KCALL1(call, CHILD_PORT + 1);
}

// The child's call is queued when its port loses the last receiver.
static void queued_call_fails_with_the_port(void)
{
    struct child child;
    handle_t port = new_port(), report = new_port();
    CHECK_EQUAL(child_create(&child, report_child, port), 0);
    CHECK_EQUAL(give(&child, report, RIGHT_SEND), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(child_reaches(&child, STATE_CALLING));
    handle_close(port);
    CHECK_EQUAL(next_message(report), MESSAGE_CALL);
    CHECK_EQUAL((long)message_page->in.args[0], -EPIPE);
    child_destroy(&child);
    handle_close(report);
}

static void waiting_child(void)
{
    long got = receive(CHILD_PORT + 1, NO_DEADLINE);
    child_exit(got == 0 ? (long)message_page->in.number : got);
}

static void two_receivers_are_refused(void)
{
    struct child child;
    handle_t port = new_port(), shared = new_port();
    CHECK_EQUAL(child_create(&child, waiting_child, port), 0);
    CHECK_EQUAL(give(&child, shared, RIGHT_RECEIVE), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK(child_reaches(&child, STATE_RECEIVING));
    CHECK_EQUAL(receive(shared, NO_DEADLINE), -EBUSY);
    CHECK_EQUAL(notify(shared, 32), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], 32);
    child_destroy(&child);
    handle_close(port);
    handle_close(shared);
}

const struct test port_tests[] = {
    { "port/notifications_add_up", notifications_add_up },
    { "port/receive_times_out", receive_times_out },
    { "port/send_without_receiver_fails", send_without_receiver_fails },
    { "port/notification_wakes_receiver", notification_wakes_receiver },
    { "port/queued_call_fails_with_the_port", queued_call_fails_with_the_port },
    { "port/two_receivers_are_refused", two_receivers_are_refused },
    { 0 },
};
