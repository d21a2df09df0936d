// SPDX-License-Identifier: MIT
// riscv64: a Linux trap made by native code, for the kernel's tests.
// long user_trap(long number, const long args[6]);

    .text
    .globl user_trap
    .type user_trap, @function
user_trap:
    mv      a7, a0
    mv      t0, a1
    ld      a0, 0(t0)
    ld      a1, 8(t0)
    ld      a2, 16(t0)
    ld      a3, 24(t0)
    ld      a4, 32(t0)
    ld      a5, 40(t0)
    ecall
    ret
    .size user_trap, . - user_trap

    .section .note.GNU-stack, "", @progbits
