// SPDX-License-Identifier: MIT
// Call slots: the table that turns tokens into calls. Chunks are added as needed and go when they are empty. A slot's
// generation goes on counting through all its users, and those of a new chunk start above all that were ever in one
// that went, so a token never fits a later call.
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

#define SPARE_SLOTS (CHUNK_SLOTS / 4) // free ones elsewhere, before an empty chunk goes

struct chunk {
    struct slot *slots; // NULL: none
    uint32_t free;      // first free slot, as index in the chunk + 1
    uint32_t used;
};

static struct chunk chunks[CHUNKS];
static uint32_t first_room;      // no chunk below has a free slot
static uint32_t free_slots;      // in all chunks
static uint32_t generation_base; // where the slots of a new chunk start

// Slot 0 of the first chunk is never used: token 0 names nothing.
static int add_chunk(struct chunk *chunk)
{
    struct slot *slots = kmalloc(&machine_quota, CHUNK_SLOTS * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    *chunk = (struct chunk){ .slots = slots };
    for (uint32_t i = CHUNK_SLOTS; i-- > (chunk == chunks ? 1 : 0);) {
        slots[i] = (struct slot){ .generation = generation_base, .next_free = chunk->free };
        chunk->free = i + 1;
        free_slots++;
    }
    return 0;
}

static void remove_chunk(struct chunk *chunk)
{
    for (uint32_t i = 0; i < CHUNK_SLOTS; i++)
        if (chunk->slots[i].generation > generation_base)
            generation_base = chunk->slots[i].generation;
    kfree(&machine_quota, chunk->slots, CHUNK_SLOTS * sizeof *chunk->slots);
    *chunk = (struct chunk){ 0 };
    free_slots -= CHUNK_SLOTS;
}

// The lowest chunk with a free slot, so that the upper ones become empty. -> NULL: no memory
static struct chunk *chunk_with_room(void)
{
    for (; first_room < CHUNKS; first_room++) {
        struct chunk *chunk = &chunks[first_room];
        if (chunk->free || (!chunk->slots && add_chunk(chunk) == 0))
            return chunk;
        if (!chunk->slots)
            break;
    }
    return NULL;
}

int call_init(struct call *call, struct task *task)
{
    struct chunk *chunk = chunk_with_room();
    if (!chunk)
        return -ENOMEM;
    struct slot *slot = &chunk->slots[chunk->free - 1];
    call->slot = (uint32_t)(chunk - chunks) << CHUNK_SHIFT | (chunk->free - 1);
    chunk->free = slot->next_free;
    chunk->used++;
    free_slots--;
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
    uint32_t number = call->slot >> CHUNK_SHIFT, index = call->slot & (CHUNK_SLOTS - 1);
    struct chunk *chunk = &chunks[number];
    struct slot *slot = &chunk->slots[index];
    slot->call = NULL;
    slot->generation = call->generation;
    slot->next_free = chunk->free;
    chunk->free = index + 1;
    free_slots++;
    if (number < first_room)
        first_room = number;
    if (--chunk->used == 0 && number > 0 && free_slots >= CHUNK_SLOTS + SPARE_SLOTS)
        remove_chunk(chunk);
}

struct call *call_find(token_t token, const struct task *server)
{
    uint32_t index = (uint32_t)token;
    if (index >= CHUNKS << CHUNK_SHIFT || !chunks[index >> CHUNK_SHIFT].slots)
        return NULL;
    struct call *call = chunks[index >> CHUNK_SHIFT].slots[index & (CHUNK_SLOTS - 1)].call;
    if (!call || call->generation != (uint32_t)(token >> 32) || call->state != CALL_OPEN)
        return NULL;
    return call->server == server || call->server->space == server->space ? call : NULL;
}
