// SPDX-License-Identifier: MIT
// A table of records that others name by a label: index in the low bits, above it a number that counts all labels
// ever made, so that one which outlived its record is found out. It grows, and shrinks when little of it is used.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
    void *item; // NULL: free
    unsigned long label;
    uint32_t next_free; // index + 1
};

struct slots {
    struct slot *table;
    unsigned index_bits; // set by whoever owns it; the label has this many below the count
    uint32_t size, first_free;
    uint32_t used, upper; // taken; of them, beyond the first quarter of the table
    unsigned long made;   // labels
};

bool slots_reserve(struct slots *slots); // room for one more -> false: none
unsigned long slots_add(struct slots *slots, void *item,
                        unsigned long mask); // after slots_reserve -> its label
void slots_remove(struct slots *slots, unsigned long label);

// index_bits are those of the table: a constant where it is called.
static inline void *slots_find(const struct slots *slots, unsigned index_bits, unsigned long label)
{
    unsigned long index = label & ((1ul << index_bits) - 1);
    if (index >= slots->size || slots->table[index].label != label)
        return NULL;
    return slots->table[index].item;
}

// Visits all: *index starts at 0. -> NULL at the end
static inline void *slots_next(const struct slots *slots, uint32_t *index)
{
    void *item = NULL;
    while (!item && *index < slots->size)
        item = slots->table[(*index)++].item;
    return item;
}
