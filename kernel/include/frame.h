// SPDX-License-Identifier: MIT
// Physical frames: descriptors, the buddy allocator over two zones (low: directly mapped; high: the rest), and
// charging. kmalloc: small kernel objects out of low frames.
#pragma once

#include <arch.h>
#include <quota.h>

struct frame {
    uint32_t references;
    uint8_t order;       // of a free block's head or an allocated block
    uint8_t flags;       // FRAME_*
    uint16_t shared;     // page tables that map it (page-table frames: how many parents)
    struct quota *quota; // charged until freed; NULL: the kernel's own
    struct frame *next, *previous; // free list, or a slab's list
};

#define FRAME_LOW 1u   // frame_alloc: must be directly mapped
#define FRAME_ZERO 2u  // frame_alloc: filled with zeroes
#define FRAME_RESERVE 4u // frame_alloc: may use the reserve (handling of out-of-memory itself)

void frame_init(const struct boot_info *info);
struct frame *frame_alloc(struct quota *quota, unsigned order, unsigned flags); // NULL: none, or over quota
static inline void frame_get(struct frame *frame) { frame->references++; }
void frame_put(struct frame *frame); // frees at the last reference
uint64_t frame_address(const struct frame *frame);
struct frame *frame_at(uint64_t physical); // NULL: no RAM there (device memory)
void *frame_direct(const struct frame *frame);
uint64_t frame_total(void);
uint64_t frame_free_count(void);

// Kernel objects; zeroed. Charged to quota by size; kfree needs the same quota and size.
void *kmalloc(struct quota *quota, size_t size);
void kfree(struct quota *quota, void *object, size_t size);
uint64_t kmalloc_bytes(void);

// Testing: makes the n-th allocation from now (frame or kmalloc) fail; 0 turns it off.
extern uint32_t allocation_failure_countdown;
