// SPDX-License-Identifier: MIT
// Memory objects: pages that several regions or spaces can map: anonymous (zero-filled on demand), physical
// (device), or paged (a server supplies missing pages). Pages hang in a radix tree by page index.
#pragma once

#include <frame.h>
#include <list.h>
#include <object.h>
#include <radix.h>
#include <work.h>

struct port;
struct space;

enum memory_kind { MEMORY_ANONYMOUS, MEMORY_PHYSICAL, MEMORY_PAGED };

#define MEMORY_RECLAIM                                                                                       \
    0x100u // flag of memory_physical, for the kernel alone: RAM reserved at boot that becomes free          \
           // with the object's end (the initial archive)
#define MEMORY_SIZE_MAX (1ull << 50)

struct memory {
    struct object object;
    struct quota *quota; // reference
    uint32_t kind;
    uint32_t flags;
    uint64_t size;       // bytes
    uint64_t physical;   // MEMORY_PHYSICAL and MEMORY_LOW: address, else 0
    uint64_t resident;   // pages
    struct radix pages;  // struct frame, a reference each
    struct list regions; // every region that maps it (truncation, dirty pages)
    struct port *pager;  // MEMORY_PAGED: reference
    unsigned long pager_badge;
    struct work work; // its end, if it is large
};

struct memory *memory_create(struct quota *quota, uint64_t size, unsigned flags, struct port *pager,
                             unsigned long badge);
struct memory *memory_physical(struct quota *quota, uint64_t physical, uint64_t size, unsigned flags);
void memory_destroy(struct object *object);
// The frame of a page, allocated with FRAME_* flags if absent and the object is anonymous; no reference is passed.
// -> NULL with *error -ENOMEM, -ERANGE (beyond the size), -EINPROGRESS (its pager must bring it) or -EINVAL (physical: has no frames).
struct frame *memory_page(struct memory *memory, uint64_t page, unsigned flags, int *error);
struct frame *memory_present(struct memory *memory, uint64_t page); // only if there already
int memory_insert(struct memory *memory, uint64_t page,
                  struct frame *frame); // takes the reference over. 0, -ENOMEM, -EEXIST
long memory_resize(struct memory *memory,
                   uint64_t size); // pages beyond go, in every mapping; -EINVAL: fixed size
long memory_evict(struct memory *memory, uint64_t offset,
                  uint64_t length); // whole pages; private copies stay
size_t memory_copy_in(struct memory *memory, uint64_t offset, const void *from, size_t length);
size_t memory_copy_out(struct memory *memory, uint64_t offset, void *to, size_t length);
// Object <-> a space's memory, page by page. -> bytes (may be short: end of the object, no memory, a page that only
// a pager can bring)
long memory_copy_space(struct memory *memory, uint64_t offset, struct space *space, unsigned long address,
                       size_t length, bool to_object);
