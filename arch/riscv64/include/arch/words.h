// SPDX-License-Identifier: MIT
// riscv64: moving words for kernel/lib/string.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define WORDS_UNALIGNED false // unaligned accesses may trap to the firmware

typedef unsigned long __attribute__((may_alias)) copied_word;

static inline void words_copy_8(copied_word *t, const copied_word *f)
{
    copied_word a = f[0], b = f[1], c = f[2], d = f[3], e = f[4], g = f[5], h = f[6], i = f[7];
    t[0] = a, t[1] = b, t[2] = c, t[3] = d, t[4] = e, t[5] = g, t[6] = h, t[7] = i;
}

static inline void words_copy(void *to, const void *from, size_t count) // upward
{
    copied_word *t = to;
    const copied_word *f = from;
    for (; count >= 64; count -= 64, t += 64, f += 64) {
#pragma clang loop unroll(full)
        for (unsigned i = 0; i < 64; i += 8)
            words_copy_8(t + i, f + i);
    }
    for (; count >= 8; count -= 8, t += 8, f += 8)
        words_copy_8(t, f);
    while (count--)
        *t++ = *f++;
}

static inline void words_fill(void *to, unsigned long word, size_t count)
{
    copied_word *t = to;
    for (; count >= 16; count -= 16, t += 16) {
        t[0] = t[1] = t[2] = t[3] = t[4] = t[5] = t[6] = t[7] = word;
        t[8] = t[9] = t[10] = t[11] = t[12] = t[13] = t[14] = t[15] = word;
    }
    while (count--)
        *t++ = word;
}
