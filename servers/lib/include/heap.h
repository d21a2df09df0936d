// SPDX-License-Identifier: MIT
// A server's heap: size-class allocator over pages of its own space, charged to the server's quota. heap_use
// places it in a memory object that root holds (pm), at a fixed address, so that a new instance can read it.
#pragma once

#include <stddef.h>

void *heap_alloc(size_t size);     // zeroed; NULL when the quota is exhausted
void *heap_alloc_raw(size_t size); // not zeroed, for blocks that are filled at once
void *heap_resize(void *block, size_t size);
void heap_free(void *block);
char *heap_string(const char *text); // copy, or NULL
size_t heap_used(void);              // bytes of blocks that are handed out
size_t heap_pages(void);             // that it holds
// Testing: makes the n-th allocation from now fail; 0 turns it off.
extern unsigned heap_failure_countdown;
