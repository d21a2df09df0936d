// SPDX-License-Identifier: MIT
// riscv64: the object that pm maps into Linux programs (vdso(7)). Signal handlers return through __vdso_rt_sigreturn,
// which unwinders also recognise by its two instructions; the others make the system call that they stand for. The
// clocks are in user/vdso.

#define RT_SIGRETURN 139
#define GETCPU 168
#define FLUSH_ICACHE 259

    .option norvc
    .text

.macro system_call name, number
    .globl  \name
    .type   \name, @function
\name:
    .cfi_startproc
    li      a7, \number
    ecall
    ret
    .cfi_endproc
    .size   \name, . - \name
.endm

    .globl  __vdso_rt_sigreturn
    .type   __vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
    .cfi_startproc
    .cfi_signal_frame
    li      a7, RT_SIGRETURN
    ecall
    .cfi_endproc
    .size   __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

    system_call __vdso_getcpu, GETCPU
    system_call __vdso_flush_icache, FLUSH_ICACHE

    .section .note.GNU-stack, "", @progbits
