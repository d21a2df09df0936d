// SPDX-License-Identifier: MIT
// i386: start of a native program. The kernel enters with the start argument in eax and a stack pointer.

    .section .text.start, "ax"
    .globl _start
_start:
    xorl    %ebp, %ebp // ends backtraces
    andl    $-16, %esp
    subl    $8, %esp
    pushl   %eax
    pushl   $0 // no return address
    jmp     server_start

    .section .note.GNU-stack, "", @progbits
