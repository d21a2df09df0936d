// SPDX-License-Identifier: MIT
// The short way through calls and answers (fast.c). Each returns false, having changed nothing, where anything
// is out of the ordinary; the general way then does the work.
#pragma once

#include <stdbool.h>

struct task;
struct port;

bool fast_call(struct task *task, unsigned long index);
bool fast_reply_receive(struct task *task, unsigned long index);
bool fast_trap(struct task *task, struct port *port, unsigned long label, unsigned long number);
