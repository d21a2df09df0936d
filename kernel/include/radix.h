// SPDX-License-Identifier: MIT
// Radix tree: items by 64-bit index, for the pages of memory objects. One item at index 0 needs no node.
#pragma once

#include <stdint.h>

struct quota;
struct radix_node;

struct radix {
    void *root;      // a node, or with height 0 the item of index 0
    unsigned height; // levels of nodes
};

void *radix_get(const struct radix *radix, uint64_t index);
// The place must be empty. -> 0 or -ENOMEM. Nodes are charged to quota, the same in every call.
int radix_set(struct radix *radix, struct quota *quota, uint64_t index, void *item);
void *radix_remove(struct radix *radix, struct quota *quota, uint64_t index);
// First item at or after *index, which becomes its index; NULL: none.
void *radix_next(const struct radix *radix, uint64_t *index);
// The places of the items from index on that lie side by side, at most `most`: *places is NULL where there are none.
// -> how many, at least 1
unsigned radix_run(const struct radix *radix, uint64_t index, unsigned most, void *const **places);
