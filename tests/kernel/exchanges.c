// SPDX-License-Identifier: MIT
// Records that a server lends to a task: what the kernel exchanges by itself, and what it leaves to the server.
#include "test.h"
#include <string.h>

#define LENGTH 8
#define SERVERS 99 // the server's answer

struct attempt {
    long what, new, old, length;
    bool by_kernel;
};

enum { NEW = 1, OLD, NOWHERE, ODD }; // places in the child, for `new` and `old`

static const struct attempt *attempts; // the child's copy of the pointer and of what it points to
static const unsigned long *values;    // two words that it passes in each attempt

static long place(long which, unsigned long *new, unsigned long *old)
{
    switch (which) {
    case NEW: return (long)new;
    case OLD: return (long)old;
    case NOWHERE: return 8;
    case ODD: return (long)old + 1;
    default: return 0;
    }
}

static void exchanging_child(void)
{
    static unsigned long new[2], old[3];
    for (unsigned i = 0;; i++) {
        const struct attempt *attempt = &attempts[i];
        new[0] = values[2 * i];
        new[1] = values[2 * i + 1];
        old[0] = old[1] = 0;
        long got = trap6(TRAP_ASK, attempt->what, place(attempt->new, new, old),
                         place(attempt->old, new, old), attempt->length, 0, 0);
        tell(got, (long)(old[0] << 8 | old[1]));
    }
}

static struct {
    struct lent lent;
    unsigned long records[3][2];
} block;

// The child is not started yet.
static bool prepare(struct speaker *speaker, const struct attempt *with, const unsigned long *words,
                    enum exchange_kind kind, const struct exchange *exchange)
{
    attempts = with;
    values = words;
    if (!speaker_create(speaker, exchanging_child, 0))
        return false;
    memset(&block, 0, sizeof block); // after the child's space was copied from this one
    return task_lend(speaker->child.task, 1, &block.lent) == 0 &&
           routes_exchange(speaker->routes, TRAP_ASK, 1, kind, exchange) == 0;
}

// Lets the child make one attempt. -> its first two words for the old record, or -1 if that went another way
static long outcome(struct speaker *speaker, const struct attempt *attempt)
{
    const struct message *in = &message_page->in;
    if (next_message(speaker->port) != MESSAGE_TRAP)
        return -1;
    if (!attempt->by_kernel) {
        if (in->number != TRAP_ASK || answer_value(SERVERS) < 0 ||
            next_message(speaker->port) != MESSAGE_TRAP)
            return -1;
    }
    if (in->number != TRAP_TELL || in->args[0] != (attempt->by_kernel ? 0 : SERVERS))
        return -1;
    return (long)in->args[1];
}

static const struct exchange record_exchange = {
    .length = LENGTH, .records = 3, .words = 2, .least = 5, .allowed = { ~0ul, 0xff }
};

static void records_are_exchanged(void)
{
    static const struct attempt tries[] = {
        { 2, NEW, OLD, LENGTH, true }, { 2, 0, OLD, LENGTH, true }, { 2, NEW, 0, LENGTH, true },
        { 2, NEW, NEW, LENGTH, true }, { 3, NEW, 0, LENGTH, true },
    };
    static const unsigned long words[] = { 10, 15, 0, 0, 11, 16, 12, 17, 5, 0xff };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_RECORD, &record_exchange));
    block.records[1][0] = 7;
    block.records[1][1] = 3;
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[0]), 7 << 8 | 3);
    CHECK_EQUAL(block.records[1][0], 10);
    CHECK_EQUAL(block.records[1][1], 15);
    CHECK_EQUAL((long)block.lent.changed, 2);
    block.lent.changed = 0;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[1]), 10 << 8 | 15);
    CHECK_EQUAL((long)block.lent.changed, 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[2]), 0);
    CHECK_EQUAL(block.records[1][0], 11);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[3]), 0); // the new one's place is the old one's, too
    CHECK_EQUAL(block.records[1][0], 12);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[4]), 0);
    CHECK_EQUAL(block.records[2][0], 5);
    CHECK_EQUAL(block.records[2][1], 0xff);
    CHECK_EQUAL((long)block.lent.changed, 6);
    CHECK_EQUAL(block.records[0][0] | block.records[0][1], 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void rest_is_the_servers(void)
{
    static const struct attempt tries[] = {
        { 2, NEW, OLD, LENGTH + 1, false }, // another length
        { 0, NEW, OLD, LENGTH, false },     // no such records
        { 4, NEW, OLD, LENGTH, false },     { -1, NEW, OLD, LENGTH, false },
        { 1, NEW, OLD, LENGTH, false },                                         // closed
        { 1, 0, OLD, LENGTH, false },       { 2, NOWHERE, OLD, LENGTH, false }, // out of reach
        { 2, NEW, NOWHERE, LENGTH, false }, { 2, NEW, ODD, LENGTH, false },
        { 2, NEW, OLD, LENGTH, false }, // less than the least
        { 2, NEW, OLD, LENGTH, false }, // a bit that is not allowed
    };
    static const unsigned long words[] = { 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9,
                                           1, 9, 1, 9, 1, 9, 1, 4, 1, 9, 0x100 };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_RECORD, &record_exchange));
    block.lent.closed = 1;
    CHECK_EQUAL(child_start(&speaker.child), 0);
    for (unsigned i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        CHECK_EQUAL(outcome(&speaker, &tries[i]), 0);
        CHECK_EQUAL(answer_value(0), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQUAL(block.records[i][0] | block.records[i][1], 0);
    CHECK_EQUAL((long)block.lent.changed, 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void sets_are_combined(void)
{
    static const struct attempt tries[] = {
        { 0, NEW, OLD, LENGTH, true },  { 1, NEW, OLD, LENGTH, true },
        { 2, NEW, OLD, LENGTH, true },  { 77, 0, OLD, LENGTH, true }, // nothing is done to it
        { 3, NEW, OLD, LENGTH, false },
    };
    static const unsigned long words[] = { 0x3c, ~0ul, 0x0f, 1, 0xc0, 2, 0, 0, 1, 1 };
    static const struct exchange exchange = {
        .length = LENGTH, .records = 1, .words = 2, .allowed = { 0x7f, 0x0f }
    };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_SET, &exchange));
    block.records[0][0] = 1;
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[0]), 1 << 8);
    CHECK_EQUAL(block.records[0][0], 0x3d);
    CHECK_EQUAL(block.records[0][1], 0x0f);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[1]), 0x3d << 8 | 0x0f);
    CHECK_EQUAL(block.records[0][0], 0x30);
    CHECK_EQUAL(block.records[0][1], 0x0e);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[2]), 0x30 << 8 | 0x0e);
    CHECK_EQUAL(block.records[0][0], 0x40);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[3]), 0x40 << 8 | 2);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[4]), 0);
    CHECK_EQUAL(block.records[0][0], 0x40);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// The child's arguments are (what, address of the new one), which is odd enough for a word and its length.
static void words_are_kept(void)
{
    static const struct attempt tries[] = { { 5, NOWHERE, 0, 0, true },
                                            { 6, OLD, 0, 0, false },
                                            { 7, NOWHERE, 0, 0, false } };
    static const unsigned long words[6];
    static const struct exchange exchange = { .length = 8, .word = 3, .constant = TASK_CONSTANTS };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_WORD, &exchange));
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[0]), 0);
    CHECK_EQUAL(block.records[1][1], 5);
    CHECK_EQUAL((long)block.lent.changed, 8);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[1]), 0); // another length
    block.lent.closed = 8;
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[2]), 0);
    CHECK_EQUAL(block.records[1][1], 5);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

// Without a length, and with one of the task's constants as the answer.
static void words_are_answered_with_a_constant(void)
{
    static const struct attempt tries[] = { { 5, NEW, 0, 0, true } };
    static const unsigned long words[2];
    static const struct exchange exchange = { .word = 0, .constant = 3 };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_WORD, &exchange));
    CHECK_EQUAL(task_set_constant(speaker.child.task, 3, 1234), 0);
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(next_message(speaker.port), MESSAGE_TRAP);
    CHECK_EQUAL(message_page->in.number, TRAP_TELL);
    CHECK_EQUAL(message_page->in.args[0], 1234);
    CHECK_EQUAL(block.records[0][0], 5);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void block_ends_with_its_page(void)
{
    static _Alignas(PAGE_SIZE) char pages[2 * PAGE_SIZE];
    static const struct attempt tries[] = { { 1, NEW, 0, LENGTH, true }, { 2, NEW, 0, LENGTH, false } };
    static const unsigned long words[] = { 9, 1, 9, 1 };
    struct lent *lent = (struct lent *)(pages + PAGE_SIZE - sizeof *lent - 2 * sizeof(unsigned long));
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_RECORD, &record_exchange));
    memset(pages, 0, sizeof pages);
    CHECK_EQUAL(task_lend(speaker.child.task, 1, lent), 0); // in place of the other
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[0]), 0);
    CHECK_EQUAL(*(unsigned long *)(lent + 1), 9);
    CHECK_EQUAL((long)block.lent.changed, 0);
    CHECK_EQUAL(answer_value(0), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[1]), 0);
    CHECK_EQUAL(pages[PAGE_SIZE], 0);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

static void lending_is_checked(void)
{
    static const struct attempt tries[] = { { 2, NEW, 0, LENGTH, false } };
    static const unsigned long words[] = { 9, 1 };
    struct speaker speaker;
    CHECK(prepare(&speaker, tries, words, EXCHANGE_RECORD, &record_exchange));
    handle_t task = speaker.child.task;
    CHECK_EQUAL(task_lend(task, TASK_LENT, &block.lent), -EINVAL);
    CHECK_EQUAL(task_lend(task, 1, (struct lent *)((char *)&block + 1)), -EFAULT);
    CHECK_EQUAL(task_lend(task, 1, (struct lent *)8), -EFAULT);
    CHECK_EQUAL(task_lend(task, 1, (struct lent *)USER_END), -EFAULT);
    CHECK_EQUAL(task_lend(task, 1, NULL), 0);
    CHECK_EQUAL(child_start(&speaker.child), 0);
    CHECK_EQUAL(outcome(&speaker, &tries[0]), 0); // nothing is lent any more
    struct exchange exchange = record_exchange;
    CHECK_EQUAL(routes_exchange(speaker.routes, 0, 1, EXCHANGE_RECORD, &exchange), -EINVAL); // no port
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAPS + 1, 1, EXCHANGE_RECORD, &exchange), -EINVAL);
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAP_TELL, TASK_LENT, EXCHANGE_RECORD, &exchange), -EINVAL);
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAP_TELL, 1, EXCHANGE_WORD + 1, &exchange), -EINVAL);
    exchange.words = EXCHANGE_WORDS + 1;
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAP_TELL, 1, EXCHANGE_RECORD, &exchange), -EINVAL);
    exchange = record_exchange;
    exchange.records = 65;
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAP_TELL, 1, EXCHANGE_RECORD, &exchange), -EINVAL);
    exchange.word = 64;
    CHECK_EQUAL(routes_exchange(speaker.routes, TRAP_TELL, 1, EXCHANGE_WORD, &exchange), -EINVAL);
    speaker_end(&speaker);
    handle_close(speaker.port);
}

const struct test exchange_tests[] = {
    { "exchange/records_are_exchanged", records_are_exchanged },
    { "exchange/rest_is_the_servers", rest_is_the_servers },
    { "exchange/sets_are_combined", sets_are_combined },
    { "exchange/words_are_kept", words_are_kept },
    { "exchange/words_are_answered_with_a_constant", words_are_answered_with_a_constant },
    { "exchange/block_ends_with_its_page", block_ends_with_its_page },
    { "exchange/lending_is_checked", lending_is_checked },
    { 0 },
};
