// SPDX-License-Identifier: MIT
// example: moving words for kernel/lib/string.c; a machine may have better ways. Unit tests use this one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define WORDS_UNALIGNED false // words must be aligned

typedef unsigned long __attribute__((may_alias)) copied_word;

static inline void words_copy(void *to, const void *from, size_t count) // upward
{
    copied_word *t = to;
    for (const copied_word *f = from; count > 0; count--)
        *t++ = *f++;
}

static inline void words_fill(void *to, unsigned long word, size_t count)
{
    for (copied_word *t = to; count > 0; count--)
        *t++ = word;
}
