// SPDX-License-Identifier: MIT
// i386 part of struct space. PAE's root has four entries; the CPU loads them with CR3 and does not look again
// (arch_space_changed_root). The fourth is the kernel's page directory, which all spaces share.
#pragma once

#include <arch/types.h>

#define PDPT_ENTRIES 4
#define IO_BITMAP_BYTES 8192

struct arch_space {
    uint64_t pdpt_room[PDPT_ENTRIES + 3]; // holds the pdpt at the first multiple of 32 bytes
    uint32_t cr3;                         // physical address of the pdpt
    uint32_t io_bytes;                    // size of the bitmap; 0: the space has no ports
    uint8_t *io_bitmap;                   // a clear bit is a port that may be used
};

static inline uint64_t *arch_space_root(struct arch_space *space)
{
    return (uint64_t *)(((uintptr_t)space->pdpt_room + 31) & ~31ul);
}
