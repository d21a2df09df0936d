// SPDX-License-Identifier: MIT
// Out of frames: who waits for memory, and whom it costs.
#pragma once

#include <abi/message.h>

struct thread;

// The thread's call (or fault, or the delivery of its signals) could not go on for lack of frames: it does, as
// thread->{has_result, result, restart} say, when there may be some.
void memory_wait(struct thread *thread);
long memory_wait_vfs(token_t token,
                     unsigned long freed); // PM_MEMORY -> its answer, or NO_REPLY: answered then
void memory_freed(void);                   // those who wait try again
