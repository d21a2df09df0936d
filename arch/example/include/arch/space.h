// SPDX-License-Identifier: MIT
// example: a root table, and whatever loading it needs.
#pragma once

#include <stdint.h>

struct arch_space {
    uint64_t *root;
};
