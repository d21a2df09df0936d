// SPDX-License-Identifier: MIT
// i386: a system call as C libraries make it, through AT_SYSINFO's function (%gs:16), with every register seen.
#pragma once

#include <stdbool.h>
#include <sys/auxv.h>
#include <ucontext.h>

#define QUICK_WORDS 7 // eax, ebx, ecx, edx, esi, edi, ebp

// words: the number and six arguments -> the registers afterwards; the result is words[0]. A signal handler may see the
// program counter of the call in the page that AT_SYSINFO names.
void quick_call(long words[QUICK_WORDS]);
__asm__(".text\n"
        "quick_call: pushl %ebp; pushl %ebx; pushl %esi; pushl %edi\n"
        "movl 20(%esp), %eax\n"
        "movl 4(%eax), %ebx; movl 8(%eax), %ecx; movl 12(%eax), %edx\n"
        "movl 16(%eax), %esi; movl 20(%eax), %edi; movl 24(%eax), %ebp\n"
        "movl (%eax), %eax\n"
        "call *%gs:16\n"
        "pushl %eax; movl 24(%esp), %eax\n"
        "movl %ebx, 4(%eax); movl %ecx, 8(%eax); movl %edx, 12(%eax)\n"
        "movl %esi, 16(%eax); movl %edi, 20(%eax); movl %ebp, 24(%eax)\n"
        "popl (%eax); popl %edi; popl %esi; popl %ebx; popl %ebp; ret\n");

static inline bool quick_call_interrupted(const ucontext_t *context)
{
    unsigned long page = getauxval(AT_SYSINFO) & ~4095ul;
    return ((unsigned long)context->uc_mcontext.gregs[REG_EIP] & ~4095ul) == page;
}

// sysenter by a program's own hand, with this stack pointer.
static inline void quick_call_raw(long number, unsigned long stack)
{
    __asm__ volatile("movl %1, %%ebp; sysenter" : "+a"(number) : "r"(stack) : "memory");
}

// The same with a stack as AT_SYSINFO's function has it there.
static inline long quick_call_by_hand(long number)
{
    __asm__ volatile("pushl $1f; pushl %%ecx; pushl %%edx; pushl %%ebp; movl %%esp, %%ebp; sysenter; 1:"
                     : "+a"(number)
                     :
                     : "memory");
    return number;
}
