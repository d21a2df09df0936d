// SPDX-License-Identifier: MIT
// Kernel objects: identity, and destruction by type. The last put of one object may drop the last reference of
// others; those are queued, so destruction never recurses however long a chain of references is.
#include <inline.h>
#include <irq.h>
#include <call.h>
#include <memory.h>
#include <object.h>
#include <port.h>
#include <quota.h>
#include <routes.h>
#include <space.h>
#include <task.h>

static uint64_t last_identity;
static uint64_t objects[HANDLE_TYPES]; // alive, by type

// The queue is linked through `identity`, which a dead object needs no more.
static struct object *doomed;
static bool destroying;

static void system_destroy(struct object *object) { panic("the system object lost its last reference"); }

static void (*const destructors[])(struct object *) = {
    [HANDLE_PORT] = port_destroy,     [HANDLE_SPACE] = space_destroy, [HANDLE_MEMORY] = memory_destroy,
    [HANDLE_TASK] = task_destroy,     [HANDLE_CALL] = call_destroy,   [HANDLE_ROUTES] = routes_destroy,
    [HANDLE_QUOTA] = quota_destroy,   [HANDLE_IRQ] = irq_destroy,     [HANDLE_IOPORTS] = ioports_destroy,
    [HANDLE_SYSTEM] = system_destroy,
};

void object_init(struct object *object, unsigned type)
{
    object->references = 1;
    object->type = type;
    object->identity = ++last_identity;
    objects[type]++;
}

APART void object_destroy(struct object *object)
{
    object->identity = (uintptr_t)doomed;
    doomed = object;
    if (destroying)
        return;
    destroying = true;
    while (doomed) {
        struct object *next = doomed;
        doomed = (struct object *)(uintptr_t)next->identity;
        objects[next->type]--;
        destructors[next->type](next);
    }
    destroying = false;
}

void object_revive(struct object *object)
{
    assert(object->references == 0);
    object->references = 1;
    objects[object->type]++;
}

uint64_t object_count(unsigned type)
{
    uint64_t count = objects[type];
    for (unsigned i = 0; type == HANDLE_NONE && i < HANDLE_TYPES; i++)
        count += objects[i];
    return count;
}
