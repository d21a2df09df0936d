// SPDX-License-Identifier: MIT
// Spaces: their life, and the operations on their regions. Each operation first gets all the memory it may need
// and only then changes anything.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <pagetable.h>
#include <region.h>

#define RELEASE_BUDGET 1024u // page-table entries or regions that one step takes apart
#define POPULATE_PAGES 1024u // MAP_POPULATE brings in at most these; the rest comes on demand

// --- life ---------------------------------------------------------------------------------------------------------

struct space *space_create_like(struct quota *quota, const struct space *parent)
{
    struct space *space = kmalloc(quota, sizeof *space);
    if (!space)
        return NULL;
    space->quota = quota;
    if (arch_space_init(space) < 0)
        goto no_root;
    if (parent ? !regions_clone(space, parent) : !regions_init(space))
        goto no_regions;
    object_get(&quota->object);
    object_init(&space->object, HANDLE_SPACE);
    return space;
no_regions:
    arch_space_release(space);
no_root:
    kfree(quota, space, sizeof *space);
    return NULL;
}

struct space *space_create(struct quota *quota) { return space_create_like(quota, NULL); }

// Where regions are, pages can be. -> false: none left
static bool release_pages(struct space *space, unsigned budget)
{
    const struct region *region = region_above(space, space->release_from);
    for (; region && budget && space->resident_pages; region = region_next(region)) {
        unsigned long end;
        if (region_span(region, &space->release_from, &end))
            space->release_from = pagetable_release(space, space->release_from, end, &budget);
    }
    assert(budget == 0 || space->resident_pages == 0);
    return space->resident_pages != 0;
}

static bool release_step(struct work *work)
{
    struct space *space = container_of(work, struct space, work);
    if (space->resident_pages && release_pages(space, RELEASE_BUDGET))
        return true;
    if (!regions_leave(space, RELEASE_BUDGET / 8))
        return true;
    assert(space->resident_pages == 0 && space->table_frames == 0);
    struct quota *quota = space->quota;
    arch_space_release(space);
    kfree(quota, space, sizeof *space);
    object_put(&quota->object);
    return false;
}

void space_destroy(struct object *object)
{
    struct space *space = container_of(object, struct space, object);
    handle_table_release(space);
    space->last = NULL;
    space->work.step = release_step;
    if (release_step(&space->work))
        work_queue(&space->work);
}

// --- mapping ------------------------------------------------------------------------------------------------------

// Rounds *length up to pages. -> false: the range is empty, not aligned or leaves user space
static bool good_range(unsigned long address, unsigned long *length)
{
    if ((address & ~PAGE_MASK) || *length == 0 || *length > USER_END || address > USER_END - *length)
        return false;
    *length = (*length + PAGE_SIZE - 1) & PAGE_MASK;
    return true;
}

static bool good_mapping(unsigned long length, unsigned flags, const struct memory *memory, uint64_t offset)
{
    if (!memory)
        return !(flags & MAP_SHARED_BIT);
    return !(offset & (PAGE_SIZE - 1)) && !(flags & MAP_GROWSDOWN_BIT) && offset <= MEMORY_SIZE_MAX &&
           length <= MEMORY_SIZE_MAX - offset;
}

// Private pages of objects are not copied yet: only a write does that.
static void populate(struct space *space, unsigned long start, unsigned long end, unsigned flags,
                     const struct memory *memory)
{
    bool write = (flags & PROT_WRITE_BIT) && (!memory || (flags & MAP_SHARED_BIT));
    unsigned access = write ? ACCESS_WRITE : ACCESS_READ;
    if (end - start > POPULATE_PAGES * PAGE_SIZE)
        end = start + POPULATE_PAGES * PAGE_SIZE;
    if (!(flags & PROT_MASK))
        return;
    for (unsigned long address = start; address < end; address += PAGE_SIZE) {
        long error = space_fault(space, address, access, NULL, NULL);
        if (error < 0 && error != -EINPROGRESS)
            return;
    }
}

// Large anonymous memory shares no page table with anything above it, so that a clone can share its tables.
static unsigned long gap_of_whole_tables(struct space *space, unsigned long address, unsigned long length)
{
    unsigned long room = length + PAGETABLE_SPAN - PAGE_SIZE, start = region_gap(space, address, room, true);
    return start ? ((start + room) & ~(PAGETABLE_SPAN - 1)) - length : 0;
}

// Where the mapping goes, or an error.
static long place(struct space *space, unsigned long address, unsigned long *length, unsigned flags,
                  const struct memory *memory)
{
    if (flags & MAP_FIXED_BIT) {
        if (!good_range(address, length))
            return *length > USER_END || address >= USER_END ? -ENOMEM : -EINVAL;
        bool occupied = (flags & MAP_NOREPLACE_BIT) && region_overlaps(space, address, address + *length);
        return occupied ? -EEXIST : (long)address;
    }
    if (*length == 0)
        return -EINVAL;
    if (*length > USER_END - PAGE_SIZE)
        return -ENOMEM;
    *length = (*length + PAGE_SIZE - 1) & PAGE_MASK;
    bool below = flags & MAP_BELOW_BIT;
    unsigned long found = 0;
    if (below && !memory && *length >= PAGETABLE_SPAN && *length < USER_END - PAGETABLE_SPAN)
        found = gap_of_whole_tables(space, address, *length);
    if (!found)
        found = region_gap(space, address, *length, below);
    return found ? (long)found : -ENOMEM;
}

static uint64_t pages_of_regions(struct space *space, unsigned long start, unsigned long end)
{
    uint64_t pages = 0;
    for (const struct region *region = region_above(space, start); region && region->start < end;
         region = region_next(region)) {
        unsigned long first = region->start > start ? region->start : start;
        unsigned long last = region->end < end ? region->end : end;
        pages += (last - first) >> PAGE_SHIFT;
    }
    return pages;
}

// Commit part of unmapping: the tables' edges are this space's own, *spare is there.
static void clear(struct space *space, unsigned long start, unsigned long end, struct region **spare)
{
    space->mapped_pages -= pages_of_regions(space, start, end);
    region_clear(space, start, end, spare);
    pagetable_unmap(space, start, end);
}

long space_map(struct space *space, unsigned long address, unsigned long length, unsigned flags,
               struct memory *memory, uint64_t offset, unsigned long tag, unsigned long limit)
{
    long start = place(space, address, &length, flags, memory);
    if (IS_ERROR(start))
        return start;
    if (!good_mapping(length, flags, memory, offset))
        return -EINVAL;
    unsigned long end = (unsigned long)start + length;
    struct region *region = regions_own(space) ? region_create(space->regions) : NULL, *spare = NULL;
    if (!region)
        return -ENOMEM;
    bool replaces = region_overlaps(space, (unsigned long)start, end);
    if (replaces) {
        spare = region_create(space->regions);
        if (!spare || pagetable_own_edges(space, (unsigned long)start, end) < 0) {
            region_free(spare);
            region_free(region);
            return -ENOMEM;
        }
        clear(space, (unsigned long)start, end, &spare); // commit point
        region_free(spare);
    }
    region->start = (unsigned long)start;
    region->end = end;
    region->protection = flags & PROT_MASK;
    region->flags = flags & REGION_FLAGS;
    if (!(flags & MAP_SHARED_BIT))
        region->flags |= MAP_MAYWRITE_BIT;
    if ((flags & MAP_SHARED_BIT) && (flags & PROT_WRITE_BIT))
        region->flags |= MAP_MAYWRITE_BIT;
    if (memory && memory->kind == MEMORY_PHYSICAL)
        region->flags |= MAP_DEVICE_BIT;
    region->tag = tag;
    region->limit = flags & MAP_GROWSDOWN_BIT ? (limit + PAGE_SIZE - 1) & PAGE_MASK : 0;
    region_set_memory(region, memory, offset);
    region_insert(space, region);
    space->mapped_pages += length >> PAGE_SHIFT;
    region_merge(region);
    if (flags & MAP_POPULATE_BIT)
        populate(space, (unsigned long)start, end, flags, memory);
    return start;
}

long space_unmap(struct space *space, unsigned long address, unsigned long length)
{
    if (!good_range(address, &length))
        return -EINVAL;
    unsigned long end = address + length;
    struct region *spare = NULL;
    if (!region_overlaps(space, address, end))
        return 0;
    if (!regions_own(space))
        return -ENOMEM;
    const struct region *region = region_above(space, address);
    if (region->start < address && region->end > end) {
        spare = region_create(space->regions);
        if (!spare)
            return -ENOMEM;
    }
    if (pagetable_own_edges(space, address, end) < 0) {
        region_free(spare);
        return -ENOMEM;
    }
    clear(space, address, end, &spare);
    return 0;
}

// --- changing -----------------------------------------------------------------------------------------------------

// All of [start, end) is mapped?
static bool covered(struct space *space, unsigned long start, unsigned long end)
{
    return pages_of_regions(space, start, end) == (end - start) >> PAGE_SHIFT;
}

static long may_protect(struct space *space, unsigned long start, unsigned long end, unsigned protection)
{
    if (!covered(space, start, end))
        return -ENOMEM;
    for (const struct region *region = region_above(space, start); region && region->start < end;
         region = region_next(region))
        if ((protection & PROT_WRITE_BIT) && !(region->flags & MAP_MAYWRITE_BIT))
            return -EACCES;
    return 0;
}

static void protect_regions(struct space *space, unsigned long start, unsigned long end, unsigned protection)
{
    struct region *region = region_above(space, start);
    while (region && region->start < end) {
        region->protection = protection;
        region = region_next(region_merge(region));
    }
    if (region)
        region_merge(region);
}

long space_protect(struct space *space, unsigned long address, unsigned long length, unsigned protection)
{
    if (length == 0)
        return 0;
    if (!good_range(address, &length))
        return -EINVAL;
    unsigned long end = address + length;
    long error = may_protect(space, address, end, protection);
    if (error)
        return error;
    if (!regions_own(space))
        return -ENOMEM;
    struct region *first = region_create(space->regions), *last = region_create(space->regions);
    if (!first || !last || pagetable_own(space, address, end) < 0) {
        region_free(first);
        region_free(last);
        return -ENOMEM;
    }
    // Nothing fails from here on.
    if (region_above(space, address)->start < address)
        region_split(space, address, &first);
    struct region *tail = region_above(space, end - 1);
    if (tail->end > end)
        region_split(space, end, &last);
    protect_regions(space, address, end, protection);
    pagetable_protect(space, address, end, protection);
    region_free(first);
    region_free(last);
    return 0;
}

long space_query(struct space *space, unsigned long address, uint64_t result[8])
{
    const struct region *region = region_above(space, address);
    if (!region)
        return -ENOENT;
    result[0] = region->start;
    result[1] = region->end;
    result[2] = region->protection | region->flags;
    result[3] = region->tag;
    result[4] = region->memory ? region->memory->object.identity : 0;
    result[5] = region->offset;
    result[6] = pagetable_count(space, region->start, region->end);
    result[7] = region->limit;
    return 0;
}

static long good_move(struct space *space, unsigned long from, unsigned long *length, unsigned long to,
                      unsigned long *to_length)
{
    if (!good_range(from, length) || !good_range(to, to_length))
        return -EINVAL;
    const struct region *region = space_find(space, from);
    if (!region || region->end < from + *length)
        return -EFAULT;
    if (region_overlaps(space, to, to + *to_length))
        return -EEXIST;
    if (!good_mapping(*to_length, region->flags, region->memory, region->offset + (from - region->start)))
        return -EINVAL;
    return 0;
}

// A move to where it is: the region goes on further, if it ends there and nothing follows.
static long grow(struct space *space, unsigned long from, unsigned long length, unsigned long to_length)
{
    if (!good_range(from, &length) || !good_range(from, &to_length) || to_length < length)
        return -EINVAL;
    struct region *region = space_find(space, from);
    if (!region || region->end < from + length)
        return -EFAULT;
    if (to_length == length)
        return (long)from;
    if (region->end > from + length || region_overlaps(space, from + length, from + to_length))
        return -EEXIST;
    if (!good_mapping(from + to_length - region->start, region->flags & ~MAP_GROWSDOWN_BIT, region->memory,
                      region->offset))
        return -EINVAL;
    if (!regions_own(space))
        return -ENOMEM;
    region = space_find(space, from);
    region->end = from + to_length;
    space->mapped_pages += (to_length - length) >> PAGE_SHIFT;
    region_merge(region);
    return (long)from;
}

long space_move(struct space *space, unsigned long from, unsigned long length, unsigned long to,
                unsigned long to_length)
{
    if (to == from)
        return grow(space, from, length, to_length);
    long error = good_move(space, from, &length, to, &to_length);
    if (error)
        return error;
    if (!regions_own(space))
        return -ENOMEM;
    struct region *moved = region_create(space->regions), *spare = region_create(space->regions);
    unsigned long kept = length < to_length ? length : to_length;
    if (!moved || !spare || pagetable_own(space, from, from + length) < 0 ||
        pagetable_move(space, from, kept, to) < 0) {
        region_free(moved);
        region_free(spare);
        return -ENOMEM;
    }
    // Nothing fails from here on.
    const struct region *old = space_find(space, from);
    region_copy(moved, old);
    if (moved->memory)
        moved->offset += from - old->start;
    moved->start = to;
    moved->end = to + to_length;
    clear(space, from, from + length, &spare);
    region_free(spare);
    region_insert(space, moved);
    space->mapped_pages += to_length >> PAGE_SHIFT;
    region_merge(moved);
    return (long)to;
}

// A changed stack limit holds for the stack that is there already.
long space_limit(struct space *space, unsigned long address, unsigned long limit)
{
    if (!regions_own(space))
        return -ENOMEM;
    struct region *region = region_above(space, address);
    if (!region || region->start > address)
        return -ENOENT;
    if (!(region->flags & MAP_GROWSDOWN_BIT))
        return -EINVAL;
    region->limit = limit >= region->end ? region->start : (limit + PAGE_SIZE - 1) & PAGE_MASK;
    return 0;
}

long space_discard(struct space *space, unsigned long address, unsigned long length)
{
    if (length == 0)
        return 0;
    if (!good_range(address, &length))
        return -EINVAL;
    if (pagetable_own_edges(space, address, address + length) < 0)
        return -ENOMEM;
    pagetable_unmap(space, address, address + length);
    return covered(space, address, address + length) ? 0 : -ENOMEM;
}
