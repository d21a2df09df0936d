// SPDX-License-Identifier: MIT
// Calls that the kernel answers in a server's place, as its routes say: the time, and records that the server lent to
// the task. They are made so often, and answered so quickly, that a server's answer would cost three to six times as
// much: two switches, of which each empties what the CPU knows of the other's memory. What does not go straight on is
// left to the server.
#include <answer.h>
#include <arch.h>
#include <at_hand.h>
#include <clock.h>
#include <inline.h>
#include <string.h>

#define NS_PER_SECOND 1000000000u

bool answer_clock(struct task *task, const struct route *route)
{
    unsigned long which = arch_trap_arg(task, 0);
    if (which >= 16 || !((route->monotonic | route->wall) >> which & 1))
        return false;
    uint64_t ns = arch_clock() + (route->wall >> which & 1 ? clock_wall_offset() : 0);
    uint64_t time[2] = { ns / NS_PER_SECOND, ns % NS_PER_SECOND };
    char *to = at_hand(task->space, arch_trap_arg(task, 1), sizeof time, true);
    if (!to)
        return false;
    if (!copy_few(to, (const char *)time, sizeof time))
        memcpy(to, time, sizeof time);
    arch_set_result(task, 0);
    return true;
}

INLINE unsigned long *words_at_hand(const struct task *task, unsigned long address, size_t size, bool write)
{
    return address % sizeof(long) ? NULL : at_hand(task->space, address, size, write);
}

static void copy_words(unsigned long *to, const unsigned long *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        to[i] = from[i];
}

INLINE bool replace_record(const struct exchange *exchange, unsigned long *record, const unsigned long *new)
{
    for (unsigned i = 0; i < exchange->words; i++)
        if (new[i] & ~exchange->allowed[i])
            return false;
    if (new[0] < exchange->least)
        return false;
    copy_words(record, new, exchange->words);
    return true;
}

INLINE bool change_set(const struct exchange *exchange, unsigned long what, unsigned long *set,
                       const unsigned long *new)
{
    if (what > 2)
        return false;
    for (unsigned i = 0; i < exchange->words; i++) {
        unsigned long word = what == 0 ? set[i] | new[i] : what == 1 ? set[i] & ~new[i] : new[i];
        set[i] = word & exchange->allowed[i];
    }
    return true;
}

// The server may have it, or it does not all lie in the page that is lent.
static bool out_of_reach(const struct lent *lent, unsigned long index, size_t size)
{
    return lent->closed >> index & 1 ||
           ((uintptr_t)lent & ~PAGE_MASK) + sizeof *lent + (index + 1) * size > PAGE_SIZE;
}

static bool answer_word(struct task *task, const struct exchange *exchange, struct lent *lent)
{
    unsigned index = exchange->word;
    if ((exchange->length && arch_trap_arg(task, 1) != exchange->length) ||
        out_of_reach(lent, index, sizeof(long)))
        return false;
    ((unsigned long *)(lent + 1))[index] = arch_trap_arg(task, 0);
    lent->changed |= 1ull << index;
    arch_set_result(task, exchange->constant < TASK_CONSTANTS ? task->constants[exchange->constant] : 0);
    return true;
}

bool answer_exchange(struct task *task, const struct route *route)
{
    const struct exchange *exchange = &task->routes->exchanges[route->exchange];
    struct lent *lent = task->lent[exchange->slot];
    if (lent && exchange->kind == EXCHANGE_WORD)
        return answer_word(task, exchange, lent);
    unsigned long what = arch_trap_arg(task, 0), new = arch_trap_arg(task, 1), old = arch_trap_arg(task, 2);
    unsigned long index = exchange->kind == EXCHANGE_SET ? 0 : what - 1;
    size_t size = exchange->words * sizeof(long);
    if (!lent || arch_trap_arg(task, 3) != exchange->length || index >= exchange->records ||
        out_of_reach(lent, index, size))
        return false;
    unsigned long *record = (unsigned long *)((char *)(lent + 1) + index * size), before[EXCHANGE_WORDS];
    const unsigned long *from = new ? words_at_hand(task, new, size, false) : NULL;
    unsigned long *to = old ? words_at_hand(task, old, size, true) : NULL;
    if ((new && !from) || (old && !to))
        return false;
    if (to)
        copy_words(before, record, exchange->words);
    if (from) {
        if (!(exchange->kind == EXCHANGE_SET ? change_set(exchange, what, record, from)
                                             : replace_record(exchange, record, from)))
            return false;
        lent->changed |= 1ull << index;
    }
    if (to)
        copy_words(to, before, exchange->words);
    arch_set_result(task, 0);
    return true;
}
