// SPDX-License-Identifier: MIT
// The ordered set of a space's regions: searching, splitting, merging. Pages are not its concern (space.c). Several
// spaces can share a set: who changes anything in it owns it first.
#pragma once

#include <space.h>

#define REGION_FLAGS (MAP_SHARED_BIT | MAP_GROWSDOWN_BIT | MAP_MAYWRITE_BIT | MAP_DEVICE_BIT)

static inline bool region_set_shared(const struct region_set *set)
{
    return set->spaces.next != set->spaces.previous;
}

bool regions_init(struct space *space);                              // an empty set. -> false: no memory
bool regions_clone(struct space *child, const struct space *parent); // -> false: no memory
bool regions_own(struct space *space); // -> false: no memory. Else pointers to regions may be stale
// The end of it, in steps of so many regions. -> false: call it again
bool regions_leave(struct space *space, unsigned budget);

struct region *region_create(struct region_set *set);                    // NULL: no memory
void region_free(struct region *region);                                 // in no tree; drops its memory
struct region *region_above(struct space *space, unsigned long address); // first that ends above address
struct region *region_lowest(const struct space *space);
struct region *region_next(const struct region *region);
struct region *region_previous(const struct region *region);
bool region_overlaps(struct space *space, unsigned long start, unsigned long end);
void region_set_memory(struct region *region, struct memory *memory, uint64_t offset);
void region_insert(struct space *space, struct region *region); // its range must be free
void region_remove(struct region *region);
// Copies all but the place: the new region stands in no tree.
void region_copy(struct region *to, const struct region *from);
// Splits the region that contains address (not at its start) there, with *spare, which is NULL afterwards.
void region_split(struct space *space, unsigned long address, struct region **spare);
// Joins region with neighbours that continue it. -> the region that is left
struct region *region_merge(struct region *region);
// Takes all regions out of [start, end), splitting at the edges with *spare if one covers more than it on both sides.
void region_clear(struct space *space, unsigned long start, unsigned long end, struct region **spare);
// A free range. -> its start, or 0
unsigned long region_gap(struct space *space, unsigned long hint, unsigned long length, bool below);
// The tables' worth of addresses that holds the region's pages, from *start on. -> false: all of it lies below *start
bool region_span(const struct region *region, unsigned long *start, unsigned long *end);
