// SPDX-License-Identifier: MIT
// The page behind the vDSO's image, by which programs read the clocks without a call. pm writes it.
#pragma once

#include <stdint.h>

// Monotonic ns = (counter - start) * multiplier >> shift, as the kernel itself reckons; fixed once it is filled.
struct vdso_clock {
    uint64_t start, multiplier; // multiplier 0: user mode cannot read the counter
    uint32_t shift;
    uint32_t sequence;    // odd while wall_offset changes
    uint64_t wall_offset; // ns from the monotonic clock to the wall clock
};
