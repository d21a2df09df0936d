// SPDX-License-Identifier: MIT
// i386: a Linux trap made by native code, for the kernel's tests.
// long user_trap(long number, const long args[6]);

    .text
    .globl user_trap
    .type user_trap, @function
user_trap:
    pushl   %ebp
    pushl   %ebx
    pushl   %esi
    pushl   %edi
    movl    20(%esp), %eax
    movl    24(%esp), %ebp
    movl    0(%ebp), %ebx
    movl    4(%ebp), %ecx
    movl    8(%ebp), %edx
    movl    12(%ebp), %esi
    movl    16(%ebp), %edi
    movl    20(%ebp), %ebp
    int     $0x80
    popl    %edi
    popl    %esi
    popl    %ebx
    popl    %ebp
    ret
    .size user_trap, . - user_trap

    .section .note.GNU-stack, "", @progbits
