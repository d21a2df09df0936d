// SPDX-License-Identifier: MIT
// Futexes, for other parts of pm.
#pragma once

struct thread;
struct mm;

void futex_wake_address(struct mm *mm, unsigned long address, int count); // as a non-private FUTEX_WAKE
long futex_interrupted(struct thread *thread);                            // what an interrupted wait returns
long futex_restart(struct thread *thread);
