// SPDX-License-Identifier: MIT
// Kernel calls that reach other tasks' memory: that of an open call's caller, within the windows it lent, or of
// a space whose handle says so. Nothing here waits: what is missing is brought by fault_in.
#include <arch.h>
#include <calls.h>
#include <errno.h>
#include <frame.h>
#include <memory.h>
#include <port.h>
#include <sched.h>
#include <space.h>
#include <task.h>

static bool inside(const struct window *window, unsigned long address, unsigned long length)
{
    return address >= window->base && length <= window->length &&
           address - window->base <= window->length - length;
}

// What task may do `access` to in [address, address + length). -> NULL with *error set. A caller of a trap lends
// all it has; a native one its windows; who waits for a page, nothing.
static struct space *target_space(struct task *task, unsigned long address, unsigned long length,
                                  unsigned access, long *error)
{
    const struct copy_target *target = &task->page->target;
    if (address >= USER_END || length > USER_END - address) {
        *error = -EFAULT;
        return NULL;
    }
    if (target->space) {
        unsigned rights = access & ACCESS_WRITE ? RIGHT_WRITE : RIGHT_READ;
        struct handle *handle = handle_find(&task->space->handles, target->space, HANDLE_SPACE, rights);
        if (handle)
            return (struct space *)handle->object;
        *error = handle_error(task->space, target->space, HANDLE_SPACE, rights);
        return NULL;
    }
    struct call *call = call_find(target->token, task);
    if (!call) {
        *error = -ESRCH;
        return NULL;
    }
    *error = -EPERM;
    if (call->kind == MESSAGE_PAGE || call->fault_in)
        return NULL;
    if (call->kind != MESSAGE_CALL)
        return call->task->space;
    const struct window *readable = call->task ? &call->task->page->out.readable : &call->readable;
    const struct window *writable = call->task ? &call->task->page->out.writable : &call->writable;
    bool allowed = access & ACCESS_WRITE
                       ? inside(writable, address, length)
                       : inside(readable, address, length) || inside(writable, address, length);
    if (!allowed)
        return NULL;
    return call->task ? call->task->space : call->space;
}

static long copied(long count, unsigned long length) { return count || !length ? count : -EFAULT; }

long do_copy_in(struct task *task, unsigned long local, unsigned long remote, unsigned long length,
                unsigned long d)
{
    long error;
    struct space *space = target_space(task, remote, length, ACCESS_READ, &error);
    if (!space)
        return error;
    return copied((long)copy_between_spaces(task->space, local, space, remote, length), length);
}

long do_copy_out(struct task *task, unsigned long local, unsigned long remote, unsigned long length,
                 unsigned long d)
{
    long error;
    struct space *space = target_space(task, remote, length, ACCESS_WRITE, &error);
    if (!space)
        return error;
    return copied((long)copy_between_spaces(space, remote, task->space, local, length), length);
}

long do_copy_object(struct task *task, unsigned long index, unsigned long remote, unsigned long length,
                    unsigned long to_object)
{
    FIND(memory, memory, index, HANDLE_MEMORY, to_object ? RIGHT_WRITE : RIGHT_READ);
    long error;
    struct space *space = target_space(task, remote, length, to_object ? ACCESS_READ : ACCESS_WRITE, &error);
    if (!space)
        return error;
    return copied(memory_copy_space(memory, task->page->wide[0], space, remote, length, to_object), length);
}

// Asks the pager for a page on behalf of nobody: a slot of the kernel's own carries the request and the answer.
static long begin_page(struct task *task, struct memory *memory, uint64_t page, unsigned access,
                       unsigned long cookie)
{
    FIND(port, reply_port, task->page->wide[0], HANDLE_PORT, RIGHT_RECEIVE);
    struct call *call = call_create(task->space->quota, task->space);
    if (!call)
        return -ENOMEM;
    call->fault_in = true;
    call->kind = MESSAGE_PAGE;
    call->label = memory->pager_badge;
    call->args[0] = (unsigned long)page;
    call->args[1] = 1;
    call->args[2] = access;
    call->cookie = cookie;
    object_get(&reply_port->object);
    call->reply_port = reply_port;
    call_send(call, memory->pager);
    return -EINPROGRESS;
}

long do_fault_in(struct task *task, unsigned long remote, unsigned long length, unsigned long access,
                 unsigned long cookie)
{
    long error;
    struct space *space = target_space(task, remote, length, (unsigned)access, &error);
    if (!space)
        return error;
    for (unsigned long at = remote & PAGE_MASK; at < remote + length; at += PAGE_SIZE) {
        struct memory *memory;
        uint64_t page;
        long result = space_fault(space, at, (unsigned)access, &memory, &page);
        if (result == -EINPROGRESS)
            return begin_page(task, memory, page, (unsigned)access, cookie);
        if (result < 0)
            return result == -ENOMEM ? -ENOMEM : -EFAULT;
    }
    return 0;
}

long do_compare_exchange(struct task *task, unsigned long remote, unsigned long expected,
                         unsigned long desired, unsigned long d)
{
    long error;
    struct space *space = target_space(task, remote, sizeof(uint32_t), ACCESS_READ | ACCESS_WRITE, &error);
    if (!space)
        return error;
    uint32_t found = 0;
    long result = space_compare_exchange(space, remote, (uint32_t)expected, (uint32_t)desired, &found);
    task->page->result[0] = found;
    return result;
}

long do_resolve(struct task *task, unsigned long remote, unsigned long access, unsigned long c,
                unsigned long d)
{
    long error;
    struct space *space = target_space(task, remote, 1, (unsigned)access, &error);
    if (!space)
        return error;
    const struct region *region = space_find(space, remote);
    if (!region)
        return -EFAULT;
    if (access) {
        struct memory *memory;
        uint64_t page;
        long result = space_fault(space, remote, (unsigned)access, &memory, &page);
        if (result < 0)
            return result == -EINPROGRESS ? -EAGAIN : result == -ENOMEM ? -ENOMEM : -EFAULT;
    }
    uint64_t *result = task->page->result;
    bool shared = region->memory && (region->flags & MAP_SHARED_BIT);
    result[0] = shared ? region->memory->object.identity : space->object.identity;
    result[1] = shared ? region->offset + (remote - region->start) : remote;
    result[2] = shared;
    return 0;
}
