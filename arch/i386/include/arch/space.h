// SPDX-License-Identifier: MIT
// i386 part of struct space. PAE's four root entries are made by the generic walker in `root` in the format of
// every other table entry; the CPU reads `pdpt`, whose entries must not have the permission bits
// (arch_space_changed_root copies). The fourth is the kernel's page directory, which all spaces share.
#pragma once

#include <arch/types.h>

#define PDPT_ENTRIES 4
#define IO_BITMAP_BYTES 8192

struct arch_space {
    uint64_t root[PAGE_TABLE_ROOT_ENTRIES];
    uint64_t pdpt_room[PDPT_ENTRIES + 3]; // holds the pdpt at the first multiple of 32 bytes
    uint32_t cr3;                         // physical address of the pdpt
    uint32_t io_bytes;                    // how much of the bitmap the space needs; 0: it has no ports
    uint8_t *io_bitmap;                   // IO_BITMAP_BYTES, a clear bit is a port that may be used
};
