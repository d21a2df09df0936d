// SPDX-License-Identifier: MIT
// example: a root table, and whatever loading it needs.
#pragma once

#include <stdint.h>

struct arch_space {
    uint64_t *root;
};

static inline uint64_t *arch_space_root(struct arch_space *space) { return space->root; }
