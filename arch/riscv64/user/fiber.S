// SPDX-License-Identifier: MIT
// Fibers of servers, riscv64: callee-saved registers lie on the stack that does not run.

        .text
// void fiber_switch(unsigned long *save, unsigned long to)
        .globl fiber_switch
        .type fiber_switch, @function
fiber_switch:
        addi sp, sp, -112
        sd ra, 0(sp)
        sd s0, 8(sp)
        sd s1, 16(sp)
        sd s2, 24(sp)
        sd s3, 32(sp)
        sd s4, 40(sp)
        sd s5, 48(sp)
        sd s6, 56(sp)
        sd s7, 64(sp)
        sd s8, 72(sp)
        sd s9, 80(sp)
        sd s10, 88(sp)
        sd s11, 96(sp)
        sd sp, 0(a0)
        mv sp, a1
        ld ra, 0(sp)
        ld s0, 8(sp)
        ld s1, 16(sp)
        ld s2, 24(sp)
        ld s3, 32(sp)
        ld s4, 40(sp)
        ld s5, 48(sp)
        ld s6, 56(sp)
        ld s7, 64(sp)
        ld s8, 72(sp)
        ld s9, 80(sp)
        ld s10, 88(sp)
        ld s11, 96(sp)
        addi sp, sp, 112
        ret
        .size fiber_switch, . - fiber_switch

// unsigned long fiber_prepare(void *stack_top, void (*fn)(void))
// The frame fiber_switch restores: fn as return address, a frame pointer of 0.
        .globl fiber_prepare
        .type fiber_prepare, @function
fiber_prepare:
        addi a0, a0, -128
        sd a1, 0(a0)
        sd zero, 8(a0)
        ret
        .size fiber_prepare, . - fiber_prepare
        .section .note.GNU-stack, "", @progbits
