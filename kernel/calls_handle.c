// SPDX-License-Identifier: MIT
// Kernel calls: handles, ports, badges, quotas.
#include <calls.h>
#include <errno.h>
#include <port.h>
#include <quota.h>
#include <space.h>
#include <task.h>

long do_handle_close(struct task *task, unsigned long index, unsigned long b, unsigned long c,
                     unsigned long d)
{
    return handle_close(task->space, (handle_t)index);
}

static struct handle *any_handle(struct task *task, unsigned long index)
{
    struct handle_table *table = &task->space->handles;
    if (index >= table->capacity || !table->entries[index].object)
        return NULL;
    return &table->entries[index];
}

long do_handle_duplicate(struct task *task, unsigned long index, unsigned long mask, unsigned long c,
                         unsigned long d)
{
    struct handle *handle = any_handle(task, index);
    if (!handle)
        return -EBADF;
    return handle_copy(task->space, handle, (unsigned)mask);
}

long do_handle_info(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    struct handle *handle = any_handle(task, index);
    if (!handle)
        return -EBADF;
    task->page->result[0] = handle->rights;
    task->page->result[1] = handle->badge ? handle->badge->value : 0;
    task->page->result[2] = handle->object->identity;
    return (long)handle->object->type;
}

long do_port_create(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_CONTROL);
    struct port *port = port_create(quota);
    return port ? calls_give(task, &port->object, RIGHT_ALL) : -ENOMEM;
}

long do_port_badge(struct task *task, unsigned long index, unsigned long value, unsigned long rights,
                   unsigned long report)
{
    FIND(port, port, index, HANDLE_PORT, RIGHT_RECEIVE);
    if (rights & ~(RIGHT_SEND | RIGHT_TRANSFER))
        return -EINVAL;
    struct badge *badge = badge_get(port, value, report & 1);
    if (!badge)
        return -ENOMEM;
    long got = handle_insert(task->space, &port->object, (unsigned)rights, badge);
    if (got < 0 && !badge->references)
        badge_free(badge);
    return got;
}

long do_port_revoke(struct task *task, unsigned long index, unsigned long value, unsigned long c,
                    unsigned long d)
{
    FIND(port, port, index, HANDLE_PORT, RIGHT_RECEIVE);
    return badge_revoke(port, value);
}

// A slot belongs to the space that began it: it may not travel.
long do_call_create(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_CONTROL);
    struct call *call = call_create(quota, task->space);
    return call ? calls_give(task, &call->object, RIGHT_CONTROL) : -ENOMEM;
}

long do_quota_create(struct task *task, unsigned long index, unsigned long frame_limit,
                     unsigned long task_limit, unsigned long reserve)
{
    FIND(quota, parent, index, HANDLE_QUOTA, RIGHT_CONTROL);
    struct quota *quota = quota_create(parent, frame_limit, task_limit, reserve);
    return quota ? calls_give(task, &quota->object, RIGHT_ALL) : -ENOMEM;
}

long do_quota_info(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, 0);
    uint64_t *result = task->page->result;
    result[0] = quota->frame_limit;
    result[1] = quota->frames;
    result[2] = quota->task_limit;
    result[3] = quota->tasks;
    result[4] = quota->bytes;
    result[5] = quota->objects;
    return 0;
}

long do_quota_set(struct task *task, unsigned long index, unsigned long frame_limit, unsigned long task_limit,
                  unsigned long d)
{
    FIND(quota, quota, index, HANDLE_QUOTA, RIGHT_WRITE);
    quota->frame_limit = frame_limit;
    quota->task_limit = task_limit;
    return 0;
}
