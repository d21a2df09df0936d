// SPDX-License-Identifier: MIT
// Fibers of servers, i386: callee-saved registers lie on the stack that does not run.

        .text
// void fiber_switch(unsigned long *save, unsigned long to)
        .globl fiber_switch
        .type fiber_switch, @function
fiber_switch:
        movl 4(%esp), %eax
        movl 8(%esp), %edx
        pushl %ebp
        pushl %ebx
        pushl %esi
        pushl %edi
        movl %esp, (%eax)
        movl %edx, %esp
        popl %edi
        popl %esi
        popl %ebx
        popl %ebp
        ret
        .size fiber_switch, . - fiber_switch

// unsigned long fiber_prepare(void *stack_top, void (*fn)(void))
// The frame fiber_switch pops: four registers of 0, fn as return address, and 0 as fn's own return address.
        .globl fiber_prepare
        .type fiber_prepare, @function
fiber_prepare:
        movl 4(%esp), %eax
        movl 8(%esp), %edx
        subl $32, %eax
        movl $0, (%eax)
        movl $0, 4(%eax)
        movl $0, 8(%eax)
        movl $0, 12(%eax)
        movl %edx, 16(%eax)
        movl $0, 20(%eax)
        ret
        .size fiber_prepare, . - fiber_prepare
        .section .note.GNU-stack, "", @progbits
