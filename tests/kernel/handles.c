// SPDX-License-Identifier: MIT
// Handles and badges.
#include "test.h"

static void duplicate_and_close(void)
{
    handle_t port = new_port();
    long copy = handle_duplicate(port, RIGHT_SEND | RIGHT_TRANSFER);
    CHECK(copy > 0 && (handle_t)copy != port);
    CHECK_EQUAL(KCALL1(handle_info, copy), HANDLE_PORT);
    CHECK_EQUAL(message_page->result[0], RIGHT_SEND | RIGHT_TRANSFER);
    uint64_t identity = message_page->result[2];
    CHECK_EQUAL(KCALL1(handle_info, port), HANDLE_PORT);
    CHECK(message_page->result[2] == identity);
    CHECK_EQUAL(handle_close((handle_t)copy), 0);
    CHECK_EQUAL(handle_close((handle_t)copy), -EBADF);
    CHECK_EQUAL(KCALL1(handle_info, copy), -EBADF);
    CHECK_EQUAL(handle_close(port), 0);
}

static void bad_handles(void)
{
    CHECK_EQUAL(handle_close(0), -EBADF);
    CHECK_EQUAL(handle_close(4000000000u), -EBADF);
    CHECK_EQUAL(handle_duplicate(0, RIGHT_ALL), -EBADF);
    CHECK_EQUAL(KCALL1(handle_info, 12345), -EBADF);
}

static void table_grows(void)
{
    handle_t handles[100];
    for (unsigned i = 0; i < 100; i++) {
        long got = handle_duplicate(ROOT_QUOTA, RIGHT_ALL);
        CHECK(got > 0);
        handles[i] = (handle_t)got;
    }
    for (unsigned i = 0; i < 100; i++)
        for (unsigned j = 0; j < i; j++)
            CHECK(handles[i] != handles[j]);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQUAL(handle_close(handles[i]), 0);
}

static void duplicate_never_adds_rights(void)
{
    long weak = handle_duplicate(ROOT_QUOTA, RIGHT_READ);
    long copy = handle_duplicate((handle_t)weak, RIGHT_ALL);
    CHECK_EQUAL(KCALL1(handle_info, copy), HANDLE_QUOTA);
    CHECK_EQUAL(message_page->result[0], RIGHT_READ);
    handle_close((handle_t)weak);
    handle_close((handle_t)copy);
}

static void badge_labels(void)
{
    handle_t port = new_port();
    long door = port_badge(port, 123, RIGHT_SEND, false);
    CHECK(door > 0);
    CHECK_EQUAL(KCALL1(handle_info, door), HANDLE_PORT);
    CHECK_EQUAL(message_page->result[1], 123);
    CHECK_EQUAL(port_badge(port, 1, RIGHT_RECEIVE, false), -EINVAL);
    CHECK_EQUAL(port_badge((handle_t)door, 1, RIGHT_SEND, false), -EPERM);
    handle_close((handle_t)door);
    handle_close(port);
}

static void badge_gone_is_reported_once(void)
{
    handle_t port = new_port();
    long a = port_badge(port, 5, RIGHT_SEND, true);
    long b = handle_duplicate((handle_t)a, RIGHT_ALL);
    long quiet = port_badge(port, 6, RIGHT_SEND, false);
    handle_close((handle_t)quiet);
    handle_close((handle_t)a);
    CHECK_EQUAL(receive(port, 0), -ETIMEDOUT);
    handle_close((handle_t)b);
    CHECK_EQUAL(receive(port, 0), 0);
    CHECK_EQUAL(message_page->in.kind, MESSAGE_BADGE_GONE);
    CHECK_EQUAL(message_page->in.label, 5);
    CHECK_EQUAL(receive(port, 0), -ETIMEDOUT);
    handle_close(port);
}

static void revoked_badge_is_dead(void)
{
    handle_t port = new_port();
    long old = port_badge(port, 9, RIGHT_SEND, false), other = port_badge(port, 10, RIGHT_SEND, false);
    CHECK_EQUAL(notify((handle_t)old, 1), 0);
    CHECK_EQUAL(port_revoke(port, 9), 0);
    CHECK_EQUAL(port_revoke(port, 9), -ENOENT);
    CHECK_EQUAL(notify((handle_t)old, 2), -EPIPE);
    CHECK_EQUAL(KCALL1(call, old), -EPIPE);
    CHECK_EQUAL(notify((handle_t)other, 4), 0);
    long again = port_badge(port, 9, RIGHT_SEND, false);
    CHECK_EQUAL(notify((handle_t)again, 8), 0);
    CHECK_EQUAL(receive(port, 0), 0);
    CHECK_EQUAL(message_page->in.number, 1 | 4 | 8);
    handle_close((handle_t)old);
    handle_close((handle_t)other);
    handle_close((handle_t)again);
    handle_close(port);
}

const struct test handle_tests[] = {
    { "handle/duplicate_and_close", duplicate_and_close },
    { "handle/bad_handles", bad_handles },
    { "handle/table_grows", table_grows },
    { "handle/duplicate_never_adds_rights", duplicate_never_adds_rights },
    { "handle/badge_labels", badge_labels },
    { "handle/badge_gone_is_reported_once", badge_gone_is_reported_once },
    { "handle/revoked_badge_is_dead", revoked_badge_is_dead },
    { 0 },
};
