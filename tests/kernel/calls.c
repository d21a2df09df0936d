// SPDX-License-Identifier: MIT
// Synchronous calls: words, handles, tokens, priorities, death on either side.
#include "test.h"

static void caller_child(void)
{
    struct message *out = &message_page->out, *in = &message_page->in;
    *out = (struct message){ .number = 7, .args = { 1, 2, 3, 4, 5, 6 } };
    long value = KCALL1(call, CHILD_PORT);
    bool words = in->value == value && in->args[0] == 11 && in->args[5] == 16;
    child_exit(words ? value : -1);
}

static void words_travel_both_ways(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, caller_child, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    const struct message *in = &message_page->in;
    CHECK_EQUAL(in->label, CHILD_BADGE);
    CHECK_EQUAL(in->number, 7);
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        CHECK_EQUAL(in->args[i], i + 1);
    message_page->out =
        (struct message){ .token = in->token, .value = 42, .args = { 11, 12, 13, 14, 15, 16 } };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(reply(), -ESRCH);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(in->args[0], 42);
    child_destroy(&child);
    handle_close(port);
}

static void token_child(void)
{
    for (unsigned i = 0; i < 3; i++)
        child_call(i, 0, 0);
}

static void tokens_go_stale(void)
{
    struct child child;
    handle_t port = new_port();
    token_t tokens[3];
    CHECK_EQUAL(child_create(&child, token_child, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(next_message(port), MESSAGE_CALL);
        tokens[i] = message_page->in.token;
        for (unsigned j = 0; j < i; j++) {
            message_page->out = (struct message){ .token = tokens[j], .value = 1 };
            CHECK_EQUAL(reply(), -ESRCH);
        }
        CHECK_EQUAL(answer_value(0), 0);
    }
    message_page->out = (struct message){ .token = 0 };
    CHECK_EQUAL(reply(), -ESRCH);
    message_page->out = (struct message){ .token = ~0ull };
    CHECK_EQUAL(reply(), -ESRCH);
    child_destroy(&child);
    handle_close(port);
}

static void wrong_reply_kinds(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, token_child, port), 0);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(answer_frame(), -EINVAL);
    CHECK_EQUAL(answer_divert(DIVERT_SERVER, 0), -EINVAL);
    CHECK_EQUAL(answer(17, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(answer_value(0), 0);
    child_destroy(&child);
    handle_close(port);
}

static void handle_child(void)
{
    struct message *out = &message_page->out, *in = &message_page->in;
    long port = port_create(CHILD_PORT + 1);                    // the quota it was given
    long closed = handle_duplicate((handle_t)port, RIGHT_SEND); // without RIGHT_TRANSFER
    *out = (struct message){ .number = 1, .handles = { (handle_t)port, 9999, (handle_t)closed, 0 } };
    KCALL1(call, CHILD_PORT);
    handle_t got = in->handles[0];
    long type = KCALL1(handle_info, got);
    child_exit(type);
}

static void handles_travel_both_ways(void)
{
    struct child child;
    handle_t port = new_port();
    CHECK_EQUAL(child_create(&child, handle_child, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, ROOT_QUOTA, RIGHT_ALL), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    handle_t got = message_page->in.handles[0];
    CHECK(got != 0);
    CHECK_EQUAL(message_page->in.handles[1], 0);
    CHECK_EQUAL(message_page->in.handles[2], 0);
    CHECK_EQUAL(message_page->in.handles[3], 0);
    token_t token = message_page->in.token;
    CHECK_EQUAL(KCALL1(handle_info, got), HANDLE_PORT);
    CHECK_EQUAL(message_page->result[0], RIGHT_ALL);
    handle_close(got);
    message_page->out = (struct message){ .token = token, .handles = { ROOT_QUOTA } };
    CHECK_EQUAL(reply(), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], HANDLE_QUOTA);
    child_destroy(&child);
    handle_close(port);
}

static void call_10(void) { child_call(10, 0, 0); }

static void call_20(void) { child_call(20, 0, 0); }

static void call_30(void) { child_call(30, 0, 0); }

static void urgent_callers_come_first(void)
{
    static void (*const works[])(void) = { call_20, call_10, call_30, call_20 };
    static const unsigned priorities[] = { 20, 10, 30, 20 };
    struct child children[4];
    handle_t port = new_port();
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(child_create(&children[i], works[i], port), 0);
        CHECK_EQUAL(task_set_schedule(children[i].task, SCHEDULE_FIXED, priorities[i]), 0);
        CHECK_EQUAL(child_start(&children[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        CHECK(child_reaches(&children[i], STATE_CALLING));
    child_destroy(&children[3]); // and one is taken back
    for (unsigned long number = 30; number >= 10; number -= 10) {
        CHECK_EQUAL(next_message(port), MESSAGE_CALL);
        CHECK_EQUAL(message_page->in.number, number);
    }
    CHECK_EQUAL(receive(port, 0), -ETIMEDOUT);
    for (unsigned i = 0; i < 3; i++)
        child_destroy(&children[i]);
    handle_close(port);
}

static void call_elsewhere(void)
{
    message_page->out = (struct message){ .number = 1 };
    KCALL1(call, CHILD_PORT + 1);
}

// The owner is not told what it did itself; other receivers are.
static void callers_death_is_told(void)
{
    struct child child;
    handle_t port = new_port(), service = new_port();
    CHECK_EQUAL(child_create(&child, call_elsewhere, port), 0);
    CHECK_EQUAL(KCALL3(space_give, child.space, service, RIGHT_SEND), CHILD_PORT + 1);
    CHECK_EQUAL(child_start(&child), 0);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL);
    token_t token = message_page->in.token;
    child_destroy(&child);
    message_page->out = (struct message){ .token = token };
    CHECK_EQUAL(reply(), -ESRCH);
    CHECK_EQUAL(next_message(service), MESSAGE_ENDED);
    CHECK(message_page->in.token == token);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT);
    handle_close(service);
    handle_close(port);
}

// A server that receives one call on the handle after CHILD_PORT, tells its parent and dies before its answer.
static void mortal_server(void)
{
    receive(CHILD_PORT + 1, NO_DEADLINE);
    if (message_page->in.number == 2)
        commit(message_page->in.token);
    child_exit((long)message_page->in.number);
}

static void client_uncommitted(void)
{
    message_page->out = (struct message){ .number = 1 };
    child_exit(KCALL1(call, CHILD_PORT + 1));
}

static void client_committed(void)
{
    message_page->out = (struct message){ .number = 2 };
    child_exit(KCALL1(call, CHILD_PORT + 1));
}

static bool start_pair(struct child *server, struct child *client, void (*work)(void), handle_t port,
                       handle_t service)
{
    if (child_create(server, mortal_server, port) < 0 || child_create(client, work, port) < 0)
        return false;
    if (KCALL3(space_give, server->space, service, RIGHT_RECEIVE) != CHILD_PORT + 1)
        return false;
    if (KCALL3(space_give, client->space, service, RIGHT_SEND) != CHILD_PORT + 1)
        return false;
    return child_start(server) == 0 && child_start(client) == 0;
}

static void uncommitted_call_survives_its_server(void)
{
    struct child server, client;
    handle_t port = new_port(), service = new_port();
    CHECK(start_pair(&server, &client, client_uncommitted, port, service));
    CHECK_EQUAL(next_message(port), MESSAGE_CALL); // the server has it
    CHECK_EQUAL(message_page->in.args[0], 1);
    child_destroy(&server);
    CHECK_EQUAL(next_message(service), MESSAGE_CALL); // we are the next instance
    CHECK_EQUAL(message_page->in.number, 1);
    CHECK_EQUAL(answer_value(33), 0);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], 33);
    child_destroy(&client);
    handle_close(service);
    handle_close(port);
}

static void committed_call_fails_with_its_server(void)
{
    struct child server, client;
    handle_t port = new_port(), service = new_port();
    CHECK(start_pair(&server, &client, client_committed, port, service));
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL(message_page->in.args[0], 2);
    child_destroy(&server);
    CHECK_EQUAL(next_message(port), MESSAGE_CALL);
    CHECK_EQUAL((long)message_page->in.args[0], -EIO);
    CHECK_EQUAL(receive(service, 0), -ETIMEDOUT);
    child_destroy(&client);
    handle_close(service);
    handle_close(port);
}

static void echo_server(void)
{
    message_page->wide[0] = NO_DEADLINE;
    KCALL1(receive, CHILD_PORT + 1);
    for (;;) {
        message_page->out =
            (struct message){ .token = message_page->in.token, .value = (long)message_page->in.args[0] + 1 };
        message_page->wide[0] = NO_DEADLINE;
        KCALL1(reply_receive, CHILD_PORT + 1);
    }
}

static void reply_receive_serves(void)
{
    struct child server;
    handle_t port = new_port(), service = new_port();
    CHECK_EQUAL(child_create(&server, echo_server, port), 0);
    CHECK_EQUAL(KCALL3(space_give, server.space, service, RIGHT_RECEIVE), CHILD_PORT + 1);
    CHECK_EQUAL(task_set_schedule(server.task, SCHEDULE_FIXED, 50), 0);
    CHECK_EQUAL(child_start(&server), 0);
    for (unsigned long i = 0; i < 100; i++) {
        message_page->out = (struct message){ .args = { i } };
        CHECK_EQUAL(KCALL1(call, service), i + 1);
    }
    child_destroy(&server);
    handle_close(service);
    handle_close(port);
}

const struct test call_tests[] = {
    { "call/words_travel_both_ways", words_travel_both_ways },
    { "call/tokens_go_stale", tokens_go_stale },
    { "call/wrong_reply_kinds", wrong_reply_kinds },
    { "call/handles_travel_both_ways", handles_travel_both_ways },
    { "call/urgent_callers_come_first", urgent_callers_come_first },
    { "call/callers_death_is_told", callers_death_is_told },
    { "call/uncommitted_call_survives_its_server", uncommitted_call_survives_its_server },
    { "call/committed_call_fails_with_its_server", committed_call_fails_with_its_server },
    { "call/reply_receive_serves", reply_receive_serves },
    { 0 },
};
