// SPDX-License-Identifier: MIT
// Work that may be large, such as taking a big space apart: done in bounded steps by a kernel thread that runs
// above every user program and below the servers, or by an allocation that finds no memory.
#pragma once

#include <list.h>
#include <stdbool.h>

struct work {
    struct list link;
    bool (*step)(struct work *work); // a bounded piece. -> false: that was all; work may be gone
};

void work_init(void); // starts the thread; before, work just waits
void work_queue(struct work *work);
bool work_step(void); // one piece of the oldest work. -> false: there is none (or it is being stepped)
