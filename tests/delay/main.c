// SPDX-License-Identifier: MIT
// The delaying server's loop: a list of what is held, by the time it is due, and the seeded sequence.
#include "delay.h"

#include <string.h>

#define LONGEST_SHORT 30000u // ns; with counted instructions one is one instruction
#define LONGEST_LONG 400000u

static struct list held_list = { &held_list, &held_list };
static uint64_t state;
handle_t vfs, pm;

// SplitMix64
uint32_t chance(uint32_t below)
{
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)(z >> 33) % below;
}

// Half of all go on at once, so that what is delayed meets what is not.
uint64_t delay_length(void)
{
    switch (chance(8)) {
    case 0: return chance(LONGEST_LONG);
    case 1:
    case 2:
    case 3: return chance(LONGEST_SHORT);
    default: return 0;
    }
}

void held_init(struct held *held, void (*fire)(struct held *held))
{
    list_init(&held->link);
    held->fire = fire;
}

void hold_until(struct held *held, uint64_t due)
{
    struct list *place = held_list.previous;
    held->due = due;
    list_remove(&held->link);
    while (place != &held_list && container_of(place, struct held, link)->due > due)
        place = place->previous;
    list_insert(place->next, &held->link);
}

void hold(struct held *held) { hold_until(held, clock_monotonic() + delay_length()); }

void held_drop(struct held *held) { list_remove(&held->link); }

static uint64_t deadline(void)
{
    return list_empty(&held_list) ? NO_DEADLINE : list_first(&held_list, struct held, link)->due;
}

// One at a time: what a message changes comes before what is due later.
static void expired(void)
{
    if (list_empty(&held_list))
        return;
    struct held *held = list_first(&held_list, struct held, link);
    if (held->due > clock_monotonic())
        return;
    list_remove(&held->link);
    held->fire(held);
}

static void cancelled(const struct message *message) { trap_cancelled(message->token); }

static void ended(const struct message *message) { trap_ended(message->token); }

int main(void)
{
    static const struct server_handlers handlers = {
        .call = relay_call,
        .trap = trap_begin,
        .cancelled = cancelled,
        .ended = ended,
        .deadline = deadline,
        .expired = expired,
    };
    char seed[24] = "1";
    command_line_word("delay", seed, sizeof(seed));
    state = strtoul(seed, NULL, 0);
    vfs = start_handle("vfs");
    pm = start_handle("pm");
    traps_init();
    server_loop(&handlers);
}
