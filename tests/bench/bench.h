// SPDX-License-Identifier: MIT
// What an operation of the benchmark is. Each file registers its own; main.c runs and prints them.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct operation {
    const char *name;
    void (*set_up)(void); // may be NULL; not counted
    void (*run)(void);    // one operation
    void (*tear_down)(void);
    unsigned runs; // how many are counted
};

extern const struct operation file_operations[], memory_operations[], process_operations[],
    signal_operations[], socket_operations[], switch_operations[];

// Ends the benchmark with a message if a condition that it relies on does not hold.
void must(int condition, const char *what);
void bench_begin(void);
void bench_end(void);
