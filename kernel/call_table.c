// SPDX-License-Identifier: MIT
// Call slots: the table that turns tokens into calls. Chunks are added as needed and kept; a slot's generation
// goes on counting through all its users, so a token never fits a later call.
#include <arch.h>
#include <call.h>
#include <errno.h>
#include <frame.h>
#include <task.h>

#define CHUNK_SHIFT 8
#define CHUNK_SLOTS (1u << CHUNK_SHIFT)
#define CHUNKS 1024u // 262,144 calls

struct slot {
    struct call *call;   // NULL: free
    uint32_t generation; // last one used, while free
    uint32_t next_free;
};

static struct slot *chunks[CHUNKS];
static uint32_t chunk_count;
static uint32_t free_slot; // slot 0 is never used: token 0 names nothing

static struct slot *slot_at(uint32_t slot) { return &chunks[slot >> CHUNK_SHIFT][slot & (CHUNK_SLOTS - 1)]; }

static int add_chunk(void)
{
    if (chunk_count == CHUNKS)
        return -ENOMEM;
    struct slot *chunk = kmalloc(&machine_quota, CHUNK_SLOTS * sizeof *chunk);
    if (!chunk)
        return -ENOMEM;
    uint32_t first = chunk_count * CHUNK_SLOTS;
    chunks[chunk_count++] = chunk;
    for (uint32_t i = CHUNK_SLOTS; i-- > (first == 0 ? 1 : 0);) {
        chunk[i].next_free = free_slot;
        free_slot = first + i;
    }
    return 0;
}

int call_init(struct call *call, struct task *task)
{
    if (!free_slot && add_chunk() < 0)
        return -ENOMEM;
    call->slot = free_slot;
    struct slot *slot = slot_at(call->slot);
    free_slot = slot->next_free;
    slot->call = call;
    call->generation = slot->generation;
    call->task = task;
    call->state = CALL_IDLE;
    list_init(&call->link);
    list_init(&call->event_link);
    return 0;
}

void call_release(struct call *call)
{
    assert(call->state == CALL_IDLE && list_empty(&call->event_link));
    struct slot *slot = slot_at(call->slot);
    slot->call = NULL;
    slot->generation = call->generation;
    slot->next_free = free_slot;
    free_slot = call->slot;
}

struct call *call_find(token_t token, const struct task *server)
{
    uint32_t index = (uint32_t)token;
    if (index >= chunk_count << CHUNK_SHIFT)
        return NULL;
    struct call *call = slot_at(index)->call;
    if (!call || call->generation != (uint32_t)(token >> 32) || call->state != CALL_OPEN)
        return NULL;
    return call->server == server || call->server->space == server->space ? call : NULL;
}
