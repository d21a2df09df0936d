// SPDX-License-Identifier: MIT
// Handles: per-space indices with rights. A task can name nothing but what its space's table holds. Tables
// grow on demand and shrink when three quarters are empty; Linux programs' tables stay empty and allocate nothing.
#pragma once

#include <object.h>
#include <stdbool.h>
#include <stddef.h>

struct space;
struct badge; // port.h

struct handle {
    struct object *object; // NULL: free
    uint32_t rights;
    uint32_t next_free;
    struct badge *badge; // of a port's send handle, else NULL
};

struct handle_table {
    struct handle *entries;
    uint32_t capacity;
    uint32_t free;  // head of the free list, 0 none
    uint32_t count; // in use
    uint32_t upper; // in use beyond the first quarter of the table
};

// Slow path and error of handle_find.
int handle_error(const struct space *space, handle_t index, unsigned type, unsigned rights);

// -> entry or NULL: no such handle, another type, or not all of `rights`. Callers turn NULL into handle_error().
static inline struct handle *handle_find(const struct handle_table *table, handle_t index, unsigned type,
                                         unsigned rights)
{
    if (index >= table->capacity)
        return NULL;
    struct handle *handle = &table->entries[index];
    if (!handle->object || handle->object->type != type || (handle->rights & rights) != rights)
        return NULL;
    return handle;
}

// Does index name this object, with all of `rights`?
static inline bool handle_names(const struct handle_table *table, handle_t index, const struct object *object,
                                unsigned rights)
{
    return index < table->capacity && table->entries[index].object == object &&
           (table->entries[index].rights & rights) == rights;
}

// Takes its own reference. -> index or -ENOMEM.
long handle_insert(struct space *space, struct object *object, unsigned rights, struct badge *badge);
long handle_insert_at(struct space *space, handle_t index, struct object *object, unsigned rights);
// Copies an entry, of this or another space, with rights & mask.
long handle_copy(struct space *space, const struct handle *source, unsigned mask);
long handle_close(struct space *space, handle_t index);
void handle_table_release(struct space *space);
uint64_t handle_count(void);
