// SPDX-License-Identifier: MIT
// What a missing or protected page means: zero-fill, copy on write, stack growth, a page of an object, or an error.
// Copy on write is "not exclusively mine means copy": a private page may be written if nobody else refers to it.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <inline.h>
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

// The stack above address, grown down to it. -> NULL with *error: there is none, it may not, or no memory
static APART struct region *grow_stack(struct space *space, unsigned long address, long *error)
{
    struct region *region = region_above(space, address);
    *error = -EFAULT;
    if (!region || !(region->flags & MAP_GROWSDOWN_BIT) || address < region->limit)
        return NULL;
    const struct region *below = region_previous(region);
    if (below && below->protection && !(below->flags & MAP_GROWSDOWN_BIT) && address - below->end < STACK_GAP)
        return NULL;
    *error = -ENOMEM;
    if (!regions_own(space))
        return NULL;
    region = region_above(space, address);
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
    arch_copy(window_open(to, 1), window_open(physical, 0), PAGE_SIZE);
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

static uint64_t device_entry(const struct memory *memory, uint64_t page, unsigned protection)
{
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

// Pages [first, first + count) of the object, as far as they are there, at address; its entries stand from place on.
static void map_devices(struct fault *fault, unsigned long address, uint64_t *place, uint64_t first,
                        unsigned count, unsigned protection)
{
    const struct memory *memory = fault->region->memory;
    for (unsigned i = 0; i < count && (first + i) << PAGE_SHIFT < memory->size; i++)
        if (!place[i])
            pagetable_enter(fault->space, address + i * PAGE_SIZE, &place[i],
                            device_entry(memory, first + i, protection));
}

static void map_frames(struct fault *fault, unsigned long address, uint64_t *place, uint64_t first,
                       unsigned count, unsigned protection)
{
    while (count) {
        void *const *items;
        unsigned run = radix_run(&fault->region->memory->pages, first, count, &items);
        for (unsigned i = 0; i < run && items; i++) {
            struct frame *frame = items[i];
            if (!frame || place[i])
                continue;
            frame_get(frame);
            pagetable_enter(fault->space, address + i * PAGE_SIZE, &place[i],
                            pte_leaf(frame_address(frame), protection, PTE_SOFT_OBJECT));
        }
        address += run * PAGE_SIZE, place += run, first += run, count -= run;
    }
}

// The page that faulted, which is there, and for reads its neighbours; they lie in the same table.
static long map_object(struct fault *fault)
{
    const struct region *region = fault->region;
    uint64_t *place = pagetable_slot(fault->space, fault->address);
    if (!place)
        return -ENOMEM;
    unsigned long start = fault->address, end = start + PAGE_SIZE;
    if (!(fault->access & ACCESS_WRITE)) {
        start &= ~(AROUND * PAGE_SIZE - 1);
        end = start + AROUND * PAGE_SIZE;
        start = start < region->start ? region->start : start;
        end = end > region->end ? region->end : end;
    }
    place -= (fault->address - start) / PAGE_SIZE;
    unsigned count = (unsigned)((end - start) / PAGE_SIZE), protection = object_protection(fault);
    if (region->memory->kind == MEMORY_PHYSICAL)
        map_devices(fault, start, place, page_index(region, start), count, protection);
    else
        map_frames(fault, start, place, page_index(region, start), count, protection);
    return 0;
}

static APART long missing_object_page(struct fault *fault, struct memory **wanted, uint64_t *wanted_page)
{
    struct memory *memory = fault->region->memory;
    uint64_t page = page_index(fault->region, fault->address), physical;
    if (memory->kind == MEMORY_PHYSICAL) {
        if (page << PAGE_SHIFT >= memory->size)
            return -ERANGE;
        physical = memory->physical + (page << PAGE_SHIFT);
    } else {
        int error;
        struct frame *frame = memory_page(memory, page, FRAME_ZERO, &error);
        if (!frame) {
            if (error == -EINPROGRESS && wanted) {
                *wanted = memory;
                *wanted_page = page;
            }
            // An object that is full is no shortage that the space's owner could end.
            bool full =
                memory->quota != fault->space->quota && memory->quota->frames >= memory->quota->frame_limit;
            return error == -ENOMEM && full ? -ERANGE : error;
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
    long error;
    if (!region)
        region = grow_stack(space, address, &error);
    if (!region)
        return error;
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
