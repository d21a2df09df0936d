// SPDX-License-Identifier: MIT
// Blocks of memory, copied and cleared by 16 bytes an instruction. Whoever's state the SSE registers hold finds it there
// again. The kernel is not interrupted meanwhile.

#include "i386.h"
#include <arch.h>
#include <string.h>

#define CHUNK 128u // all eight registers
#define SSE_STATE 128u

static void save(uint8_t *state)
{
    __asm__ volatile("movups %%xmm0, (%0)\n\tmovups %%xmm1, 16(%0)\n\t"
                     "movups %%xmm2, 32(%0)\n\tmovups %%xmm3, 48(%0)\n\t"
                     "movups %%xmm4, 64(%0)\n\tmovups %%xmm5, 80(%0)\n\t"
                     "movups %%xmm6, 96(%0)\n\tmovups %%xmm7, 112(%0)" ::"r"(state)
                     : "memory");
}

static void restore(const uint8_t *state)
{
    __asm__ volatile("movups (%0), %%xmm0\n\tmovups 16(%0), %%xmm1\n\t"
                     "movups 32(%0), %%xmm2\n\tmovups 48(%0), %%xmm3\n\t"
                     "movups 64(%0), %%xmm4\n\tmovups 80(%0), %%xmm5\n\t"
                     "movups 96(%0), %%xmm6\n\tmovups 112(%0), %%xmm7" ::"r"(state)
                     : "memory");
}

// `length` is a multiple of CHUNK and not 0.
static void copy_chunks(char *to, const char *from, size_t length)
{
    long offset = -(long)length; // from the end, so that one addition does
    __asm__ volatile("1:\n\t"
                     "movups (%1, %0), %%xmm0\n\tmovups 16(%1, %0), %%xmm1\n\t"
                     "movups 32(%1, %0), %%xmm2\n\tmovups 48(%1, %0), %%xmm3\n\t"
                     "movups 64(%1, %0), %%xmm4\n\tmovups 80(%1, %0), %%xmm5\n\t"
                     "movups 96(%1, %0), %%xmm6\n\tmovups 112(%1, %0), %%xmm7\n\t"
                     "movups %%xmm0, (%2, %0)\n\tmovups %%xmm1, 16(%2, %0)\n\t"
                     "movups %%xmm2, 32(%2, %0)\n\tmovups %%xmm3, 48(%2, %0)\n\t"
                     "movups %%xmm4, 64(%2, %0)\n\tmovups %%xmm5, 80(%2, %0)\n\t"
                     "movups %%xmm6, 96(%2, %0)\n\tmovups %%xmm7, 112(%2, %0)\n\t"
                     "subl $-128, %0\n\t"
                     "jnz 1b"
                     : "+r"(offset)
                     : "r"(from + length), "r"(to + length)
                     : "memory");
}

static void clear_chunks(char *to, size_t length)
{
    long offset = -(long)length;
    __asm__ volatile("xorps %%xmm0, %%xmm0\n"
                     "1:\n\t"
                     "movups %%xmm0, (%1, %0)\n\tmovups %%xmm0, 16(%1, %0)\n\t"
                     "movups %%xmm0, 32(%1, %0)\n\tmovups %%xmm0, 48(%1, %0)\n\t"
                     "movups %%xmm0, 64(%1, %0)\n\tmovups %%xmm0, 80(%1, %0)\n\t"
                     "movups %%xmm0, 96(%1, %0)\n\tmovups %%xmm0, 112(%1, %0)\n\t"
                     "subl $-128, %0\n\t"
                     "jnz 1b"
                     : "+r"(offset)
                     : "r"(to + length)
                     : "memory");
}

__attribute__((noinline)) void arch_copy(void *to, const void *from, size_t length)
{
    uint8_t state[SSE_STATE];
    size_t chunks = length & ~(CHUNK - 1);
    bool overlap = (uintptr_t)to - (uintptr_t)from < length;
    if (length < BLOCK_MIN || overlap || !cpu_features.sse) {
        memmove(to, from, length);
        return;
    }
    bool enabled = fpu_borrow();
    save(state);
    copy_chunks(to, from, chunks);
    restore(state);
    fpu_give_back(enabled);
    memcpy((char *)to + chunks, (const char *)from + chunks, length - chunks);
}

__attribute__((noinline)) void arch_clear(void *to, size_t length)
{
    uint8_t state[SSE_STATE];
    size_t chunks = length & ~(CHUNK - 1);
    if (length < BLOCK_MIN || !cpu_features.sse) {
        memset(to, 0, length);
        return;
    }
    bool enabled = fpu_borrow();
    save(state);
    clear_chunks(to, chunks);
    restore(state);
    fpu_give_back(enabled);
    memset((char *)to + chunks, 0, length - chunks);
}
