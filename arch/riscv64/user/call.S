// SPDX-License-Identifier: MIT
// riscv64: the kernel call. Arguments stand where a function call puts them, a0-a3; the number moves from a4 to a7.
// The kernel preserves every register but a0.

    .text
    .globl kernel_call
    .type kernel_call, @function
kernel_call:
    mv      a7, a4
    ecall
    ret
    .size kernel_call, . - kernel_call
