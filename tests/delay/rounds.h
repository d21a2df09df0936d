// SPDX-License-Identifier: MIT
// What a round's caller and who fires at it share; the memory stays the caller's through its exec.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CALLERS 2 // threads of the caller; each has the counter of its number
#define CALLER_DONE 7
#define CALLER_AGAIN "--again"

// Caller 0, in the middle: stays; makes its program anew, or exits, while caller 1 may be in a call.
enum plan { PLAN_STAY, PLAN_EXEC, PLAN_EXIT, PLANS };

struct caller {
    volatile uint32_t writes, reads; // whose answer has come
    volatile uint32_t wrong;
    volatile uint32_t interrupted;
};

struct progress {
    int file; // descriptor of this memory
    volatile enum plan plan;
    struct caller callers[CALLERS];
};
extern struct progress *progress;

uint32_t chance(uint32_t below);
void chance_start(uint64_t seed);

// caller.c
_Noreturn void caller_run(uint32_t seed);
_Noreturn void caller_again(const char *file, const char *seed); // the program after exec
