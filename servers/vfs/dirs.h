// SPDX-License-Identifier: MIT
// Reading directories: where entries go. Positions: 0 is ".", 1 "..", linked names follow by their sequence, names that
// an inode's `list` makes up start at DYNAMIC_BASE.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DYNAMIC_BASE 0x1000000ull

struct dir_sink {
    // `next` is the position after this entry. -> false: no room, stop
    bool (*add)(struct dir_sink *sink, const char *name, size_t length, uint64_t inode, uint32_t mode,
                uint64_t next);
    uint64_t position; // where to go on
};
