// SPDX-License-Identifier: MIT
// Handle tables. An entry holds one reference to its object and one to its badge; ports count the entries that
// may receive, because the last of them ends the port. A space's handle to itself holds no reference: it cannot
// outlive the space, and would keep it alive for ever.
#include <abi/object.h>
#include <errno.h>
#include <frame.h>
#include <handle.h>
#include <port.h>
#include <space.h>
#include <string.h>

#define FIRST_CAPACITY 16u
#define CAPACITY_LIMIT 65536u

static uint64_t handles;

int handle_error(const struct space *space, handle_t index, unsigned type, unsigned rights)
{
    const struct handle_table *table = &space->handles;
    if (index >= table->capacity || !table->entries[index].object ||
        table->entries[index].object->type != type)
        return -EBADF;
    return -EPERM;
}

// Threads the free entries into the free list, lowest first, and counts what is in use beyond the first quarter; entry 0
// is never handed out.
static void survey(struct handle_table *table)
{
    table->free = 0;
    table->upper = 0;
    for (uint32_t i = table->capacity; i-- > 1;) {
        if (table->entries[i].object) {
            table->upper += i >= table->capacity / 4;
            continue;
        }
        table->entries[i].next_free = table->free;
        table->free = i;
    }
}

// A table that shrinks has nothing in use in the part that goes.
static int resize(struct space *space, uint32_t capacity)
{
    struct handle_table *table = &space->handles;
    if (capacity > CAPACITY_LIMIT)
        return -ENOMEM;
    struct handle *entries = kmalloc(space->quota, capacity * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    if (table->entries) {
        uint32_t kept = capacity < table->capacity ? capacity : table->capacity;
        memcpy(entries, table->entries, kept * sizeof *entries);
        kfree(space->quota, table->entries, table->capacity * sizeof *entries);
    }
    table->entries = entries;
    table->capacity = capacity;
    survey(table);
    return 0;
}

static void fill(struct space *space, handle_t index, struct object *object, unsigned rights,
                 struct badge *badge)
{
    struct handle *handle = &space->handles.entries[index];
    *handle = (struct handle){ .object = object, .rights = rights, .badge = badge };
    if (object != &space->object)
        object_get(object);
    if (badge)
        badge->references++;
    if (object->type == HANDLE_PORT && (rights & RIGHT_RECEIVE))
        ((struct port *)object)->receivers++;
    space->handles.count++;
    space->handles.upper += index >= space->handles.capacity / 4;
    handles++;
}

long handle_insert(struct space *space, struct object *object, unsigned rights, struct badge *badge)
{
    struct handle_table *table = &space->handles;
    if (!table->free) {
        int error = resize(space, table->capacity ? table->capacity * 2 : FIRST_CAPACITY);
        if (error)
            return error;
    }
    handle_t index = table->free;
    table->free = table->entries[index].next_free;
    fill(space, index, object, rights, badge);
    return index;
}

// For the first task's well-known handles, inserted in ascending order into an empty table.
long handle_insert_at(struct space *space, handle_t index, struct object *object, unsigned rights)
{
    long got = handle_insert(space, object, rights, NULL);
    assert(got < 0 || (handle_t)got == index);
    return got;
}

long handle_copy(struct space *space, const struct handle *source, unsigned mask)
{
    struct handle copy = *source; // the table it stands in may be the one that grows
    return handle_insert(space, copy.object, copy.rights & mask, copy.badge);
}

long handle_close(struct space *space, handle_t index)
{
    struct handle_table *table = &space->handles;
    if (index >= table->capacity || !table->entries[index].object)
        return -EBADF;
    struct handle handle = table->entries[index];
    table->entries[index] = (struct handle){ .next_free = table->free };
    table->free = index;
    table->count--;
    table->upper -= index >= table->capacity / 4;
    handles--;
    while (table->upper == 0 && table->capacity > FIRST_CAPACITY && resize(space, table->capacity / 2) == 0)
        ;
    if (handle.object->type == HANDLE_PORT && (handle.rights & RIGHT_RECEIVE)) {
        struct port *port = (struct port *)handle.object;
        if (--port->receivers == 0)
            port_shut(port);
    }
    if (handle.badge)
        badge_put(handle.badge);
    if (handle.object != &space->object)
        object_put(handle.object);
    return 0;
}

void handle_table_release(struct space *space)
{
    struct handle_table *table = &space->handles;
    for (handle_t i = 1; i < table->capacity; i++)
        handle_close(space, i);
    if (table->entries)
        kfree(space->quota, table->entries, table->capacity * sizeof *table->entries);
    *table = (struct handle_table){ 0 };
}

uint64_t handle_count(void) { return handles; }
