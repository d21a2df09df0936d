// SPDX-License-Identifier: MIT
// What every kernel object starts with: its type and reference count. References between objects point one
// way (DESIGN in docs/architecture.md), so counts suffice; the last put hands the object to its destructor.
#pragma once

#include <abi/object.h>
#include <assert.h>
#include <stdint.h>

struct object {
    uint32_t references;
    uint32_t type;     // enum handle_type
    uint64_t identity; // unique for the life of the system
};

void object_init(struct object *object, unsigned type);
void object_destroy(struct object *object); // dispatches to the type's destructor (object.c)
void object_revive(struct object *object);  // in a destructor: one more reference, destroyed again at its put
uint64_t object_count(unsigned type);       // alive of that type; HANDLE_NONE: of all

static inline void object_get(struct object *object)
{
    assert(object->references > 0);
    object->references++;
}

static inline void object_put(struct object *object)
{
    assert(object->references > 0);
    if (--object->references == 0)
        object_destroy(object);
}
