// SPDX-License-Identifier: MIT
// Inside the accessor to page tables: tables as such (table.c), which pagetable.c walks and fills. Nobody else
// includes this but at_hand.h, for table_lookup.
#pragma once

#include <frame.h>
#include <inline.h>
#include <pagetable.h>

#define ENTRIES 512u
#define SOFT (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE)
#define LEAF_SPAN PAGETABLE_SPAN
#define MIDDLE_SPAN (ENTRIES * LEAF_SPAN) // bytes that the table above it covers

static inline unsigned root_index(unsigned long address)
{
    return (unsigned)((uint64_t)address / MIDDLE_SPAN);
}
static inline unsigned middle_index(unsigned long address) { return (address / LEAF_SPAN) % ENTRIES; }
static inline unsigned leaf_index(unsigned long address) { return (address / PAGE_SIZE) % ENTRIES; }

static inline uint64_t *table_of(uint64_t entry) { return direct_address(pte_frame(entry)); }

// The descriptor of the table that slot lies in.
static inline struct frame *table_frame(const uint64_t *slot) { return frame_of_direct(slot); }

static inline bool table_shared(const struct frame *table) { return table->references > 1; }

#define GROUP (ENTRIES / 32u) // entries for each bit of `used`

// The first index from this one on that may be in use, ENTRIES if there is none.
static inline unsigned table_first(const struct frame *table, unsigned index)
{
    uint32_t left = index < ENTRIES ? table->table.used >> (index / GROUP) : 0;
    if (!left)
        return ENTRIES;
    return left & 1 ? index : (index / GROUP + (unsigned)__builtin_ctz(left)) * GROUP;
}

// Where the run of entries ends that may be in use from this one on.
static inline unsigned table_run_end(unsigned index, unsigned last)
{
    unsigned end = (index | (GROUP - 1)) + 1;
    return end < last ? end : last;
}

// Those of [first, last) that may be in use.
#define for_each_used(index, table, first, last)                                                             \
    for (unsigned index = table_first(table, first); index < (last);                                         \
         index = (index + 1) % GROUP ? index + 1 : table_first(table, index + 1))

static inline void table_note_used(struct frame *table, unsigned index)
{
    table->table.present++;
    table->table.used |= 1u << (index / GROUP);
}

static inline void table_note_run(struct frame *table, unsigned first, unsigned count)
{
    table->table.present = (uint16_t)(table->table.present + count);
    table->table.used |= (uint32_t)((2ull << (first + count - 1) / GROUP) - (1ull << first / GROUP));
}

static inline void table_note_unused(struct frame *table, unsigned count)
{
    table->table.present = (uint16_t)(table->table.present - count);
    if (table->table.present == 0)
        table->table.used = 0;
}

// [first, last) is empty now.
static inline void table_note_empty(struct frame *table, unsigned first, unsigned last)
{
    unsigned low = (first + GROUP - 1) / GROUP, high = last / GROUP;
    if (low < high)
        table->table.used &= ~(uint32_t)((1ull << high) - (1ull << low));
}

// A directory is the inner entry that holds, or is to hold, the leaf table of an address.
static inline uint64_t *directory_find(struct space *space, unsigned long address)
{
    uint64_t root = arch_space_root(&space->arch)[root_index(address)];
    return root ? &table_of(root)[middle_index(address)] : NULL;
}

// pagetable_lookup, for paths on which a function call counts.
INLINE uint64_t table_lookup(struct space *space, unsigned long address)
{
    uint64_t root = arch_space_root(&space->arch)[root_index(address)];
    uint64_t directory = root ? table_of(root)[middle_index(address)] : 0;
    if (!directory)
        return 0;
    uint64_t entry = table_of(directory)[leaf_index(address)];
    return pte_table_writable(directory) ? entry : pte_protect(entry);
}

uint64_t *directory_make(struct space *space, unsigned long address); // may be empty. NULL: no memory
// Puts a leaf table, of one's own, in an empty directory. -> false: no memory; a table above made for it is gone, too
bool directory_fill(struct space *space, unsigned long address, uint64_t *directory);
void directory_set(uint64_t *directory, uint64_t entry);
// `count` directories, from that of address on, are empty now: their leaf tables are not this space's any more. Frees
// the table above with its last entry. The CPU may remember inner entries, so the space is flushed before a table is
// used for anything else.
void directory_cleared(struct space *space, unsigned long address, uint64_t *directory, unsigned count);
void directory_clear_empty(struct space *space, unsigned long address, uint64_t *directory,
                           struct frame *table);
void table_protect_leaves(struct frame *table);                             // those of private pages
void table_copy_leaves(struct frame *to, struct frame *from, bool objects); // objects: their pages, too
bool table_own(struct space *space,
               uint64_t *directory); // makes the leaf table the space's own. -> false: no memory
