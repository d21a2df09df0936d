// SPDX-License-Identifier: MIT
// riscv64: an sv39 root table and the address space identifier it was last given. Identifiers are handed out
// anew in each generation; see arch/riscv64/paging.c.
#pragma once

#include <stdint.h>

struct arch_space {
    uint64_t *root;      // in the direct map; entries 256..511 are the kernel's
    uint64_t satp;       // as loaded: mode, identifier, root
    uint64_t generation; // of the identifier; older than the CPU's: take a new one before loading
};

static inline uint64_t *arch_space_root(struct arch_space *space) { return space->root; }
