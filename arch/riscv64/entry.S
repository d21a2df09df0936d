// SPDX-License-Identifier: MIT
// riscv64: trap entry and exit. A user task's registers go straight into its frame (the task begins with it):
// sscratch holds the task while it runs in user mode, and 0 while the kernel runs, which is how entry tells
// the two apart. Kernel code keeps no context across a trap, so every entry starts on an empty stack and every
// exit leaves through cpu->current. Interrupts reach kernel mode only in kernel threads (arch_wait), whose
// registers are kept in their frame too.

#include "csr.h"
#include "offsets.h"

// Everything but tp, t0 and a0, which entry and exit treat differently, in two parts: what C functions may change ...
.macro each_temporary op, base
    \op     ra, FRAME_X(1)(\base)
    \op     sp, FRAME_X(2)(\base)
    \op     t1, FRAME_X(6)(\base)
    \op     t2, FRAME_X(7)(\base)
    \op     a1, FRAME_X(11)(\base)
    \op     a2, FRAME_X(12)(\base)
    \op     a3, FRAME_X(13)(\base)
    \op     a4, FRAME_X(14)(\base)
    \op     a5, FRAME_X(15)(\base)
    \op     a6, FRAME_X(16)(\base)
    \op     a7, FRAME_X(17)(\base)
    \op     t3, FRAME_X(28)(\base)
    \op     t4, FRAME_X(29)(\base)
    \op     t5, FRAME_X(30)(\base)
    \op     t6, FRAME_X(31)(\base)
.endm

// ... and what they preserve, or the kernel does not use (gp).
.macro each_preserved op, base
    \op     gp, FRAME_X(3)(\base)
    \op     s0, FRAME_X(8)(\base)
    \op     s1, FRAME_X(9)(\base)
    \op     s2, FRAME_X(18)(\base)
    \op     s3, FRAME_X(19)(\base)
    \op     s4, FRAME_X(20)(\base)
    \op     s5, FRAME_X(21)(\base)
    \op     s6, FRAME_X(22)(\base)
    \op     s7, FRAME_X(23)(\base)
    \op     s8, FRAME_X(24)(\base)
    \op     s9, FRAME_X(25)(\base)
    \op     s10, FRAME_X(26)(\base)
    \op     s11, FRAME_X(27)(\base)
.endm

.macro each_register op, base
    each_temporary \op, \base
    each_preserved \op, \base
.endm

    .section .text.entry, "ax"
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel

    // From user mode: tp is the task, sscratch the user's tp.
    sd      t0, FRAME_X(5)(tp)
    sd      a0, FRAME_X(10)(tp)
    each_temporary sd, tp
    csrrw   t0, sscratch, zero
    sd      t0, FRAME_X(4)(tp)
    csrr    t1, sepc
    csrr    a1, scause
    sd      a0, FRAME_ORIG_A0(tp)
    sd      a7, FRAME_NUMBER(tp)
    mv      a0, tp
    ld      tp, TASK_CPU(a0)
    li      t0, CAUSE_USER_CALL
    ld      sp, CPU_STACK(tp)
    bne     a1, t0, not_a_call
    ld      t0, TASK_ROUTES(a0)
    addi    t1, t1, 4
    sd      t1, FRAME_PC(a0)
    beqz    t0, native_call
    call    trap_answer
    mv      a1, a0 // the route that says more, if any
    ld      a0, CPU_CURRENT(tp)
    bnez    a1, routed_call

    // Answered already, and what C functions preserve was not even saved.
    ld      t0, FRAME_PC(a0)
    csrw    sscratch, a0
    csrw    sepc, t0
    each_temporary ld, a0
    ld      tp, FRAME_X(4)(a0)
    ld      t0, FRAME_X(5)(a0)
    ld      a0, FRAME_X(10)(a0)
    sret

native_call:
    each_preserved sd, a0
    li      s0, 0 // ends backtraces
    call    trap_native // by which it is settled who runs next, as by the others
    ld      a0, CPU_CURRENT(tp)
    j       ret_from_fork

routed_call:
    each_preserved sd, a0
    li      s0, 0
    call    trap_routed
    ld      a0, CPU_CURRENT(tp)

// A new task starts here like any other that leaves the kernel: its frame, made by copy_thread, is all there is.
    .globl ret_from_fork
ret_from_fork:
    ld      t0, FRAME_PC(a0)
    bltz    t0, leave_to_kernel
leave_to_user:
    sd      tp, TASK_CPU(a0)
    csrw    sepc, t0
    csrw    sscratch, a0
    each_register ld, a0
    ld      tp, FRAME_X(4)(a0)
    ld      t0, FRAME_X(5)(a0)
    ld      a0, FRAME_X(10)(a0)
    sret

leave_to_kernel:
    ld      t1, TASK_STATUS(a0)
    beqz    t1, leave_to_user // it will fault there
    csrw    sepc, t0
    li      t2, SSTATUS_SPP | SSTATUS_SPIE
    csrc    sstatus, t2
    csrs    sstatus, t1
    each_register ld, a0
    ld      t0, FRAME_X(5)(a0)
    ld      a0, FRAME_X(10)(a0)
    sret

not_a_call:
    each_preserved sd, a0
    li      s0, 0
    li      t0, -1
    sd      t1, FRAME_PC(a0)
    sd      t0, FRAME_NUMBER(a0)
    addi    t1, tp, CPU_SCRATCH
    sc.d    t0, zero, (t1) // a load reservation must not let a store of another task succeed
    bltz    a1, interrupt
    csrr    a2, stval
    call    trap_fault
    j       leave
interrupt:
    mv      a0, a1
    call    trap_interrupt
leave:
    call    trap_leave
    ld      a0, CPU_CURRENT(tp)
    j       ret_from_fork

from_kernel:
    csrrw   tp, sscratch, tp // tp is the CPU again, sscratch 0
    sd      t0, CPU_SCRATCH(tp)
    csrr    t0, scause
    bgez    t0, fault_in_kernel
    // An interrupt, so this is a kernel thread in arch_wait().
    ld      t0, CPU_CURRENT(tp)
    sd      a0, FRAME_X(10)(t0)
    each_register sd, t0
    ld      t1, CPU_SCRATCH(tp)
    sd      t1, FRAME_X(5)(t0)
    csrr    t1, sepc
    sd      t1, FRAME_PC(t0)
    li      t1, SSTATUS_SPP | SSTATUS_SPIE
    sd      t1, TASK_STATUS(t0)
    li      t1, SSTATUS_SPP // the next sret may lead to user mode
    csrc    sstatus, t1
    ld      sp, CPU_STACK(tp)
    li      s0, 0
    csrr    a0, scause
    call    trap_interrupt
    j       leave

fault_in_kernel:
    addi    t0, tp, CPU_FAULT_FRAME
    sd      tp, FRAME_X(4)(t0)
    sd      a0, FRAME_X(10)(t0)
    each_register sd, t0
    ld      t1, CPU_SCRATCH(tp)
    sd      t1, FRAME_X(5)(t0)
    csrr    t1, sepc
    sd      t1, FRAME_PC(t0)
    mv      a0, t0
    csrr    a1, scause
    csrr    a2, stval
    ld      sp, CPU_FAULT_STACK(tp)
    li      s0, 0
    call    trap_fault_in_kernel
    unimp

// void arch_kernel_yield(void): a kernel thread keeps what a function call preserves and leaves like a trap.
    .globl arch_kernel_yield
arch_kernel_yield:
    ld      t0, CPU_CURRENT(tp)
    sd      ra, FRAME_PC(t0)
    each_register sd, t0
    li      t1, SSTATUS_SPP
    sd      t1, TASK_STATUS(t0)

// _Noreturn void arch_leave(void): the end of the boot flow; its stack becomes the CPU's.
    .globl arch_leave
arch_leave:
    ld      sp, CPU_STACK(tp)
    li      s0, 0
    j       leave
