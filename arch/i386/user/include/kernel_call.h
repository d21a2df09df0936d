// SPDX-License-Identifier: MIT
// i386: the most frequent kernel calls, by sysenter as in call.S, without a function call around them. The registers of
// arguments that the call does not have hold anything.
#pragma once

static inline long kernel_call3(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long number)
{
    long result;
    __asm__ volatile("movl %%esp, %%ecx\n\t"
                     "movl $1f, %%edx\n\t"
                     "sysenter\n"
                     "1:"
                     : "=a"(result)
                     : "a"(number), "b"(a0), "S"(a1), "D"(a2)
                     : "ecx", "edx", "cc", "memory");
    return result;
}

static inline long kernel_call1(unsigned long a0, unsigned long number)
{
    long result;
    __asm__ volatile("movl %%esp, %%ecx\n\t"
                     "movl $1f, %%edx\n\t"
                     "sysenter\n"
                     "1:"
                     : "=a"(result)
                     : "a"(number), "b"(a0)
                     : "ecx", "edx", "cc", "memory");
    return result;
}
