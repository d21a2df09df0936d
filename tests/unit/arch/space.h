// SPDX-License-Identifier: MIT
#pragma once

#include <arch/types.h>

struct arch_space {
    uint64_t root[PAGE_TABLE_ROOT_ENTRIES];
};

static inline uint64_t *arch_space_root(struct arch_space *space) { return space->root; }
