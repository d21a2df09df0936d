// SPDX-License-Identifier: MIT
// riscv64 (sv39): how page-table entries are encoded. Pure functions; kernel/pagetable.c is the only user of tables.
// Soft bits: PTE_SOFT_OBJECT, the frame belongs to a memory object; PTE_SOFT_DEVICE, no reference to it is held.
// Accessed and dirty bits are set in advance: the CPU may fault instead of setting them (privileged spec 4.3.1).
#pragma once

#include <abi/object.h>
#include <stdbool.h>
#include <stdint.h>

#define PTE_VALID 0x1ull
#define PTE_READ 0x2ull
#define PTE_WRITE 0x4ull
#define PTE_EXECUTE 0x8ull
#define PTE_USER 0x10ull
#define PTE_HELD 0x20ull // global bit of an invalid entry: holds a page (no access allowed)
#define PTE_ACCESSED 0x40ull
#define PTE_DIRTY 0x80ull
#define PTE_SOFT_OBJECT 0x100ull
#define PTE_SOFT_DEVICE 0x200ull
#define PTE_UNCACHED 0x0ull // physical memory attributes decide
#define PTE_PPN 0x003ffffffffffc00ull

// Inner entries have no write bit: a protected one is invalid to the CPU, and the first access finds out what to do.
#define PTE_TABLE_HIDES true

// Protection bits of a leaf. Writable without readable is reserved, so all but execute-only are readable.
static inline uint64_t pte_rights(unsigned protection)
{
    if (!(protection & PROT_MASK))
        return PTE_HELD;
    uint64_t rights = PTE_VALID | PTE_READ | PTE_USER | PTE_ACCESSED;
    if (protection & PROT_WRITE_BIT)
        rights |= PTE_WRITE | PTE_DIRTY;
    return protection & PROT_EXECUTE_BIT ? rights | PTE_EXECUTE : rights;
}

// `flags`: PTE_SOFT_*, PTE_UNCACHED.
static inline uint64_t pte_leaf(uint64_t frame, unsigned protection, uint64_t flags)
{
    return frame >> 2 | pte_rights(protection) | flags;
}

// Entry at `level` (2: root, 1) for a table.
static inline uint64_t pte_table(uint64_t frame, unsigned level)
{
    (void)level;
    return frame >> 2 | PTE_VALID;
}

static inline bool pte_present(uint64_t entry) { return entry & (PTE_VALID | PTE_HELD); } // holds a page
static inline uint64_t pte_frame(uint64_t entry) { return entry >> 10 << PAGE_SHIFT; } // nothing is above it
static inline bool pte_readable(uint64_t entry) { return entry & PTE_VALID; }
static inline bool pte_writable(uint64_t entry)
{
    return (entry & (PTE_VALID | PTE_WRITE)) == (PTE_VALID | PTE_WRITE);
}
static inline bool pte_executable(uint64_t entry)
{
    return (entry & (PTE_VALID | PTE_EXECUTE)) == (PTE_VALID | PTE_EXECUTE);
}
static inline bool pte_dirty(uint64_t entry) { return entry & PTE_DIRTY; }
static inline bool pte_accessed(uint64_t entry) { return entry & PTE_ACCESSED; }
static inline uint64_t pte_protect(uint64_t entry) { return entry & ~PTE_WRITE; }

// Same page, other protection. Never adds the write bit: whether a page may be written is for a fault to find out.
static inline uint64_t pte_change(uint64_t entry, unsigned protection)
{
    uint64_t kept = entry & (PTE_PPN | PTE_SOFT_OBJECT | PTE_SOFT_DEVICE | PTE_DIRTY);
    uint64_t write = pte_writable(entry) && (protection & PROT_WRITE_BIT) ? PTE_WRITE : 0;
    unsigned others =
        protection & PROT_WRITE_BIT ? (protection & ~PROT_WRITE_BIT) | PROT_READ_BIT : protection;
    return kept | pte_rights(others) | write;
}

// Inner entries of tables shared between spaces (see PTE_TABLE_HIDES).
static inline bool pte_table_writable(uint64_t entry) { return entry & PTE_VALID; }
static inline uint64_t pte_table_protect(uint64_t entry) { return entry & ~PTE_VALID; }
static inline uint64_t pte_table_unprotect(uint64_t entry) { return entry | PTE_VALID; }

// An executable page was mapped since the last fence.i: instruction fetches may still see what its frame held before.
extern bool icache_stale; // paging.c

static inline void pte_store(uint64_t *slot, uint64_t entry)
{
    if (entry & PTE_EXECUTE)
        icache_stale = true;
    __atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static inline void pte_clear(uint64_t *slot) { __atomic_store_n(slot, 0, __ATOMIC_RELAXED); }
