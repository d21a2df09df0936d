// SPDX-License-Identifier: MIT
// What travels with traps and their answers: memory that a route carries, data and registers that an answer takes
// along; and the clock, which the kernel tells by itself.
#include "test.h"
#include <string.h>

static void put_answer(token_t token, unsigned kind, unsigned flags, unsigned long address, size_t length)
{
    message_page->out = (struct message){
        .token = token, .kind = kind, .flags = flags, .value = 33, .args = { address, length }
    };
}

// --- with the trap

static void carry_child(void)
{
    static unsigned long words[3];
    for (unsigned i = 0; i < 3; i++)
        words[i] = i + 10;
    tell((long)words, 0);
    tell(8, 0);
    tell((long)words, 0);
    ask();
    for (;;)
        ;
}

static void route_carries_memory(void)
{
    struct speaker speaker;
    const struct message *in = &message_page->in;
    static const unsigned long words[3] = { 10, 11, 12 };
    CHECK(speaker_create(&speaker, carry_child, 0));
    handle_t other = new_port();
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_TELL, 0, sizeof words), 0);
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_ASK, MESSAGE_WORDS, 32), 0); // from the stack pointer
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->value, sizeof words);
    CHECK(memcmp(message_page->carried, words, sizeof words) == 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->args[0], 8); // where nothing is
    CHECK_EQUAL(in->value, 0);
    CHECK_EQUAL(answer_value(0), 0);
    // A trap that had to wait comes without.
    CHECK_EQUAL(receive(other, clock_monotonic() + 20000000), -ETIMEDOUT);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->value, 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->number, TRAP_ASK);
    CHECK_EQUAL(in->value, 32);
    handle_close(other);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void carrying_route_is_checked(void)
{
    struct speaker speaker;
    CHECK(speaker_create(&speaker, carry_child, 0));
    CHECK_EQUAL(routes_carry(speaker.routes, TRAPS + 1, 0, 8), -EINVAL);
    CHECK_EQUAL(routes_carry(speaker.routes, 0, 0, 8), -EINVAL); // no port
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_TELL, MESSAGE_WORDS + 1, 8), -EINVAL);
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_TELL, 0, MESSAGE_CARRIED + 1), -EINVAL);
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_TELL, 0, MESSAGE_CARRIED), 0);
    CHECK_EQUAL(routes_carry(speaker.routes, TRAP_TELL, 0, 0), 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// --- with the answer

static void data_child(void)
{
    static volatile unsigned long words[2];
    static volatile char fresh[3 * PAGE_SIZE];
    long got = trap6(TRAP_ASK, (long)words, 0, 0, 0, 0, 0);
    tell((long)words[0], (long)words[1]);
    tell(got, (long)(fresh + PAGE_SIZE));
    tell(fresh[PAGE_SIZE], 0);
    for (;;)
        ;
}

static void answer_takes_data(void)
{
    struct speaker speaker;
    const struct message *in = &message_page->in;
    static const unsigned long words[2] = { 11, 22 };
    CHECK(speaker_start(&speaker, data_child, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    token_t token = in->token;
    unsigned long address = in->args[0];
    memcpy(message_page->data, words, sizeof words);
    put_answer(token, REPLY_VALUE, REPLY_DATA, address, MESSAGE_DATA + 1);
    CHECK_EQUAL(reply(), -EINVAL);
    put_answer(token, REPLY_DIVERT, REPLY_DATA, address, sizeof words);
    CHECK_EQUAL(reply(), -EINVAL);
    put_answer(token, REPLY_VALUE, REPLY_DATA, 8, sizeof words);
    CHECK_EQUAL(reply(), -EFAULT);
    put_answer(token, REPLY_VALUE, REPLY_DATA, USER_END - 8, sizeof words);
    CHECK_EQUAL(reply(), -EFAULT);
    put_answer(token, REPLY_VALUE, REPLY_DATA, 8, sizeof words);
    message_page->wide[0] = clock_monotonic() + 1000000000;
    CHECK_EQUAL(KCALL1(reply_receive, speaker.port), -EFAULT); // and has received nothing
    put_answer(token, REPLY_VALUE, REPLY_DATA, address, sizeof words);
    CHECK_EQUAL(KCALL1(reply_receive, speaker.port), 0);
    CHECK_EQUAL(in->args[0], 11);
    CHECK_EQUAL(in->args[1], 22);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->args[0], 33);
    // Into a page that is not there yet.
    *(char *)message_page->data = 44;
    put_answer(in->token, REPLY_VALUE, REPLY_DATA, in->args[1], 1);
    message_page->wide[0] = clock_monotonic() + 1000000000;
    CHECK_EQUAL(KCALL1(reply_receive, speaker.port), 0);
    CHECK_EQUAL(in->args[0], 44);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void state_child(void)
{
    for (long got = 0;;)
        got = trap6(TRAP_ASK, got, 0, 0, 0, 0, 0);
}

// As trap/frame_reply_keeps_the_frame, but the frame comes with the answer: by both ways through the kernel.
static void answer_takes_registers(void)
{
    struct speaker speaker;
    const struct message *in = &message_page->in;
    struct user_frame frame, same;
    CHECK_EQUAL(task_read_state(ROOT_TASK), -EBUSY);
    CHECK(speaker_start(&speaker, state_child, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK(task_read_state(speaker.child.task) > 0);
    memcpy(&frame, message_page->frame, sizeof frame);
    CHECK_EQUAL(task_read_frame(speaker.child.task, &same), 0);
    CHECK(memcmp(&frame, &same, sizeof frame) == 0);
    for (unsigned way = 0; way < 2; way++) {
        CHECK_EQUAL(answer_value(5150), 0);
        CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
        CHECK_EQUAL(in->args[0], 5150);
        memcpy(message_page->frame, &frame, sizeof frame);
        put_answer(in->token, REPLY_VALUE, REPLY_STATE, 0, 0);
        CHECK_EQUAL(reply(), -EINVAL);
        put_answer(in->token, REPLY_FRAME, REPLY_STATE, 0, 0);
        message_page->out.args[2] = sizeof message_page->fpu + 1;
        CHECK_EQUAL(reply(), -EINVAL);
        message_page->out.args[2] = 0;
        message_page->wide[0] = clock_monotonic() + 1000000000;
        CHECK_EQUAL(way ? KCALL1(reply_receive, speaker.port) : reply(), 0);
        if (!way)
            CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
        CHECK(in->args[0] != 5150);
    }
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// Somebody else to whom the owner forwarded a trap may store data, but not change registers.
static void registers_are_the_owners(void)
{
    struct speaker speaker;
    handle_t second = new_port();
    CHECK(speaker_start(&speaker, state_child, 0));
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK(task_read_state(speaker.child.task) > 0);
    CHECK_EQUAL(forward(message_page->in.token, second, 1), 0);
    CHECK_EQUAL(next_message(second), MESSAGE_TRAP);
    put_answer(message_page->in.token, REPLY_FRAME, REPLY_STATE, 0, 0);
    CHECK_EQUAL(reply(), -EPERM);
    message_page->wide[0] = clock_monotonic() + 20000000;
    CHECK_EQUAL(KCALL1(reply_receive, second), -ETIMEDOUT); // which ignores what else is wrong with an answer
    CHECK_EQUAL(answer_value(0), 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
    handle_close(second);
}

// --- the clock

static void clock_child(void)
{
    static uint64_t time[2], wall[2];
    time[0] = wall[0] = 1; // the page must be there
    long got = trap6(TRAP_ASK, 1, (long)time, 0, 0, 0, 0);
    long got_wall = trap6(TRAP_ASK, 2, (long)wall, 0, 0, 0, 0);
    tell(got | got_wall, time[1] < 1000000000 && wall[1] < 1000000000);
    tell((long)time[0], (long)wall[0]);
    trap6(TRAP_ASK, 3, (long)time, 0, 0, 0, 0);
    trap6(TRAP_ASK, 1, 8, 0, 0, 0, 0);
    for (;;)
        ;
}

static void route_tells_the_time(void)
{
    struct speaker speaker;
    const struct message *in = &message_page->in;
    uint64_t now = clock_monotonic() / 1000000000, wall = clock_realtime() / 1000000000;
    CHECK(speaker_create(&speaker, clock_child, 0));
    CHECK_EQUAL(routes_clock(speaker.routes, TRAP_ASK, 1u << 1, 1u << 2), 0);
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->number, TRAP_TELL); // it was told the time before
    CHECK_EQUAL(in->args[0], 0);
    CHECK_EQUAL(in->args[1], 1);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK(in->args[0] - (unsigned long)now <= 60);
    CHECK(in->args[1] - (unsigned long)wall <= 60);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->args[0], 3); // another clock
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(in->args[1], 8); // where it cannot be stored
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void clock_route_is_checked(void)
{
    struct speaker speaker;
    CHECK(speaker_create(&speaker, clock_child, 0));
    CHECK_EQUAL(routes_clock(speaker.routes, TRAPS + 1, 2, 4), -EINVAL);
    CHECK_EQUAL(routes_clock(speaker.routes, 0, 2, 4), -EINVAL); // no port
    CHECK_EQUAL(routes_clock(speaker.routes, TRAP_ASK, 6, 4), -EINVAL);
    CHECK_EQUAL(routes_clock(speaker.routes, TRAP_ASK, 1u << 16, 0), -EINVAL);
    CHECK_EQUAL(routes_clock(speaker.routes, TRAP_ASK, 2, 4), 0);
    CHECK_EQUAL(routes_clock(speaker.routes, TRAP_ASK, 0, 0), 0);
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.number, TRAP_ASK);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

const struct test travel_tests[] = {
    { "travel/route_carries_memory", route_carries_memory },
    { "travel/carrying_route_is_checked", carrying_route_is_checked },
    { "travel/answer_takes_data", answer_takes_data },
    { "travel/answer_takes_registers", answer_takes_registers },
    { "travel/registers_are_the_owners", registers_are_the_owners },
    { "travel/route_tells_the_time", route_tells_the_time },
    { "travel/clock_route_is_checked", clock_route_is_checked },
    { 0 },
};
