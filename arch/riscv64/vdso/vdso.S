// SPDX-License-Identifier: MIT
// riscv64: the object that pm maps into Linux programs (vdso(7)). Signal handlers return through __vdso_rt_sigreturn,
// which unwinders also recognise by its two instructions; the others make the system call that they stand for.

#define RT_SIGRETURN 139
#define CLOCK_GETTIME 113
#define CLOCK_GETRES 114
#define GETCPU 168
#define GETTIMEOFDAY 169
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

    system_call __vdso_clock_gettime, CLOCK_GETTIME
    system_call __vdso_clock_getres, CLOCK_GETRES
    system_call __vdso_gettimeofday, GETTIMEOFDAY
    system_call __vdso_getcpu, GETCPU
    system_call __vdso_flush_icache, FLUSH_ICACHE

    .section .note.GNU-stack, "", @progbits
