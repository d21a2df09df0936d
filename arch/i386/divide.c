// SPDX-License-Identifier: MIT
// 64-bit division, which the compiler calls, for kernel and servers: compiled with the calling convention of each,
// which the toolchain's own routines are not.
#include <stdint.h>

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);
int64_t __divdi3(int64_t dividend, int64_t divisor);
int64_t __moddi3(int64_t dividend, int64_t divisor);

// The quotient must fit in 32 bits.
static uint32_t divide_narrow(uint64_t dividend, uint32_t divisor, uint32_t *remainder)
{
    uint32_t quotient;
    __asm__("divl %4"
            : "=a"(quotient), "=d"(*remainder)
            : "0"((uint32_t)dividend), "1"((uint32_t)(dividend >> 32)), "rm"(divisor));
    return quotient;
}

static uint64_t divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
    uint32_t rest;
    if (divisor >> 32 == 0) {
        uint32_t low = (uint32_t)divisor;
        uint32_t high = (uint32_t)(dividend >> 32);
        uint32_t quotient_high = high / low;
        uint32_t quotient_low = divide_narrow((uint64_t)(high % low) << 32 | (uint32_t)dividend, low, &rest);
        *remainder = rest;
        return (uint64_t)quotient_high << 32 | quotient_low;
    }
    // Hacker's Delight, 9-5: an estimate from the divisor's upper 32 significant bits is at most one too large.
    int shift = __builtin_clz((uint32_t)(divisor >> 32));
    uint32_t top = (uint32_t)(divisor << shift >> 32);
    uint64_t quotient = (uint64_t)divide_narrow(dividend >> 1, top, &rest) << shift >> 31;
    if (quotient != 0)
        quotient--;
    uint64_t left = dividend - quotient * divisor;
    if (left >= divisor) {
        quotient++;
        left -= divisor;
    }
    *remainder = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t remainder;
    return divide(dividend, divisor, &remainder);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t remainder;
    divide(dividend, divisor, &remainder);
    return remainder;
}

static uint64_t magnitude(int64_t value) { return value < 0 ? -(uint64_t)value : (uint64_t)value; }

int64_t __divdi3(int64_t dividend, int64_t divisor)
{
    uint64_t remainder;
    uint64_t quotient = divide(magnitude(dividend), magnitude(divisor), &remainder);
    return (int64_t)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

int64_t __moddi3(int64_t dividend, int64_t divisor)
{
    uint64_t remainder;
    divide(magnitude(dividend), magnitude(divisor), &remainder);
    return (int64_t)(dividend < 0 ? -remainder : remainder);
}
