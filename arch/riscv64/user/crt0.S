// SPDX-License-Identifier: MIT
// riscv64: start of a native program. The kernel enters with the start argument in a0 and a stack pointer.

    .section .text.start, "ax"
    .globl _start
_start:
    andi    sp, sp, -16
    li      s0, 0 // ends backtraces
    li      ra, 0
    tail    server_start
