// SPDX-License-Identifier: MIT
// What the kernel answers in a server's place, as the routes say. -> false: the server has to.
#pragma once

#include <task.h>

bool answer_clock(struct task *task, const struct route *route);
bool answer_exchange(struct task *task, const struct route *route);
