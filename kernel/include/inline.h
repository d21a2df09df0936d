// SPDX-License-Identifier: MIT
// What the shortest paths ask of the compiler. A function that calls nothing large saves no registers.
#pragma once

#define INLINE static inline __attribute__((always_inline))
#define APART __attribute__((noinline)) // only what needs registers saved pays for it
