// SPDX-License-Identifier: MIT
// riscv64: there is one way to make a system call.
#pragma once

#include <stdbool.h>
#include <ucontext.h>

#define QUICK_WORDS 7 // a7, a0 to a5

// words: the number and six arguments -> the registers afterwards; but the result is words[0], as on i386.
static inline void quick_call(long words[QUICK_WORDS])
{
    register long a7 __asm__("a7") = words[0], a0 __asm__("a0") = words[1], a1 __asm__("a1") = words[2],
                     a2 __asm__("a2") = words[3], a3 __asm__("a3") = words[4], a4 __asm__("a4") = words[5],
                     a5 __asm__("a5") = words[6];
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)::"memory");
    words[0] = a0;
    words[2] = a1;
    words[3] = a2;
    words[4] = a3;
    words[5] = a4;
    words[6] = a5;
}

static inline bool quick_call_interrupted(const ucontext_t *context) { return context != NULL; }

static inline void quick_call_raw(long number, unsigned long stack)
{
    (void)number;
    *(volatile char *)(stack | 0x8000000000000000ul) = 1;
}

static inline long quick_call_by_hand(long number)
{
    long words[QUICK_WORDS] = { number };
    quick_call(words);
    return words[0];
}
