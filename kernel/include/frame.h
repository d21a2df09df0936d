// SPDX-License-Identifier: MIT
// Physical frames: descriptors, the buddy allocator over two zones (low: directly mapped; high: the rest), and
// charging. kmalloc: small kernel objects out of low frames.
#pragma once

#include <arch.h>
#include <quota.h>

enum frame_state { FRAME_ABSENT, FRAME_RESERVED, FRAME_TAIL, FRAME_FREE, FRAME_USED };

struct frame {
    uint32_t references; // a slab: objects in use; a page table: spaces that use it
    uint8_t order;       // of a free block's head or an allocated block
    uint8_t state;       // enum frame_state; TAIL: inside a block
    uint16_t size_class; // a slab's; a page table: 1 if a private page may be writable
    union {
        struct quota *quota; // charged until freed (reference held); NULL: the kernel's own
        void *objects;       // a slab: its free objects
    };
    union {
        struct {
            struct frame *next, *previous; // free list, or a slab's list
        };
        struct {              // a page table
            uint16_t present; // entries in use
            uint16_t objects; // of them, pages of memory objects
            uint32_t used;    // a bit for each 16 entries: 0 if none of them is in use
        } table;
    };
};

#define FRAME_LOW 1u  // frame_alloc: must be directly mapped
#define FRAME_ZERO 2u // frame_alloc: filled with zeroes
#define FRAME_EMERGENCY                                                                                      \
    4u // frame_alloc: may use the reserve (as what no quota pays for, or one with the reserve)

// Descriptors of all physical frames, by number. RAM does not begin with number 0, and neither do they.
extern struct frame *frames;

void frame_init(const struct boot_info *info);
struct frame *frame_alloc(struct quota *quota, unsigned order, unsigned flags); // NULL: none, or over quota
void frame_free(struct frame *frame);         // whose last reference is gone
void frame_split(struct frame *frame);        // a block becomes single frames with a reference each
void frame_add(uint64_t start, uint64_t end); // RAM that was reserved at boot becomes free
uint64_t frame_total(void);
uint64_t frame_free_count(void);

static inline void frame_get(struct frame *frame) { frame->references++; }

static inline void frame_put(struct frame *frame)
{
    assert(frame->references > 0);
    if (--frame->references == 0)
        frame_free(frame);
}

static inline uint64_t frame_address(const struct frame *frame)
{
    return (uint64_t)(frame - frames) << PAGE_SHIFT;
}

// Of an address that is known to be RAM.
static inline struct frame *frame_of(uint64_t physical) { return &frames[physical >> PAGE_SHIFT]; }

// Of an address in the direct map.
static inline struct frame *frame_of_direct(const void *direct)
{
    return frame_of(arch_physical(direct) & ~(uint64_t)(PAGE_SIZE - 1));
}

struct frame *frame_at(uint64_t physical); // NULL: no RAM there (device memory)

static inline void *direct_address(uint64_t physical)
{
    return (void *)(DIRECT_BASE + (unsigned long)physical);
}
static inline void *frame_direct(const struct frame *frame) { return direct_address(frame_address(frame)); }

// Reaches any physical address through a window slot (0 or 1); see arch_window_open.
static inline void *window_open(uint64_t physical, unsigned slot)
{
    return physical < DIRECT_LIMIT ? direct_address(physical) : arch_window_open(physical, slot);
}

static inline void window_close(uint64_t physical, unsigned slot)
{
    if (physical >= DIRECT_LIMIT)
        arch_window_close(slot);
}

// Kernel objects; zeroed. Charged to quota by size; kfree needs the same quota and size.
void *kmalloc(struct quota *quota, size_t size);
void kfree(struct quota *quota, void *object, size_t size);
uint64_t kmalloc_bytes(void);

// Frames that a cache holds but would give back at once count as free. Each cache empties itself when asked.
void frame_cached(int difference);
void kmalloc_reclaim(void);
void pagetable_reclaim(void);

// Testing: makes the n-th allocation from now (frame or kmalloc) fail; 0 turns it off.
extern uint32_t allocation_failure_countdown;
bool allocation_fails(void);
