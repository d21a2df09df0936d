// SPDX-License-Identifier: MIT
// i386 (PAE): how page-table entries are encoded. Pure functions; kernel/pagetable.c is the only user of tables.
// Soft bits: PTE_SOFT_OBJECT, the frame belongs to a memory object; PTE_SOFT_DEVICE, no reference to it is held.
#pragma once

#include <abi/object.h>
#include <stdbool.h>
#include <stdint.h>

#define PTE_PRESENT 0x1ull
#define PTE_WRITE 0x2ull
#define PTE_USER 0x4ull
#define PTE_UNCACHED 0x18ull // write-through and cache-disable: pte_leaf() flag
#define PTE_ACCESSED 0x20ull
#define PTE_DIRTY 0x40ull
#define PTE_HELD 0x100ull // not present to the CPU, but holds a page (no access allowed)
#define PTE_SOFT_OBJECT 0x200ull
#define PTE_SOFT_DEVICE 0x400ull
#define PTE_FRAME 0x000ffffffffff000ull

// In inner entries the CPU combines the write bit with the leaf's: a shared table is protected there.
#define PTE_TABLE_HIDES false

extern uint64_t arch_nx; // bit 63 if the CPU has execute protection and it is on, else 0

// Protection bits of a present leaf; x86 has no write-only or execute-only pages.
static inline uint64_t pte_rights(unsigned protection)
{
    uint64_t rights = protection & PROT_MASK ? PTE_PRESENT | PTE_USER | PTE_ACCESSED : PTE_HELD;
    if (protection & PROT_WRITE_BIT)
        rights |= PTE_WRITE | PTE_DIRTY;
    return protection & PROT_EXECUTE_BIT ? rights : rights | arch_nx;
}

// `flags`: PTE_SOFT_*, PTE_UNCACHED.
static inline uint64_t pte_leaf(uint64_t frame, unsigned protection, uint64_t flags)
{
    return frame | pte_rights(protection) | flags;
}

// Entry at `level` (2: root, 1) for a table. Root entries are PDPTEs, which know only the present bit.
static inline uint64_t pte_table(uint64_t frame, unsigned level)
{
    return frame | (level == 2 ? PTE_PRESENT : PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED);
}

static inline bool pte_present(uint64_t entry) { return entry & (PTE_PRESENT | PTE_HELD); } // holds a page
static inline uint64_t pte_frame(uint64_t entry) { return entry & PTE_FRAME; }
static inline bool pte_readable(uint64_t entry) { return entry & PTE_PRESENT; }
static inline bool pte_writable(uint64_t entry)
{
    return (entry & (PTE_PRESENT | PTE_WRITE)) == (PTE_PRESENT | PTE_WRITE);
}
static inline bool pte_executable(uint64_t entry) { return pte_readable(entry) && !(entry & arch_nx); }
static inline bool pte_dirty(uint64_t entry) { return entry & PTE_DIRTY; }
static inline bool pte_accessed(uint64_t entry) { return entry & PTE_ACCESSED; }
static inline uint64_t pte_protect(uint64_t entry) { return entry & ~PTE_WRITE; }

// Same page, other protection. Never adds the write bit: whether a page may be written is for a fault to find out.
static inline uint64_t pte_change(uint64_t entry, unsigned protection)
{
    uint64_t kept = entry & (PTE_FRAME | PTE_SOFT_OBJECT | PTE_SOFT_DEVICE | PTE_UNCACHED | PTE_DIRTY);
    uint64_t write = pte_writable(entry) && (protection & PROT_WRITE_BIT) ? PTE_WRITE : 0;
    unsigned others =
        protection & PROT_WRITE_BIT ? (protection & ~PROT_WRITE_BIT) | PROT_READ_BIT : protection;
    return kept | pte_rights(others) | write;
}

// Inner entries of tables shared between spaces (see PTE_TABLE_HIDES).
static inline bool pte_table_writable(uint64_t entry) { return entry & PTE_WRITE; }
static inline uint64_t pte_table_protect(uint64_t entry) { return entry & ~PTE_WRITE; }
static inline uint64_t pte_table_unprotect(uint64_t entry) { return entry | PTE_WRITE; }

// The CPU may read an entry while it is written: its lower half, which holds the present bit, goes last.
static inline void pte_store(uint64_t *slot, uint64_t entry)
{
    volatile uint32_t *half = (volatile uint32_t *)slot;
    half[0] = 0;
    half[1] = (uint32_t)(entry >> 32);
    half[0] = (uint32_t)entry;
}

static inline void pte_clear(uint64_t *slot)
{
    volatile uint32_t *half = (volatile uint32_t *)slot;
    half[0] = 0;
    half[1] = 0;
}
