// SPDX-License-Identifier: MIT
// What assembly knows of C structures and addresses. cpu.c checks each against the real one.
#pragma once

#define KERNEL_BASE 0xC0000000

#define FRAME_EBX 0
#define FRAME_ECX 4
#define FRAME_EDX 8
#define FRAME_ESI 12
#define FRAME_EDI 16
#define FRAME_EBP 20
#define FRAME_EAX 24
#define FRAME_DS 28
#define FRAME_ES 32
#define FRAME_FS 36
#define FRAME_GS 40
#define FRAME_ORIG_EAX 44
#define FRAME_EIP 48
#define FRAME_CS 52
#define FRAME_EFLAGS 56
#define FRAME_ESP 60
#define FRAME_SS 64
#define FRAME_SIZE 68

#define TASK_LEAVE 68
#define TASK_ENTER 72
#define TASK_LANDING 76
#define TASK_KERNEL_SP 80

#define CPU_ESP0 352
// The stack is the last member of struct arch_cpu and `current` follows it: with an empty stack, esp points there.
#define CPU_CURRENT 31744

// Of eflags: what sysexit must not lose (TF DF NT AC ID). The arithmetic ones a function may change.
#define FLAGS_TRACE 0x100
#define FLAGS_INTERRUPT 0x200
#define FLAGS_KEPT 0x244500

// Selectors are Linux's, so that register dumps and sigcontext look alike.
#define KERNEL_CS 0x60
#define KERNEL_DS 0x68
#define USER_CS 0x73
#define USER_DS 0x7b

#define VECTOR_EXCEPTIONS_END 0x20
#define VECTOR_LINES 0x30 // first device interrupt; below, what the old controllers may send by mistake
#define VECTOR_TIMER 0x60
#define VECTOR_SPURIOUS 0x6f
#define VECTOR_STUBS 0x70
#define VECTOR_STUB_SIZE 16
#define VECTOR_CALL 0x80
