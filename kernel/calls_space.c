// SPDX-License-Identifier: MIT
// Kernel calls: address spaces.
#include <arch.h>
#include <calls.h>
#include <errno.h>
#include <irq.h>
#include <memory.h>
#include <quota.h>
#include <space.h>
#include <task.h>

#define MAP_REQUEST                                                                                          \
    (PROT_MASK | MAP_SHARED_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT | MAP_GROWSDOWN_BIT | MAP_POPULATE_BIT | \
     MAP_MAYWRITE_BIT | MAP_BELOW_BIT)

long do_space_create(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                     unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_CONTROL);
    struct space *space = space_create(quota);
    return space ? calls_give(task, &space->object, RIGHT_ALL) : -ENOMEM;
}

long do_space_clone(struct task *task, unsigned long index, unsigned long payer, unsigned long c,
                    unsigned long d)
{
    FIND(space, parent, index, HANDLE_SPACE, RIGHT_READ);
    FIND(quota, quota, payer, HANDLE_QUOTA, RIGHT_CONTROL);
    int error = -ENOMEM;
    struct space *space = space_clone(parent, quota, &error);
    return space ? calls_give(task, &space->object, RIGHT_ALL) : error;
}

// A mapping may do what the memory's handle allows; a private one may always be written, since it copies.
static long check_memory(const struct handle *handle, unsigned long *flags)
{
    if ((*flags & PROT_READ_BIT) && !(handle->rights & RIGHT_READ))
        return -EACCES;
    if ((*flags & PROT_EXECUTE_BIT) && !(handle->rights & (RIGHT_EXECUTE | RIGHT_READ)))
        return -EACCES;
    if (!(*flags & MAP_SHARED_BIT))
        return handle->rights & RIGHT_READ ? 0 : -EACCES;
    if (handle->rights & RIGHT_WRITE)
        return 0;
    return *flags & (PROT_WRITE_BIT | MAP_MAYWRITE_BIT) ? -EACCES : 0;
}

long do_space_map(struct task *task, unsigned long index, unsigned long address, unsigned long length,
                  unsigned long flags)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    uint64_t wide[4] = { task->page->wide[0], task->page->wide[1], task->page->wide[2], task->page->wide[3] };
    struct memory *memory = NULL;
    if (flags & ~(unsigned long)MAP_REQUEST)
        return -EINVAL;
    if (wide[0]) {
        struct handle *handle = handle_find(&task->space->handles, (handle_t)wide[0], HANDLE_MEMORY, 0);
        if (!handle)
            return handle_error(task->space, (handle_t)wide[0], HANDLE_MEMORY, 0);
        long error = check_memory(handle, &flags);
        if (error)
            return error;
        memory = (struct memory *)handle->object;
    }
    return space_map(space, address, length, (unsigned)flags, memory, wide[1], (unsigned long)wide[2],
                     (unsigned long)wide[3]);
}

long do_space_unmap(struct task *task, unsigned long index, unsigned long address, unsigned long length,
                    unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    return space_unmap(space, address, length);
}

long do_space_protect(struct task *task, unsigned long index, unsigned long address, unsigned long length,
                      unsigned long protection)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    if (protection & ~(unsigned long)PROT_MASK)
        return -EINVAL;
    return space_protect(space, address, length, (unsigned)protection);
}

long do_space_query(struct task *task, unsigned long index, unsigned long address, unsigned long c,
                    unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_READ);
    return space_query(space, address, task->page->result);
}

long do_space_move(struct task *task, unsigned long index, unsigned long from, unsigned long length,
                   unsigned long to)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    return space_move(space, from, length, to, (unsigned long)task->page->wide[0]);
}

long do_space_discard(struct task *task, unsigned long index, unsigned long address, unsigned long length,
                      unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    return space_discard(space, address, length);
}

long do_space_limit(struct task *task, unsigned long index, unsigned long address, unsigned long limit,
                    unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    return space_limit(space, address, limit);
}

long do_space_usage(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_READ);
    task->page->result[0] = space->mapped_pages;
    task->page->result[1] = space->resident_pages;
    task->page->result[2] = space->table_frames;
    return 0;
}

long do_space_add_ioports(struct task *task, unsigned long index, unsigned long range, unsigned long c,
                          unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    FIND(ioports, ioports, range, HANDLE_IOPORTS, RIGHT_CONTROL);
    return arch_space_add_ioports(space, ioports->first, ioports->count);
}

long do_space_handles(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                      unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_READ);
    return space->handles.count;
}

long do_space_give(struct task *task, unsigned long index, unsigned long given, unsigned long mask,
                   unsigned long d)
{
    FIND(space, space, index, HANDLE_SPACE, RIGHT_CONTROL);
    struct handle_table *table = &task->space->handles;
    if (given >= table->capacity || !table->entries[given].object)
        return -EBADF;
    if (!(table->entries[given].rights & RIGHT_TRANSFER))
        return -EPERM;
    return handle_copy(space, &table->entries[given], (unsigned)mask);
}
