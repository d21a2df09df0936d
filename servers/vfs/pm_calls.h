// SPDX-License-Identifier: MIT
// What pm asks (protocol_pm_vfs.h), and asking pm.
#pragma once

#include <abi/message.h>
#include <stdbool.h>

struct client;

void pm_call(const struct message *message); // MESSAGE_CALL

// To pm. pm_ask waits on a fiber: -EFIBER if there is none. message is filled in but for `number`.
handle_t pm_port(void);
long pm_ask(unsigned long number, struct message *message);
// Tells pm, in order; lost only if there is no memory. Never waits. Calls are answered when pm has heard it.
void pm_tell(const struct message *message);
int pm_tell_init(void);
bool pm_hold_answer(struct client *client,
                    long result); // true: client_answer will be called when pm has heard
