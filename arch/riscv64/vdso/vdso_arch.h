// SPDX-License-Identifier: MIT
// riscv64: what the vDSO's clocks need of the machine (user/vdso/vdso.h).
#pragma once

#include <counter.h>
#include <stdint.h>
#include <vdso_clock.h>

#define VDSO_CLOCK_GETTIME 113
#define VDSO_CLOCK_GETRES 114
#define VDSO_GETTIMEOFDAY 169

extern const struct vdso_clock vdso_clock __attribute__((visibility("hidden"))); // vdso.ld says where

static inline const struct vdso_clock *vdso_clock_page(void) { return &vdso_clock; }

static inline uint64_t vdso_split(uint64_t ns, unsigned long *nanoseconds)
{
    *nanoseconds = ns % 1000000000;
    return ns / 1000000000;
}

static inline long vdso_call(long number, long first, void *second)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = first;
    register void *a1 __asm__("a1") = second;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    return a0;
}
