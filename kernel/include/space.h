// SPDX-License-Identifier: MIT
// Spaces: page tables, the ordered set of regions, and the handle table. space.c owns life and regions,
// pagetable.c the one accessor to page tables, fault.c what a missing or protected page means, clone.c fork's
// copy, copy.c access to user memory by walking tables in software.
#pragma once

#include <arch/space.h> // struct arch_space
#include <handle.h>
#include <list.h>
#include <memory.h>
#include <object.h>
#include <rbtree.h>
#include <work.h>

struct region {
    struct rbtree_node node;  // by start
    unsigned long start, end; // bytes, page aligned
    uint32_t protection;      // PROT_*_BIT
    uint32_t flags;           // MAP_*_BIT
    unsigned long limit;      // grows-down: lowest start
    unsigned long tag;        // the mapper's own word, reported by space_query
    struct memory *memory;    // NULL: private anonymous
    uint64_t offset;          // of start in memory, bytes
    struct list mappings;     // in memory->regions
    struct region_set *set;
};

// The regions of the spaces that clones of each other are, until one of them changes its own (region_set.c).
struct region_set {
    struct rbtree tree;  // of regions
    struct list spaces;  // through space->sharing
    struct quota *quota; // of the set and its regions; reference held
};

struct space {
    struct object object;
    struct quota *quota;
    struct region_set *regions;
    struct list sharing;                                 // in regions->spaces
    struct region *last;                                 // the region that answered last
    uint64_t mapped_pages, resident_pages, table_frames; // the latter two are pagetable.c's
    struct handle_table handles;
    uint32_t
        tasks; // alive; with the last of them go the handles, since nobody is left to name anything by them
    struct arch_space arch;
    struct work work;           // its end, if it is large
    unsigned long release_from; // page tables below are gone
};

struct space *space_create(struct quota *quota);
struct space *space_create_like(struct quota *quota,
                                const struct space *parent); // with its regions, but no pages
struct space *space_clone(struct space *parent, struct quota *quota, int *error);
// Both will write to this page at once: spares each a fault, if it is private and there is memory for a copy.
void space_part_page(struct space *child, struct space *parent, unsigned long address);
void space_destroy(struct object *object);
struct region *space_find(struct space *space, unsigned long address); // containing it, or NULL
long space_map(struct space *space, unsigned long address, unsigned long length, unsigned flags,
               struct memory *memory, uint64_t offset, unsigned long tag, unsigned long limit);
long space_unmap(struct space *space, unsigned long address, unsigned long length);
long space_protect(struct space *space, unsigned long address, unsigned long length, unsigned protection);
long space_query(struct space *space, unsigned long address, uint64_t result[8]);
long space_move(struct space *space, unsigned long from, unsigned long length, unsigned long to,
                unsigned long to_length);
long space_limit(struct space *space, unsigned long address, unsigned long limit);
long space_discard(struct space *space, unsigned long address, unsigned long length);

// Resolves a fault in software, as far as no pager is needed. -> 0 present now; -EFAULT no region;
// -EACCES protection; -ENOMEM frames or quota; -ERANGE beyond the object (bus error); -EINPROGRESS: the
// page must come from the region's pager: *memory and *page name it.
long space_fault(struct space *space, unsigned long address, unsigned access, struct memory **memory,
                 uint64_t *page);
// The same until the page is there for access. -> 0 and the physical address of the byte, or an error as above
long space_page(struct space *space, unsigned long address, unsigned access, uint64_t *physical);

// Software copies; never fault, never block; bring in what needs no pager. -> bytes copied (may be short).
size_t copy_from_space(struct space *space, void *to, unsigned long from, size_t length);
size_t copy_to_space(struct space *space, unsigned long to, const void *from, size_t length);
size_t copy_between_spaces(struct space *to_space, unsigned long to, struct space *from_space,
                           unsigned long from, size_t length);
// The same if all is there, in one page on each side. -> false: nothing copied
bool copy_present(struct space *to_space, unsigned long to, struct space *from_space, unsigned long from,
                  size_t length);
long space_compare_exchange(struct space *space, unsigned long address, uint32_t expected, uint32_t desired,
                            uint32_t *found);
