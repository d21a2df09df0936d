// SPDX-License-Identifier: MIT
// example: the kernel's half of the tables, a space's root, TLB. The walker itself is generic.

#include <arch.h>
#include <arch/cpu.h>
#include <errno.h>
#include <frame.h>
#include <space.h>
#include <string.h>

// The root table comes with the kernel's half in place.
int arch_space_init(struct space *space)
{
    struct frame *frame = frame_alloc(space->quota, 0, FRAME_LOW | FRAME_ZERO);
    if (!frame)
        return -ENOMEM;
    space->arch.root = frame_direct(frame);
    return 0;
}

// A CPU that still has it loaded (a kernel thread may run there) must let go of it first.
void arch_space_release(struct space *space)
{
    if (this_cpu()->arch.space == space)
        this_cpu()->arch.space = NULL;
    frame_put(frame_at(arch_physical(space->arch.root)));
}

void arch_space_changed_root(struct space *space) { (void)space; }

// On every CPU that may hold translations of the space.
void arch_tlb_flush(struct space *space, unsigned long start, unsigned long end)
{
    (void)space, (void)start, (void)end;
}

long arch_space_add_ioports(struct space *space, unsigned first, unsigned count)
{
    (void)space, (void)first, (void)count;
    return -EOPNOTSUPP;
}

// Frames beyond the direct map need a mapping made for the moment; there are two slots.
void *arch_window_open(uint64_t physical, unsigned slot)
{
    (void)slot;
    return arch_direct(physical);
}

void arch_window_close(unsigned slot) { (void)slot; }

void *arch_direct(uint64_t physical) { return (void *)(DIRECT_BASE + physical); }

uint64_t arch_physical(const void *direct) { return (unsigned long)direct - DIRECT_BASE; }

void *arch_map_device(uint64_t physical, size_t length)
{
    (void)length;
    return arch_direct(physical);
}

// No page of kernel image or direct map stays writable and executable, nor writable under another address.
void arch_direct_protect(void) {}

void arch_copy(void *to, const void *from, size_t length) { memmove(to, from, length); }

void arch_clear(void *to, size_t length) { memset(to, 0, length); }
