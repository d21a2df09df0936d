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

static void cancel_queued(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(cancel((handle_t)slot), 0);
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EINTR);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT);
    CHECK_EQUAL(cancel((handle_t)slot), 0);
    handle_close((handle_t)slot);
    handle_close(service);
    handle_close(mine);
}

static void cancel_open(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    token_t token = message_page->in.token;
    CHECK_EQUAL(cancel((handle_t)slot), 0);
    CHECK_EQUAL(cancel((handle_t)slot), 0); // told once
    CHECK_EQUAL(next_message(service), MESSAGE_CANCEL);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT);
    CHECK_EQUAL(answer_value(-EINTR), 0);
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EINTR);
    handle_close((handle_t)slot);
    handle_close(service);
    handle_close(mine);
}

static void answer_outruns_cancel(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    CHECK_EQUAL(cancel((handle_t)slot), 0);
    CHECK_EQUAL(answer_value(1), 0);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT); // nothing about the answered call
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    handle_close((handle_t)slot);
    handle_close(service);
    handle_close(mine);
}

static void closed_slot_ends_open_call(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    token_t token = message_page->in.token;
    handle_close((handle_t)slot);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), -ESRCH);
    CHECK_EQUAL(next_message(service), MESSAGE_ENDED);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(mine, 0), -ETIMEDOUT);
    handle_close(service);
    handle_close(mine);
}

static void port_end_answers(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    handle_close(service);
    CHECK_EQUAL(next_message(mine), MESSAGE_REPLY);
    CHECK_EQUAL(message_page->in.value, -EPIPE);
    handle_close((handle_t)slot);
    handle_close(mine);
}

static void unread_answer_goes_with_its_port(void)
{
    handle_t service = new_port(), mine = new_port();
    long slot = call_create(ROOT_QUOTA);
    message_page->out = (struct message){ .number = 1 };
    CHECK_EQUAL(begin((handle_t)slot, service, mine, COOKIE), 0);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    CHECK_EQUAL(answer_value(1), 0);
    handle_close(mine);
    handle_t other = new_port();
    CHECK_EQUAL(begin((handle_t)slot, service, other, COOKIE), 0);
    handle_close((handle_t)slot);
    handle_close(service);
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
