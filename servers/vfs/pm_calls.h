// SPDX-License-Identifier: MIT
// What pm asks (protocol_pm_vfs.h), and asking pm.
#pragma once

#include <abi/message.h>

struct client;

void pm_call(const struct message *message); // MESSAGE_CALL

// To pm. pm_ask waits on a fiber: -EFIBER if there is none. message is filled in but for `number`.
handle_t pm_port(void);
long pm_ask(unsigned long number, struct message *message);
// PM_SIGNAL without waiting for the answer; lost only if there is no memory.
void pm_signal(int target, long id, int signal, int code);
