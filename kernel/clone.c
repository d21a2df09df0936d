// SPDX-License-Identifier: MIT
// fork's copy_mm: a space with the same regions and the same private pages, copy on write in both. Of pages of objects
// the child gets what costs less than its first fault; it maps those it touches.
#include <arch.h>
#include <errno.h>
#include <pagetable.h>
#include <region.h>

// Regions say where pages can be. A table with pages of several is cloned once.
static long clone_pages(struct space *child, struct space *parent)
{
    unsigned long done = 0, end;
    for (const struct region *region = region_lowest(parent); region; region = region_next(region)) {
        if (!region_span(region, &done, &end))
            continue;
        if (pagetable_clone(child, parent, done, end) < 0)
            return -ENOMEM;
        done = end;
    }
    return 0;
}

void space_part_page(struct space *child, struct space *parent, unsigned long address)
{
    uint64_t entry = address < USER_END ? pagetable_lookup(child, address) : 0;
    if (!pte_present(entry) || (entry & (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE)))
        return;
    if (space_fault(child, address, ACCESS_WRITE, NULL, NULL) == 0)
        space_fault(parent, address, ACCESS_WRITE, NULL, NULL);
}

struct space *space_clone(struct space *parent, struct quota *quota, int *error)
{
    *error = -ENOMEM;
    struct space *child = space_create_like(quota, parent);
    if (!child)
        return NULL;
    bool done = clone_pages(child, parent) == 0;
    arch_tlb_flush(parent, 0, USER_END); // its pages are protected now, however far that got
    if (done)
        return child;
    object_put(&child->object);
    return NULL;
}
