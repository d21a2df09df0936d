// SPDX-License-Identifier: MIT
// Memory objects: their life, pages, truncation. Data moves in copy.c; who waits for a pager is the ports' affair.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <memory.h>
#include <pagetable.h>
#include <port.h>
#include <region.h>
#include <string.h>

#define RELEASE_BUDGET 512u // pages that one step frees

static struct memory *create(struct quota *quota, unsigned kind, uint64_t size, unsigned flags)
{
    struct memory *memory = kmalloc(quota, sizeof *memory);
    if (!memory)
        return NULL;
    object_init(&memory->object, HANDLE_MEMORY);
    object_get(&quota->object);
    memory->quota = quota;
    memory->kind = kind;
    memory->flags = flags;
    memory->size = size;
    list_init(&memory->regions);
    return memory;
}

// Contiguous pages, all there from the start.
static int fill_low(struct memory *memory)
{
    unsigned order = 0;
    uint64_t pages = (memory->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    while (order < 16 && 1ull << order < pages)
        order++;
    struct frame *block = frame_alloc(memory->quota, order, FRAME_LOW | FRAME_ZERO);
    if (!block)
        return -ENOMEM;
    frame_split(block);
    memory->physical = frame_address(block);
    int error = 0;
    for (uint64_t i = 0; i < 1ull << order; i++) {
        if (i < pages && !error)
            error = memory_insert(memory, i, &block[i]);
        if (i >= pages || error)
            frame_put(&block[i]);
    }
    return error;
}

struct memory *memory_create(struct quota *quota, uint64_t size, unsigned flags, struct port *pager,
                             unsigned long badge)
{
    if (size > MEMORY_SIZE_MAX || ((flags & MEMORY_LOW) && size == 0))
        return NULL;
    struct memory *memory = create(quota, pager ? MEMORY_PAGED : MEMORY_ANONYMOUS, size, flags);
    if (!memory)
        return NULL;
    if (pager) {
        object_get(&pager->object);
        memory->pager = pager;
        memory->pager_badge = badge;
    }
    if ((flags & MEMORY_LOW) && fill_low(memory) < 0) {
        object_put(&memory->object);
        return NULL;
    }
    return memory;
}

struct memory *memory_physical(struct quota *quota, uint64_t physical, uint64_t size, unsigned flags)
{
    if (size > MEMORY_SIZE_MAX || physical > MEMORY_SIZE_MAX - size)
        return NULL;
    struct memory *memory = create(quota, MEMORY_PHYSICAL, size, flags);
    if (memory)
        memory->physical = physical;
    return memory;
}

static bool release_step(struct work *work)
{
    struct memory *memory = container_of(work, struct memory, work);
    uint64_t page = 0;
    for (unsigned i = 0; i < RELEASE_BUDGET; i++) {
        struct frame *frame = radix_next(&memory->pages, &page);
        if (!frame)
            break;
        radix_remove(&memory->pages, memory->quota, page);
        memory->resident--;
        frame_put(frame);
    }
    if (memory->resident)
        return true;
    if (memory->flags & MEMORY_RECLAIM)
        frame_add(memory->physical, memory->physical + memory->size);
    struct quota *quota = memory->quota;
    if (memory->pager)
        object_put(&memory->pager->object);
    kfree(quota, memory, sizeof *memory);
    object_put(&quota->object);
    return false;
}

void memory_destroy(struct object *object)
{
    struct memory *memory = container_of(object, struct memory, object);
    assert(list_empty(&memory->regions)); // each holds a reference
    memory->work.step = release_step;
    if (memory->resident > RELEASE_BUDGET)
        work_queue(&memory->work);
    else
        release_step(&memory->work);
}

// --- pages --------------------------------------------------------------------------------------------------------

struct frame *memory_present(struct memory *memory, uint64_t page) { return radix_get(&memory->pages, page); }

struct frame *memory_page(struct memory *memory, uint64_t page, unsigned flags, int *error)
{
    struct frame *frame = radix_get(&memory->pages, page);
    if (frame)
        return frame;
    if (page >= (memory->size + PAGE_SIZE - 1) >> PAGE_SHIFT) {
        *error = -ERANGE;
        return NULL;
    }
    if (memory->kind != MEMORY_ANONYMOUS) {
        *error = memory->kind == MEMORY_PAGED ? -EINPROGRESS : -EINVAL;
        return NULL;
    }
    *error = -ENOMEM;
    frame = frame_alloc(memory->quota, 0, flags);
    if (frame && memory_insert(memory, page, frame) < 0) {
        frame_put(frame);
        return NULL;
    }
    return frame;
}

int memory_insert(struct memory *memory, uint64_t page, struct frame *frame)
{
    if (radix_get(&memory->pages, page))
        return -EEXIST;
    int error = radix_set(&memory->pages, memory->quota, page, frame);
    if (!error)
        memory->resident++;
    return error;
}

// --- taking pages away --------------------------------------------------------------------------------------------

static void unmap_from(struct space *space, unsigned long start, unsigned long end, bool copies)
{
    // Copies in a table that another space shares stay if there is no memory to part the two.
    if (copies && pagetable_own_edges(space, start, end) == 0)
        pagetable_unmap(space, start, end);
    else
        pagetable_unmap_objects(space, start, end);
}

// Unmaps bytes [start, end) of the object wherever they are mapped, and the private copies made of them if `copies`.
static void unmap_everywhere(struct memory *memory, uint64_t start, uint64_t end, bool copies)
{
    list_for_each(region, &memory->regions, struct region, mappings)
    {
        uint64_t region_end = region->offset + (region->end - region->start);
        uint64_t first = region->offset > start ? region->offset : start;
        uint64_t last = region_end < end ? region_end : end;
        if (first >= last)
            continue;
        unsigned long from = region->start + (unsigned long)(first - region->offset);
        unsigned long to = region->start + (unsigned long)(last - region->offset);
        list_for_each(space, &region->set->spaces, struct space, sharing) unmap_from(space, from, to, copies);
    }
}

static void remove_pages(struct memory *memory, uint64_t first, uint64_t end)
{
    for (;;) {
        struct frame *frame = radix_next(&memory->pages, &first);
        if (!frame || first >= end)
            return;
        radix_remove(&memory->pages, memory->quota, first);
        memory->resident--;
        frame_put(frame);
        first++;
    }
}

// What is beyond the end in the last page reads as zeroes when the object grows again.
static void clear_tail(struct memory *memory)
{
    unsigned long used = (unsigned long)(memory->size & (PAGE_SIZE - 1));
    struct frame *frame = used ? memory_present(memory, memory->size >> PAGE_SHIFT) : NULL;
    if (!frame)
        return;
    uint64_t physical = frame_address(frame);
    memset((char *)window_open(physical, 0) + used, 0, PAGE_SIZE - used);
    window_close(physical, 0);
}

long memory_resize(struct memory *memory, uint64_t size)
{
    if (memory->kind == MEMORY_PHYSICAL || (memory->flags & MEMORY_LOW) || size > MEMORY_SIZE_MAX)
        return -EINVAL;
    bool shrinks = size < memory->size;
    memory->size = size;
    if (!shrinks)
        return 0;
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    unmap_everywhere(memory, pages << PAGE_SHIFT, UINT64_MAX, true);
    remove_pages(memory, pages, UINT64_MAX);
    clear_tail(memory);
    return 0;
}

long memory_evict(struct memory *memory, uint64_t offset, uint64_t length)
{
    if (memory->kind == MEMORY_PHYSICAL || (memory->flags & MEMORY_LOW))
        return -EINVAL;
    uint64_t end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
    uint64_t first = (offset >> PAGE_SHIFT) + !!(offset & (PAGE_SIZE - 1));
    uint64_t last = end >> PAGE_SHIFT;
    if (first >= last)
        return 0;
    unmap_everywhere(memory, first << PAGE_SHIFT, last << PAGE_SHIFT, false);
    remove_pages(memory, first, last);
    return 0;
}
