// SPDX-License-Identifier: MIT
// i386: what the vDSO's clocks need of the machine (user/vdso/vdso.h).
#pragma once

#include <counter.h>
#include <stdint.h>
#include <vdso_clock.h>

#define VDSO_TIME 13
#define VDSO_GETTIMEOFDAY 78
#define VDSO_CLOCK_GETTIME 265
#define VDSO_CLOCK_GETRES 266
#define VDSO_CLOCK_GETTIME64 403

// `vdso_clock` is where vdso.ld puts the page; no table of addresses is needed to find it.
static inline const struct vdso_clock *vdso_clock_page(void)
{
    const struct vdso_clock *page;
    __asm__("call 1f\n"
            "1: popl %0\n\t"
            "addl $vdso_clock - 1b, %0"
            : "=r"(page));
    return page;
}

// A second is 1953125 * 2^9 ns; the compiler would call a library for the division.
static inline uint64_t vdso_split(uint64_t ns, unsigned long *nanoseconds)
{
    const uint32_t divisor = 1953125;
    uint32_t seconds, rest, high = (uint32_t)(ns >> 41);
    __asm__("divl %4"
            : "=a"(seconds), "=d"(rest)
            : "0"((uint32_t)(ns >> 9)), "1"(high % divisor), "r"(divisor));
    *nanoseconds = rest << 9 | (ns & 511);
    return (uint64_t)(high / divisor) << 32 | seconds;
}

static inline long vdso_call(long number, long first, void *second)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second) : "memory");
    return result;
}
