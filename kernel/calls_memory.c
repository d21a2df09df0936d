// SPDX-License-Identifier: MIT
// Kernel calls: memory objects. Data moves between the object and the caller's own memory; see calls_copy.c for
// that of others.
#include <arch.h>
#include <calls.h>
#include <errno.h>
#include <frame.h>
#include <memory.h>
#include <port.h>
#include <quota.h>
#include <radix.h>
#include <space.h>
#include <task.h>

long do_memory_create(struct task *task, unsigned long index, unsigned long flags, unsigned long pager,
                      unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_CONTROL);
    struct port *port = NULL;
    unsigned long badge = 0;
    if (flags & ~(unsigned long)(MEMORY_LOW | MEMORY_UNCACHED))
        return -EINVAL;
    if (pager) {
        FIND(port, found, pager, HANDLE_PORT, RIGHT_SEND);
        if (flags)
            return -EINVAL;
        port = found;
        badge = found_handle->badge ? found_handle->badge->value : 0;
    }
    struct memory *memory = memory_create(quota, task->page->wide[0], (unsigned)flags, port, badge);
    return memory ? calls_give(task, &memory->object, RIGHT_ALL) : -ENOMEM;
}

long do_memory_physical(struct task *task, unsigned long index, unsigned long length, unsigned long flags,
                        unsigned long d)
{
    if (!handle_find(&task->space->handles, (handle_t)index, HANDLE_SYSTEM, RIGHT_CONTROL))
        return handle_error(task->space, (handle_t)index, HANDLE_SYSTEM, RIGHT_CONTROL);
    uint64_t physical = task->page->wide[0];
    if ((physical | length) & (PAGE_SIZE - 1) || !length || (flags & ~(unsigned long)MEMORY_UNCACHED))
        return -EINVAL;
    struct memory *memory = memory_physical(task->space->quota, physical, length, (unsigned)flags);
    return memory ? calls_give(task, &memory->object, RIGHT_ALL) : -ENOMEM;
}

static bool local_range(unsigned long address, unsigned long length)
{
    return address < USER_END && length <= USER_END - address;
}

long do_memory_read(struct task *task, unsigned long index, unsigned long local, unsigned long length,
                    unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, RIGHT_READ);
    if (!local_range(local, length))
        return -EFAULT;
    return memory_copy_space(memory, task->page->wide[0], task->space, local, length, false);
}

long do_memory_write(struct task *task, unsigned long index, unsigned long local, unsigned long length,
                     unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, RIGHT_WRITE);
    if (!local_range(local, length))
        return -EFAULT;
    return memory_copy_space(memory, task->page->wide[0], task->space, local, length, true);
}

long do_memory_resize(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                      unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, RIGHT_CONTROL);
    return memory_resize(memory, task->page->wide[0]);
}

// Makes the pages of [first, end) present where they are not. -> 0 or -ENOMEM
static long add_pages(struct memory *memory, uint64_t first, uint64_t end)
{
    for (uint64_t page = first; page < end; page++) {
        if (memory_present(memory, page))
            continue;
        struct frame *frame = frame_alloc(memory->quota, 0, FRAME_ZERO);
        if (!frame)
            return -ENOMEM;
        int error = memory_insert(memory, page, frame);
        if (error) {
            frame_put(frame);
            return error;
        }
    }
    return 0;
}

// The pager's pages. Those who wait for them try again when the pager answers their calls, with an error number
// where it has none to give.
long do_memory_supply(struct task *task, unsigned long index, unsigned long local, unsigned long length,
                      unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, RIGHT_CONTROL);
    uint64_t offset = task->page->wide[0];
    if (memory->kind != MEMORY_PAGED || (offset | length) & (PAGE_SIZE - 1))
        return -EINVAL;
    if (offset > memory->size ||
        length > ((memory->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1)) - offset)
        return -ERANGE;
    if (local && !local_range(local, length))
        return -EFAULT;
    long error = add_pages(memory, offset >> PAGE_SHIFT, (offset + length) >> PAGE_SHIFT);
    if (error || !local)
        return error;
    uint64_t room = memory->size - offset; // the last page may reach beyond the end
    unsigned long bytes = length < room ? length : (unsigned long)room;
    return memory_copy_space(memory, offset, task->space, local, bytes, true) == (long)bytes ? 0 : -EFAULT;
}

long do_memory_info(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, 0);
    const unsigned writable_flags = MAP_SHARED_BIT | MAP_MAYWRITE_BIT;
    uint64_t regions = 0, writable = 0;
    list_for_each(region, &memory->regions, struct region, mappings)
    {
        uint64_t spaces = 0;
        list_for_each(space, &region->set->spaces, struct space, sharing) spaces++;
        regions += spaces;
        writable += (region->flags & writable_flags) == writable_flags ? spaces : 0;
    }
    uint64_t *result = task->page->result;
    result[0] = memory->size;
    result[1] = memory->resident;
    result[2] = memory->object.identity;
    result[3] = regions;
    result[4] = memory->physical;
    result[5] = writable;
    return 0;
}

long do_memory_evict(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                     unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, RIGHT_CONTROL);
    return memory_evict(memory, task->page->wide[0], task->page->wide[1]);
}

long do_memory_next(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(memory, memory, index, HANDLE_MEMORY, 0);
    uint64_t page = task->page->wide[0] >> PAGE_SHIFT;
    if (!radix_next(&memory->pages, &page))
        return -ENOENT;
    task->page->result[0] = page << PAGE_SHIFT;
    return 0;
}
