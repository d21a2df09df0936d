// SPDX-License-Identifier: MIT
// What the kernel hands over: faults become signals, diverts are the ends of calls elsewhere.
#pragma once

#include <kernel.h>

struct thread;

void fault(struct thread *thread, const struct message *message);
void divert(struct thread *thread, unsigned long reason, long value);
