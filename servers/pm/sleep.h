// SPDX-License-Identifier: MIT
// nanosleep and clock_nanosleep, for other parts of pm.
#pragma once

struct thread;

long sleep_interrupted(struct thread *thread); // writes what is left, sets up the restart
long sleep_restart(struct thread *thread);
