// SPDX-License-Identifier: MIT
// Asynchronous calls from pre-paid slots.
#include "test.h"

#define COOKIE 4242ul

static void answered_later(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    CHECK(slot > 0);
    message_page->out =
        (struct message){ .number = 3, .args = { 1, 2, 3, 4, 5, 6 }, .handles = { ROOT_QUOTA } };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), -EBUSY);
    CHECK_EQUAL(receive(mine, 0), -ETIMEDOUT);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    const struct message *in = &message_page->in;
    CHECK_EQUAL(in->number, 3);
    CHECK_EQUAL(in->args[5], 6);
    handle_t got = in->handles[0];
    CHECK(got != 0);
    token_t token = in->token;
    message_page->out = (struct message){ .token = token, .value = 9, .args = { 8 }, .handles = { got } };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), -EBUSY); // until the answer is received
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    CHECK_EQUAL(in->label, COOKIE);
    CHECK_EQUAL(in->value, 9);
    CHECK_EQUAL(in->args[0], 8);
    CHECK(in->handles[0] != 0);
    handle_close(in->handles[0]);
    handle_close(got);
    message_page->out = (struct message){ .number = 4 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0); // and then again
    handle_close((handle_t)slot);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT); // taken back with its slot
    handle_close(service);
    handle_close(mine);
}

// A call that has been begun, with the ports it goes to and comes back to.
struct begun {
    handle_t service, mine, slot;
};

static bool begun_start(struct begun *begun)
{
    begun->service = new_port(), begun->mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    begun->slot = slot < 0 ? 0 : (handle_t)slot;
    message_page->out = (struct message){ .number = 1 };
    return begin(begun->slot, begun->service, begun->mine, COOKIE) == 0;
}

static void drop(handle_t *handle)
{
    if (*handle)
        handle_close(*handle);
    *handle = 0;
}

static void begun_end(struct begun *begun)
{
    drop(&begun->slot);
    drop(&begun->service);
    drop(&begun->mine);
}

static void cancel_queued(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    CHECK_EQUAL(cancel(begun.slot), 0);
    CHECK_EQUAL(next_message(begun.mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EINTR);
    CHECK_EQUAL(receive(begun.service, 0), -ETIMEDOUT);
    CHECK_EQUAL(cancel(begun.slot), 0);
    begun_end(&begun);
}

static void cancel_open(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    CHECK_EQUAL(next_message(begun.service), MESSAGE_CALL);
    token_t token = message_page->in.token;
    CHECK_EQUAL(cancel(begun.slot), 0);
    CHECK_EQUAL(cancel(begun.slot), 0); // told once
    CHECK_EQUAL(next_message(begun.service), MESSAGE_CANCEL);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(begun.service, 0), -ETIMEDOUT);
    CHECK_EQUAL(answer_value(-EINTR), 0);
    CHECK_EQUAL(next_message(begun.mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EINTR);
    begun_end(&begun);
}

static void answer_outruns_cancel(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    CHECK_EQUAL(next_message(begun.service), MESSAGE_CALL);
    CHECK_EQUAL(cancel(begun.slot), 0);
    CHECK_EQUAL(answer_value(1), 0);
    CHECK_EQUAL(receive(begun.service, 0), -ETIMEDOUT); // nothing about the answered call
    CHECK_EQUAL(next_message(begun.mine), MESSAGE_REPLY);
    begun_end(&begun);
}

static void closed_slot_ends_open_call(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    CHECK_EQUAL(next_message(begun.service), MESSAGE_CALL);
    token_t token = message_page->in.token;
    drop(&begun.slot);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), -ESRCH);
    CHECK_EQUAL(next_message(begun.service), MESSAGE_ENDED);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(begun.mine, 0), -ETIMEDOUT);
    begun_end(&begun);
}

static void port_end_answers(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    drop(&begun.service);
    CHECK_EQUAL(next_message(begun.mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EPIPE);
    begun_end(&begun);
}

static void unread_answer_goes_with_its_port(void)
{
    struct begun begun;
    CHECK(begun_start(&begun));
    CHECK_EQUAL(next_message(begun.service), MESSAGE_CALL);
    CHECK_EQUAL(answer_value(1), 0);
    drop(&begun.mine);
    handle_t other = new_port();
    CHECK_EQUAL(begin(begun.slot, begun.service, other, COOKIE), 0);
    begun_end(&begun);
    handle_close(other);
}

// A slot belongs to its space: it may not travel, and goes with the space.
static void begin_child(void)
{
    long slot = call_create(CHILD_PORT + 2);
    long mine = port_create(CHILD_PORT + 2);
    long travel = KCALL3(space_give, CHILD_PORT + 3, slot, RIGHT_ALL);
    message_page->out = (struct message){ .number = 5 };
    begin((handle_t)slot, CHILD_PORT + 1, (handle_t)mine, COOKIE);
    child_exit(travel);
}

static void slot_goes_with_its_space(void)
{
    struct child child;
    handle_t port = new_port(), service = new_port();
    CHECK_EQUAL(child_create(&child, begin_child, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, service, RIGHT_SEND), CHILD_PORT + 1);
    CHECK_EQUAL(KCALL3(space_give, child.space, ROOT_QUOTA, RIGHT_ALL), CHILD_PORT + 2);
    CHECK_EQUAL(KCALL3(space_give, child.space, ROOT_SPACE, RIGHT_ALL), CHILD_PORT + 3);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL((long)message_page->in.args[0], -EPERM);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.number, 5);
    child_destroy(&child);
    CHECK_EQUAL(next_message(service), MESSAGE_ENDED);
    CHECK_EQUAL(answer_value(0), -ESRCH);
    handle_close(service);
    handle_close(port);
}

const struct test asynchronous_tests[] = {
    { "asynchronous/answered_later", answered_later },
    { "asynchronous/cancel_queued", cancel_queued },
    { "asynchronous/cancel_open", cancel_open },
    { "asynchronous/answer_outruns_cancel", answer_outruns_cancel },
    { "asynchronous/closed_slot_ends_open_call", closed_slot_ends_open_call },
    { "asynchronous/port_end_answers", port_end_answers },
    { "asynchronous/unread_answer_goes_with_its_port", unread_answer_goes_with_its_port },
    { "asynchronous/slot_goes_with_its_space", slot_goes_with_its_space },
    { 0 },
};
