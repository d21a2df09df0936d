// SPDX-License-Identifier: MIT
// riscv64: the most frequent kernel calls, as in call.S, without a function call around them. The registers of
// arguments that the call does not have hold anything.
#pragma once

static inline long kernel_call3(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long number)
{
    register unsigned long r0 __asm__("a0") = a0;
    register unsigned long r1 __asm__("a1") = a1;
    register unsigned long r2 __asm__("a2") = a2;
    register unsigned long r7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r7) : "memory");
    return (long)r0;
}

static inline long kernel_call1(unsigned long a0, unsigned long number)
{
    register unsigned long r0 __asm__("a0") = a0;
    register unsigned long r7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(r0) : "r"(r7) : "memory");
    return (long)r0;
}
