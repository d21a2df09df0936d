// SPDX-License-Identifier: MIT
// Messages as they appear in a receiver's page.
#pragma once

#include <call.h>

// Delivers a call: it is open at `server` from now on, with a new token.
void message_deliver(struct call *call, struct task *server);
// Delivers what happened to a call. -> false if it concerns nobody here any more (dropped)
bool message_event(struct call *call, struct task *server);
void message_notify(struct task *server, unsigned long bits);
void message_badge_gone(struct task *server, unsigned long value);
// Duplicates handles of one space into another; those that may not travel or do not exist become 0.
void message_move_handles(struct space *from, const handle_t *source, struct space *to, handle_t *target);
