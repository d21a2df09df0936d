// SPDX-License-Identifier: MIT
// i386: the object that pm maps into Linux programs (vdso(7)). Unwinders recognise the two signal trampolines by their
// bytes, which are Linux's, or read in the unwind tables where the interrupted registers lie: in the sigcontext that
// the stack pointer leads to.

#define SIGRETURN 119
#define RT_SIGRETURN 173

// Offsets in struct sigcontext, and of it from the stack pointer with which a handler returns (its return address is
// popped then): after sig, or after sig, pinfo, puc, the siginfo and the head of the ucontext.
#define SIGCONTEXT_EDI 16
#define SIGCONTEXT_ESI 20
#define SIGCONTEXT_EBP 24
#define SIGCONTEXT_ESP 28
#define SIGCONTEXT_EBX 32
#define SIGCONTEXT_EDX 36
#define SIGCONTEXT_ECX 40
#define SIGCONTEXT_EAX 44
#define SIGCONTEXT_EIP 56
#define SIGFRAME_CONTEXT 4
#define RT_SIGFRAME_CONTEXT 160

#define CFA_EXPRESSION 0x10
#define CFA_DEFINE_EXPRESSION 0x0f
#define OP_ESP_PLUS 0x74
#define OP_LOAD 0x06

// Register `number` was saved at esp + offset (two bytes of SLEB128).
.macro saved number, offset
    .cfi_escape CFA_EXPRESSION, \number, 3, OP_ESP_PLUS, ((\offset) & 0x7f) | 0x80, (\offset) >> 7
.endm

.macro saved_in_sigcontext at
    .cfi_escape CFA_DEFINE_EXPRESSION, 4, OP_ESP_PLUS, ((\at + SIGCONTEXT_ESP) & 0x7f) | 0x80, (\at + SIGCONTEXT_ESP) >> 7, OP_LOAD
    saved   0, \at + SIGCONTEXT_EAX
    saved   1, \at + SIGCONTEXT_ECX
    saved   2, \at + SIGCONTEXT_EDX
    saved   3, \at + SIGCONTEXT_EBX
    saved   5, \at + SIGCONTEXT_EBP
    saved   6, \at + SIGCONTEXT_ESI
    saved   7, \at + SIGCONTEXT_EDI
    saved   8, \at + SIGCONTEXT_EIP
.endm

// Calls that may have six arguments; of some ranges above futex nobody looks which do.
#define IPC 117
#define MMAP2 192
#define FUTEX 240
#define FUTEX_PRIVATE 0x80
#define FUTEX_WAKE 1 // it and FUTEX_WAIT, below, have four
#define FADVISE64_64 272
#define MBIND 274
#define PSELECT6 308
#define KCMP 349 // from here on none
#define SENDTO 369
#define PKEY_MPROTECT 380 // none
#define IO_PGETEVENTS 385
#define PSELECT6_TIME64 413

// A call, with the registers of int 0x80. sysenter tells the kernel neither the stack pointer nor where to go on. The
// latter it knows; the former is in ebp, so what has a sixth argument there goes by int 0x80. The int behind sysenter
// is for a CPU that has none (pm then drops it), and for a call that begins anew: that is two bytes before the landing.
    .text
    .balign 16
    .globl  __kernel_vsyscall
    .type   __kernel_vsyscall, @function
__kernel_vsyscall:
    .cfi_startproc
    cmpl    $IPC, %eax
    jae     other_calls
enter:
    pushl   %ecx
    .cfi_adjust_cfa_offset 4
    .cfi_rel_offset %ecx, 0
    pushl   %edx
    .cfi_adjust_cfa_offset 4
    .cfi_rel_offset %edx, 0
    pushl   %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_rel_offset %ebp, 0
    movl    %esp, %ebp
    sysenter
    int     $0x80
    .globl  __kernel_vsyscall_landing
__kernel_vsyscall_landing:
    popl    %ebp
    .cfi_adjust_cfa_offset -4
    .cfi_restore %ebp
    popl    %edx
    .cfi_adjust_cfa_offset -4
    .cfi_restore %edx
    popl    %ecx
    .cfi_adjust_cfa_offset -4
    .cfi_restore %ecx
    ret
other_calls:
    je      by_int
    cmpl    $FUTEX, %eax
    je      futex
    ja      late_calls
    cmpl    $MMAP2, %eax
    jne     enter
by_int:
    int     $0x80
    ret
futex:
    testl   $~(FUTEX_PRIVATE | FUTEX_WAKE), %ecx
    jnz     by_int
    jmp     enter
late_calls:
    cmpl    $FADVISE64_64, %eax
    je      by_int
    cmpl    $MBIND, %eax
    je      by_int
    cmpl    $PSELECT6, %eax
    jb      enter
    cmpl    $KCMP, %eax
    jb      by_int
    cmpl    $SENDTO, %eax
    jb      enter
    cmpl    $PKEY_MPROTECT, %eax
    jb      by_int
    cmpl    $IO_PGETEVENTS, %eax
    je      by_int
    cmpl    $PSELECT6_TIME64, %eax
    jb      enter
    jmp     by_int
    .cfi_endproc
    .size   __kernel_vsyscall, . - __kernel_vsyscall

// The tables begin a byte early: unwinders look a return address up by the byte before it.
    .balign 16
    .cfi_startproc simple
    .cfi_signal_frame
    saved_in_sigcontext SIGFRAME_CONTEXT
    nop
    .globl  __kernel_sigreturn
    .type   __kernel_sigreturn, @function
__kernel_sigreturn:
    popl    %eax
    saved_in_sigcontext SIGFRAME_CONTEXT - 4
    movl    $SIGRETURN, %eax
    int     $0x80
    .cfi_endproc
    nop
    .size   __kernel_sigreturn, . - __kernel_sigreturn

    .balign 16
    .cfi_startproc simple
    .cfi_signal_frame
    saved_in_sigcontext RT_SIGFRAME_CONTEXT
    nop
    .globl  __kernel_rt_sigreturn
    .type   __kernel_rt_sigreturn, @function
__kernel_rt_sigreturn:
    movl    $RT_SIGRETURN, %eax
    int     $0x80
    .cfi_endproc
    nop
    .size   __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

    .section .note.GNU-stack, "", @progbits
