// SPDX-License-Identifier: MIT
// example: how page-table entries are encoded. Pure functions; the generic walker is the only user of tables. Tables
// have three levels of 512 64-bit entries on every architecture.
#pragma once

#include <abi/object.h>
#include <stdbool.h>
#include <stdint.h>

#define PTE_VALID 0x1ull
#define PTE_READ 0x2ull
#define PTE_WRITE 0x4ull
#define PTE_EXECUTE 0x8ull
#define PTE_HELD 0x10ull        // not valid to the CPU, but holds a page (no access allowed)
#define PTE_SOFT_OBJECT 0x20ull // free for software: the frame belongs to a memory object
#define PTE_SOFT_DEVICE 0x40ull // free for software: no reference to the frame is held
#define PTE_UNCACHED 0x80ull    // pte_leaf() flag
#define PTE_FRAME 0x000ffffffffff000ull

// Without a write bit in inner entries, a protected one is invalid to the CPU: the first access finds out what to do.
#define PTE_TABLE_HIDES true

static inline uint64_t pte_rights(unsigned protection)
{
    if (!(protection & PROT_MASK))
        return PTE_HELD;
    uint64_t rights = PTE_VALID | PTE_READ;
    if (protection & PROT_WRITE_BIT)
        rights |= PTE_WRITE;
    return protection & PROT_EXECUTE_BIT ? rights | PTE_EXECUTE : rights;
}

// `flags`: PTE_SOFT_*, PTE_UNCACHED.
static inline uint64_t pte_leaf(uint64_t frame, unsigned protection, uint64_t flags)
{
    return frame | pte_rights(protection) | flags;
}

// Entry at `level` (2: root, 1) for a table.
static inline uint64_t pte_table(uint64_t frame, unsigned level)
{
    (void)level;
    return frame | PTE_VALID;
}

static inline bool pte_present(uint64_t entry) { return entry & (PTE_VALID | PTE_HELD); } // holds a page
static inline uint64_t pte_frame(uint64_t entry) { return entry & PTE_FRAME; }
static inline bool pte_readable(uint64_t entry) { return entry & PTE_READ; }
static inline bool pte_writable(uint64_t entry) { return entry & PTE_WRITE; }
static inline bool pte_executable(uint64_t entry) { return entry & PTE_EXECUTE; }
static inline bool pte_dirty(uint64_t entry)
{
    return entry & PTE_WRITE;
} // no dirty bit: it may have been written
static inline bool pte_accessed(uint64_t entry) { return entry & PTE_VALID; }
static inline uint64_t pte_protect(uint64_t entry) { return entry & ~PTE_WRITE; }

// Same page, other protection. Never adds the write bit: whether a page may be written is for a fault to find out.
static inline uint64_t pte_change(uint64_t entry, unsigned protection)
{
    uint64_t kept = entry & (PTE_FRAME | PTE_SOFT_OBJECT | PTE_SOFT_DEVICE | PTE_UNCACHED);
    uint64_t rights = pte_rights(protection);
    return kept | (pte_writable(entry) ? rights : rights & ~PTE_WRITE);
}

// Inner entries of tables shared between spaces (see PTE_TABLE_HIDES).
static inline bool pte_table_writable(uint64_t entry) { return entry & PTE_VALID; }
static inline uint64_t pte_table_protect(uint64_t entry) { return entry & ~PTE_VALID; }
static inline uint64_t pte_table_unprotect(uint64_t entry) { return entry | PTE_VALID; }

// The CPU may read an entry while it is written.
static inline void pte_store(uint64_t *slot, uint64_t entry)
{
    __atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static inline void pte_clear(uint64_t *slot) { __atomic_store_n(slot, 0, __ATOMIC_RELAXED); }
