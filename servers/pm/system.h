// SPDX-License-Identifier: MIT
// Numbers of the whole machine, for sysinfo(2) and /proc.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct thread;

struct memory_numbers {
    uint64_t total, free; // frames
    uint64_t tasks, idle_ns, kernel_bytes, switches;
};

void memory_read_info(struct memory_numbers *numbers);
void load_update(void); // pm->load
long log_copy(struct thread *caller, unsigned long address, size_t size);
