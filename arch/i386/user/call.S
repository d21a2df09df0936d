// SPDX-License-Identifier: MIT
// i386: the kernel call, by sysenter. eax is the number, ebx esi edi ebp the arguments; the kernel returns to edx with
// the stack ecx, the result in eax, ecx and edx lost and every other register as it was.

    .text
    .globl kernel_call
    .type kernel_call, @function
kernel_call:
    pushl   %ebp
    pushl   %ebx
    pushl   %esi
    pushl   %edi
    movl    20(%esp), %ebx
    movl    24(%esp), %esi
    movl    28(%esp), %edi
    movl    32(%esp), %ebp
    movl    36(%esp), %eax
    movl    %esp, %ecx
    movl    $1f, %edx
    sysenter
1:
    popl    %edi
    popl    %esi
    popl    %ebx
    popl    %ebp
    ret
    .size kernel_call, . - kernel_call

    .section .note.GNU-stack, "", @progbits
