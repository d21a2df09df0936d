// SPDX-License-Identifier: MIT
// What the event loop and fibers share. Cookies of asynchronous calls are pointers; fibers tag theirs.
#pragma once

#include <server.h>

#define COOKIE_FIBER 1ul

void message_put(
    const struct message *message); // into `out`, to be sent at once, but an answer that waits first
void message_taken(void);           // after it: no handles stand there
void message_replaced(void);        // an answer stands where the message in hand did
void fiber_reply(unsigned long cookie, const struct message *reply); // the answer of a fiber's call is in
bool fibers_run_ready(void); // runs every fiber that was woken; -> whether there was one
