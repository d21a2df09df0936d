// SPDX-License-Identifier: MIT
// vfs on the host: the kernel behind it is an array of memory objects, callers' memory is the test's own. A call's
// answer is found in `last_reply`.
#pragma once

#include <stdbool.h>
#include "../../servers/vfs/client.h"
#include "../../servers/vfs/file.h"

struct fake_reply {
    token_t token;
    bool answered;
    unsigned long divert; // 0: a plain value
    long value;
};
extern struct fake_reply last_reply;
extern uint64_t fake_time;           // ns; what both clocks say
extern size_t fake_pages_left;       // frames of the tmpfs quota
extern unsigned fake_memory_objects; // that exist
extern unsigned fake_blocks;         // of the heap, in use
extern long fake_pm_result;          // what pm answers
extern unsigned fake_starve;         // the n-th copy from now ends in its middle, for lack of frames; 0: none
extern bool fake_starving;           // it has, until memory is back

// pm says that there are frames again, and what waits is tried. -> false: nobody had asked
bool fake_memory_back(void);

void fake_start(void); // root file system, /dev; once
struct client *fake_client(struct client *parent, unsigned long flags);
// Makes a call as the kernel would deliver it. -> result; NO_REPLY if it was parked
long fake_call(struct client *client, call_handler *handler, unsigned long a, unsigned long b,
               unsigned long c, unsigned long d, unsigned long e, unsigned long f);
// Runs what was woken. -> true if the client's call has been answered, with last_reply set
bool fake_answered(struct client *client);

#define CALL(client, name, ...) CALL_(client, call_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(client, handler, a, b, c, d, e, f, ...)                                                        \
    fake_call(client, handler, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),                   \
              (unsigned long)(d), (unsigned long)(e), (unsigned long)(f))
