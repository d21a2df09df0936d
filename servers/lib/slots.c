// SPDX-License-Identifier: MIT
// Tables of labelled records. Half of a table goes when three quarters of it are empty, so that what a crowd needed
// is given back, and growing and shrinking do not alternate.
#include <heap.h>
#include <slots.h>
#include <string.h>

#define FIRST_SIZE 64u

// Appends free slots from `first` on, lowest first, to an empty free list; counts those in use beyond the quarter.
static void survey(struct slots *slots)
{
    slots->first_free = 0;
    slots->upper = 0;
    for (uint32_t i = slots->size; i-- > 0;) {
        if (slots->table[i].item) {
            slots->upper += i >= slots->size / 4;
            continue;
        }
        slots->table[i].next_free = slots->first_free;
        slots->first_free = i + 1;
    }
}

static bool resize(struct slots *slots, uint32_t size)
{
    struct slot *table = heap_alloc(size * sizeof *table);
    if (!table)
        return false;
    if (slots->table)
        memcpy(table, slots->table, (size < slots->size ? size : slots->size) * sizeof *table);
    heap_free(slots->table);
    slots->table = table;
    slots->size = size;
    survey(slots);
    return true;
}

bool slots_reserve(struct slots *slots)
{
    if (slots->first_free)
        return true;
    uint32_t size = slots->size ? slots->size * 2 : FIRST_SIZE;
    return size <= 1ul << slots->index_bits && resize(slots, size);
}

unsigned long slots_add(struct slots *slots, void *item, unsigned long mask)
{
    uint32_t index = slots->first_free - 1;
    struct slot *slot = &slots->table[index];
    unsigned long label;
    do
        label = (++slots->made << slots->index_bits | index) & mask;
    while (label >> slots->index_bits == 0); // no record is ever called by its bare index
    slots->first_free = slot->next_free;
    slot->item = item;
    slot->label = label;
    slots->used++;
    slots->upper += index >= slots->size / 4;
    return label;
}

void slots_remove(struct slots *slots, unsigned long label)
{
    uint32_t index = (uint32_t)(label & ((1ul << slots->index_bits) - 1));
    struct slot *slot = &slots->table[index];
    slot->item = NULL;
    slot->label = 0;
    slot->next_free = slots->first_free;
    slots->first_free = index + 1;
    slots->used--;
    slots->upper -= index >= slots->size / 4;
    while (slots->upper == 0 && slots->size > FIRST_SIZE && resize(slots, slots->size / 2))
        ;
}
