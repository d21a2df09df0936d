// SPDX-License-Identifier: MIT
// The one accessor to page tables. Nobody else reads or writes an entry. It counts resident pages and tables,
// holds one reference to each page's frame per entry (except PTE_SOFT_DEVICE), flushes, and keeps leaf tables
// that two spaces share after a clone apart: whoever changes one gets a table of its own first.
#pragma once

#include <arch/pte.h>
#include <space.h>

#define PAGETABLE_SPAN                                                                                       \
    (512 * PAGE_SIZE) // bytes that a leaf table covers; clone and release go best by whole ones

// A cleared frame for a table that the architecture itself fills (a root), and back: cleared again, or freed.
struct frame *pagetable_take(struct quota *quota);
void pagetable_give(struct frame *frame);

// The entry as the CPU sees it (not writable in a shared table), 0 if there is none.
uint64_t pagetable_lookup(struct space *space, unsigned long address);
// Lets the CPU read a page that is there, in a table that was hidden from it (PTE_TABLE_HIDES).
void pagetable_reveal(struct space *space, unsigned long address);
// Place of an entry that may be changed; makes tables. NULL: no memory
uint64_t *pagetable_slot(struct space *space, unsigned long address);
// Fills an empty place. Takes over the caller's reference to the frame.
void pagetable_enter(struct space *space, unsigned long address, uint64_t *slot, uint64_t entry);
// Changes a page in place, or for another: the old one's reference is dropped, the new one's taken over.
void pagetable_replace(struct space *space, unsigned long address, uint64_t *slot, uint64_t entry);

// Makes the tables that unmapping, or changing, [start, end) would have to split this space's own. -> 0 or -ENOMEM
long pagetable_own_edges(struct space *space, unsigned long start, unsigned long end);
long pagetable_own(struct space *space, unsigned long start, unsigned long end);
// These cannot fail after the functions above, until something else allocates.
void pagetable_unmap(struct space *space, unsigned long start, unsigned long end);
void pagetable_protect(struct space *space, unsigned long start, unsigned long end, unsigned protection);

// Unmaps pages of memory objects only. Never fails: shared tables hold none.
void pagetable_unmap_objects(struct space *space, unsigned long start, unsigned long end);

// Moves pages; nothing may be at `to`. -> 0, or -ENOMEM with nothing moved
long pagetable_move(struct space *space, unsigned long from, unsigned long length, unsigned long to);
uint64_t pagetable_count(struct space *space, unsigned long start, unsigned long end);

// Gives child the private pages of [start, end) of a region, both then copy on write; pages of objects, read only,
// where a table has few of them. The caller flushes parent when all is done. -> 0 or -ENOMEM
long pagetable_clone(struct space *child, struct space *parent, unsigned long start, unsigned long end);

// Takes the tables of [start, end) apart until about *budget entries are done; what is left of it remains there.
// -> where to go on, or end
unsigned long pagetable_release(struct space *space, unsigned long start, unsigned long end,
                                unsigned *budget);
