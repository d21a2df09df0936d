// SPDX-License-Identifier: MIT
// Memory objects: pages that several regions or spaces can map: anonymous (zero-filled on demand), physical
// (device), or paged (a server supplies missing pages). Pages hang in a radix tree by page index.
#pragma once

#include <frame.h>
#include <list.h>
#include <object.h>

struct port;
struct call;
struct space;

enum memory_kind { MEMORY_ANONYMOUS, MEMORY_PHYSICAL, MEMORY_PAGED };

struct memory {
    struct object object;
    struct quota *quota;
    uint32_t kind;
    uint32_t flags;
    uint64_t size;           // bytes
    uint64_t physical;       // MEMORY_PHYSICAL: address
    uint64_t resident;       // pages
    struct radix_node *root; // pages
    unsigned height;
    struct list regions;     // every region that maps it (truncation, dirty pages)
    struct port *pager;      // MEMORY_PAGED: reference
    unsigned long pager_badge;
    struct list waiting;     // struct page_wait: who waits for a page
};

struct memory *memory_create(struct quota *quota, uint64_t size, unsigned flags, struct port *pager, unsigned long badge);
struct memory *memory_physical(struct quota *quota, uint64_t physical, uint64_t size, unsigned flags);
void memory_destroy(struct object *object);
// The frame of a page, allocated if absent and the object is anonymous. -> NULL with *error -ENOMEM, -ERANGE
// (beyond the size) or -EINPROGRESS (its pager must bring it).
struct frame *memory_page(struct memory *memory, uint64_t page, int *error);
struct frame *memory_present(struct memory *memory, uint64_t page); // only if there already
int memory_insert(struct memory *memory, uint64_t page, struct frame *frame);
long memory_resize(struct memory *memory, uint64_t size);
long memory_evict(struct memory *memory, uint64_t offset, uint64_t length);
size_t memory_copy_in(struct memory *memory, uint64_t offset, const void *from, size_t length);
size_t memory_copy_out(struct memory *memory, uint64_t offset, void *to, size_t length);
// Object <-> a space's memory, page by page. -> bytes (may be short); *wait set if a pager must bring a page.
size_t memory_copy_space(struct memory *memory, uint64_t offset, struct space *space, unsigned long address, size_t length, bool to_object);
