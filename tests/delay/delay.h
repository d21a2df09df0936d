// SPDX-License-Identifier: MIT
// The delaying server. pm and the routes of every Linux program reach vfs through it, and vfs reaches pm: it holds
// each call for a seeded time, passes it on, and holds the answer where that passes it too. It also answers reads
// and writes of descriptors from DELAY_DESCRIPTOR on itself, with counts that tell whether a call was lost or
// done twice. The boot word delay=N is the seed; with counted instructions a run is a function of it.
#pragma once

#include <server.h>
#include "descriptors.h"

struct held {
    struct list link; // by `due`
    uint64_t due;
    void (*fire)(struct held *held);
};
void held_init(struct held *held, void (*fire)(struct held *held));
void hold_until(struct held *held, uint64_t due);
void hold(struct held *held); // for a seeded time; fires from the loop, never from here
void held_drop(struct held *held);

uint32_t chance(uint32_t below); // a number of the seeded sequence
uint64_t delay_length(void);     // ns

// A trap in our hands, before it goes on or is answered. Found by its token when it is cancelled or ends.
struct trap {
    struct held held;
    struct list link;
    token_t token;
    unsigned long number, args[3];
    bool device;
    bool done; // device: its effect has happened, only the answer is missing
    long result;
};
void traps_init(void);
void trap_begin(const struct message *message);
void trap_cancelled(token_t token);
void trap_ended(token_t token);
void trap_free(struct trap *trap);
extern handle_t vfs, pm;
extern struct delay_report totals; // what is no counter's own

// device.c
bool device_takes(const struct message *message);
void device_begin(struct trap *trap);
void device_cancelled(struct trap *trap);

// relay.c: calls between pm and vfs
void relay_call(const struct message *message);
