// SPDX-License-Identifier: MIT
// riscv64: calls to the firmware below us (OpenSBI), by the RISC-V SBI specification.

#include "riscv64.h"

#define SBI_LEGACY_PUTCHAR 0x01
#define SBI_TIME 0x54494d45ul
#define SBI_RESET 0x53525354ul

static long sbi_call(unsigned long extension, unsigned long function, unsigned long arg0, unsigned long arg1)
{
    register unsigned long a0 __asm__("a0") = arg0;
    register unsigned long a1 __asm__("a1") = arg1;
    register unsigned long a6 __asm__("a6") = function;
    register unsigned long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

void sbi_putc(char c) { sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)c, 0); }

void sbi_set_timer(uint64_t time) { sbi_call(SBI_TIME, 0, time, 0); }

void sbi_reset(bool restart, bool failure) { sbi_call(SBI_RESET, 0, restart ? 1 : 0, failure ? 1 : 0); }
