// SPDX-License-Identifier: MIT
// What a missing or protected page means: zero-fill, copy on write, stack growth, a page of an object, or an error.
// Copy on write is "not exclusively mine means copy": a private page may be written if nobody else refers to it.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <pagetable.h>
#include <region.h>
#include <string.h>

#define STACK_GAP (256 * PAGE_SIZE) // kept free between a growing stack and what is below, as in Linux
#define AROUND 16u // pages of an object mapped at one fault: those present, in this aligned block

#define SOFT (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE)

struct fault {
    struct space *space;
    struct region *region;
    unsigned long address; // of the page
    unsigned access;
};

// The stack above address, grown down to it. -> NULL: there is none, or it may not
static struct region *grow_stack(struct space *space, unsigned long address)
{
    struct region *region = region_above(space, address);
    if (!region || !(region->flags & MAP_GROWSDOWN_BIT) || address < region->limit)
        return NULL;
    const struct region *below = region_previous(region);
    if (below && below->protection && !(below->flags & MAP_GROWSDOWN_BIT) && address - below->end < STACK_GAP)
        return NULL;
    space->mapped_pages += (region->start - address) >> PAGE_SHIFT;
    region->start = address;
    return region;
}

static bool allowed(const struct region *region, unsigned access)
{
    if (!(region->protection & PROT_MASK))
        return false;
    if ((access & ACCESS_WRITE) && !(region->protection & PROT_WRITE_BIT))
        return false;
    return !(access & ACCESS_EXECUTE) || (region->protection & PROT_EXECUTE_BIT);
}

static uint64_t page_index(const struct region *region, unsigned long address)
{
    return (region->offset + (address - region->start)) >> PAGE_SHIFT;
}

// --- private pages ------------------------------------------------------------------------------------------------

static struct frame *copy_page(struct space *space, uint64_t physical)
{
    struct frame *copy = frame_alloc(space->quota, 0, 0);
    if (!copy)
        return NULL;
    uint64_t to = frame_address(copy);
    memcpy(window_open(to, 1), window_open(physical, 0), PAGE_SIZE);
    window_close(to, 1);
    window_close(physical, 0);
    return copy;
}

static long fill_private(struct fault *fault, struct frame *frame)
{
    if (!frame)
        return -ENOMEM;
    uint64_t *slot = pagetable_slot(fault->space, fault->address);
    if (!slot) {
        frame_put(frame);
        return -ENOMEM;
    }
    pagetable_enter(fault->space, fault->address, slot,
                    pte_leaf(frame_address(frame), fault->region->protection, 0));
    return 0;
}

// A write to a present page that is protected, in a region that allows it.
static long write_protected(struct fault *fault, uint64_t *slot)
{
    uint64_t entry = *slot, physical = pte_frame(entry);
    unsigned protection = fault->region->protection;
    bool mine = !(entry & SOFT) && frame_of(physical)->references == 1;
    if (mine || (fault->region->flags & MAP_SHARED_BIT)) {
        entry = pte_leaf(physical, protection, entry & (SOFT | PTE_UNCACHED));
        pagetable_replace(fault->space, fault->address, slot, entry);
        return 0;
    }
    struct frame *copy = copy_page(fault->space, physical);
    if (!copy)
        return -ENOMEM;
    pagetable_replace(fault->space, fault->address, slot, pte_leaf(frame_address(copy), protection, 0));
    return 0;
}

// --- pages of objects -----------------------------------------------------------------------------------------------

// The entry for a page of the region's object that is there. -> 0: it is not
static uint64_t object_entry(const struct region *region, uint64_t page, unsigned protection)
{
    struct memory *memory = region->memory;
    if (memory->kind != MEMORY_PHYSICAL) {
        struct frame *frame = memory_present(memory, page);
        if (!frame)
            return 0;
        frame_get(frame);
        return pte_leaf(frame_address(frame), protection, PTE_SOFT_OBJECT);
    }
    if (page << PAGE_SHIFT >= memory->size)
        return 0;
    uint64_t flags = memory->flags & MEMORY_UNCACHED ? PTE_SOFT_DEVICE | PTE_UNCACHED : PTE_SOFT_DEVICE;
    return pte_leaf(memory->physical + (page << PAGE_SHIFT), protection, flags);
}

// Writes to private mappings and the first one to a page that has a pager must fault.
static unsigned object_protection(const struct fault *fault)
{
    const struct region *region = fault->region;
    bool write = (region->flags & MAP_SHARED_BIT) &&
                 ((fault->access & ACCESS_WRITE) || region->memory->kind != MEMORY_PAGED);
    return write ? region->protection : region->protection & ~PROT_WRITE_BIT;
}

// Neighbours lie in the same table as the page that faulted, whose place is slot.
static void map_around(struct fault *fault, uint64_t *slot, unsigned protection)
{
    const struct region *region = fault->region;
    unsigned long start = fault->address & ~(AROUND * PAGE_SIZE - 1), end = start + AROUND * PAGE_SIZE;
    if (start < region->start)
        start = region->start;
    if (end > region->end)
        end = region->end;
    for (unsigned long address = start; address < end; address += PAGE_SIZE) {
        uint64_t *place = slot + (long)(address - fault->address) / (long)PAGE_SIZE;
        if (*place)
            continue;
        uint64_t entry = object_entry(region, page_index(region, address), protection);
        if (entry)
            pagetable_enter(fault->space, address, place, entry);
    }
}

static long map_object(struct fault *fault)
{
    uint64_t page = page_index(fault->region, fault->address);
    unsigned protection = object_protection(fault);
    uint64_t *slot = pagetable_slot(fault->space, fault->address);
    if (!slot)
        return -ENOMEM;
    if (!(fault->access & ACCESS_WRITE)) {
        map_around(fault, slot, protection);
    } else {
        pagetable_enter(fault->space, fault->address, slot, object_entry(fault->region, page, protection));
    }
    return 0;
}

static long missing_object_page(struct fault *fault, struct memory **wanted, uint64_t *wanted_page)
{
    struct memory *memory = fault->region->memory;
    uint64_t page = page_index(fault->region, fault->address), physical;
    if (memory->kind == MEMORY_PHYSICAL) {
        if (page << PAGE_SHIFT >= memory->size)
            return -ERANGE;
        physical = memory->physical + (page << PAGE_SHIFT);
    } else {
        int error;
        struct frame *frame = memory_page(memory, page, &error);
        if (!frame) {
            if (error == -EINPROGRESS && wanted) {
                *wanted = memory;
                *wanted_page = page;
            }
            return error;
        }
        physical = frame_address(frame);
    }
    if ((fault->access & ACCESS_WRITE) && !(fault->region->flags & MAP_SHARED_BIT))
        return fill_private(fault, copy_page(fault->space, physical));
    return map_object(fault);
}

// --- entry points -------------------------------------------------------------------------------------------------

long space_fault(struct space *space, unsigned long address, unsigned access, struct memory **memory,
                 uint64_t *page)
{
    if (address >= USER_END)
        return -EFAULT;
    address &= PAGE_MASK;
    struct region *region = space_find(space, address);
    if (!region)
        region = grow_stack(space, address);
    if (!region)
        return -EFAULT;
    if (!allowed(region, access))
        return -EACCES;
    struct fault fault = { .space = space, .region = region, .address = address, .access = access };
    uint64_t entry = pagetable_lookup(space, address);
    if (!pte_present(entry)) {
        if (region->memory)
            return missing_object_page(&fault, memory, page);
        return fill_private(&fault, frame_alloc(space->quota, 0, FRAME_ZERO));
    }
    if ((access & ACCESS_WRITE) && !pte_writable(entry)) {
        uint64_t *slot = pagetable_slot(space, address);
        if (!slot)
            return -ENOMEM;
        if (!pte_writable(*slot)) // else only the table was shared, and is not any more
            return write_protected(&fault, slot);
    }
    pagetable_reveal(space, address);
    arch_tlb_flush(space, address, address + PAGE_SIZE); // the CPU remembers what was there before
    return 0;
}

long space_page(struct space *space, unsigned long address, unsigned access, uint64_t *physical)
{
    if (address >= USER_END)
        return -EFAULT;
    uint64_t entry = pagetable_lookup(space, address);
    bool there = access & ACCESS_WRITE ? pte_writable(entry) : pte_readable(entry);
    if (!there) {
        long error = space_fault(space, address, access, NULL, NULL);
        if (error < 0)
            return error;
        entry = pagetable_lookup(space, address);
    }
    *physical = pte_frame(entry) + (address & ~PAGE_MASK);
    return 0;
}
