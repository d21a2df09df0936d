// SPDX-License-Identifier: MIT
// i386: moving words for kernel/lib/string.c. One instruction a word, which is also what Linux spends.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define WORDS_UNALIGNED true // words may lie anywhere

static inline void words_copy(void *to, const void *from, size_t count) // upward
{
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static inline void words_fill(void *to, unsigned long word, size_t count)
{
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(word) : "memory");
}
