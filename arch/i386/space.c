// SPDX-License-Identifier: MIT
// i386 part of spaces: the root table (PDPT), TLB, windows to frames above the direct map, the kernel's own tables.

#include "i386.h"
#include <arch.h>
#include <arch/pte.h>
#include <assert.h>
#include <errno.h>
#include <space.h>
#include <string.h>

#define PTE_GLOBAL 0x100ull
#define PDE_LARGE_SIZE 0x200000u
#define DIRECT_ENTRIES (DIRECT_LIMIT / PDE_LARGE_SIZE)
#define CR4_PGE 0x80u

#define DEVICE_BASE 0xFFE00000ul // what device_table maps
#define DEVICE_PAGES 508u
#define WINDOW_FIRST 508u
#define WINDOWS 2u
#define FLUSH_PAGES 32u // beyond, reloading CR3 is cheaper

#define PORTS 65536u

// --- spaces

int arch_space_init(struct space *space)
{
    uint64_t *pdpt = arch_space_root(&space->arch);
    memset(pdpt, 0, PAGE_TABLE_ROOT_ENTRIES * sizeof(*pdpt));
    pdpt[3] = boot_pdpt[3];
    space->arch.cr3 = (uint32_t)arch_physical(pdpt);
    return 0;
}

void arch_space_release(struct space *space)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->cr3 == space->arch.cr3) { // a kernel thread runs in it
        cpu->cr3 = (uint32_t)arch_physical(boot_pdpt);
        write_cr3(cpu->cr3);
    }
    if (cpu->io_owner == space)
        cpu->io_owner = NULL;
    if (space->arch.io_bitmap != NULL)
        kfree(space->quota, space->arch.io_bitmap, space->arch.io_bytes);
    space->arch.io_bitmap = NULL;
    space->arch.io_bytes = 0;
}

void arch_space_changed_root(struct space *space)
{
    if (this_cpu()->arch.cr3 == space->arch.cr3)
        write_cr3(space->arch.cr3);
}

void arch_tlb_flush(struct space *space, unsigned long start, unsigned long end)
{
    if (this_cpu()->arch.cr3 != space->arch.cr3)
        return; // loading it again flushes
    if (end - start > FLUSH_PAGES * PAGE_SIZE) {
        write_cr3(space->arch.cr3);
        return;
    }
    for (unsigned long address = start & PAGE_MASK; address < end; address += PAGE_SIZE)
        invalidate_page(address);
}

static uint8_t *grow_bitmap(struct space *space, uint32_t bytes)
{
    uint8_t *bitmap = kmalloc(space->quota, bytes);
    if (bitmap == NULL)
        return NULL;
    memset(bitmap, 0xff, bytes);
    if (space->arch.io_bitmap != NULL) {
        memcpy(bitmap, space->arch.io_bitmap, space->arch.io_bytes);
        kfree(space->quota, space->arch.io_bitmap, space->arch.io_bytes);
    }
    space->arch.io_bitmap = bitmap;
    space->arch.io_bytes = bytes;
    return bitmap;
}

long arch_space_add_ioports(struct space *space, unsigned first, unsigned count)
{
    if (count == 0 || first >= PORTS || count > PORTS - first)
        return -EINVAL;
    uint32_t bytes = (first + count + 7) / 8;
    if (bytes > space->arch.io_bytes && grow_bitmap(space, bytes) == NULL)
        return -ENOMEM;
    for (unsigned port = first; port < first + count; port++)
        space->arch.io_bitmap[port / 8] &= (uint8_t)~(1u << port % 8);
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->io_owner == space)
        cpu->io_owner = NULL;
    if (cpu->cr3 == space->arch.cr3)
        ioports_switch(cpu, space);
    return 0;
}

// --- physical memory

void *arch_direct(uint64_t physical)
{
    assert(physical < DIRECT_LIMIT);
    return (void *)(DIRECT_BASE + (unsigned long)physical);
}

uint64_t arch_physical(const void *direct) { return (unsigned long)direct - DIRECT_BASE; }

static void set_device_page(unsigned index, uint64_t entry)
{
    pte_store(&device_table[index], entry | arch_nx);
    invalidate_page(DEVICE_BASE + index * PAGE_SIZE);
}

// A slot's old page stays mapped after close, for the kernel alone, until the slot is opened again.
void *arch_window_open(uint64_t physical, unsigned slot)
{
    if (physical < DIRECT_LIMIT)
        return arch_direct(physical);
    assert(slot < WINDOWS);
    unsigned index = WINDOW_FIRST + slot;
    uint64_t frame = physical & PTE_FRAME;
    if (pte_frame(device_table[index]) != frame)
        set_device_page(index, frame | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY);
    return (void *)(DEVICE_BASE + index * PAGE_SIZE + (unsigned long)(physical & ~PAGE_MASK));
}

void arch_window_close(unsigned slot) { assert(slot < WINDOWS); }

void *arch_map_device(uint64_t physical, size_t length)
{
    static unsigned used;
    unsigned first = used;
    unsigned offset = (unsigned)(physical & ~PAGE_MASK);
    unsigned pages = (offset + length + PAGE_SIZE - 1) / PAGE_SIZE;
    assert(pages <= DEVICE_PAGES - used);
    for (unsigned i = 0; i < pages; i++)
        set_device_page(used++,
                        ((physical & PTE_FRAME) + i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_UNCACHED);
    return (void *)(DEVICE_BASE + first * PAGE_SIZE + offset);
}

// --- the kernel's own page tables

static void flush_all(void) // global pages too
{
    uint32_t cr4;
    __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movl %0, %%cr4" ::"r"(cr4 & ~CR4_PGE) : "memory");
    __asm__ volatile("movl %0, %%cr4" ::"r"(cr4) : "memory");
}

void space_init(void)
{
    boot_pdpt[0] = 0;
    this_cpu()->arch.cr3 = (uint32_t)arch_physical(boot_pdpt);
    write_cr3(this_cpu()->arch.cr3);
    flush_all();
}

static uint64_t image_rights(unsigned long address)
{
    if (address == (unsigned long)this_cpu()->arch.guard)
        return 0;
    uint64_t rights = PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY;
    if (address >= (unsigned long)kernel_start && address < (unsigned long)kernel_text_end)
        return rights;
    if (address >= (unsigned long)kernel_text_end && address < (unsigned long)kernel_rodata_end)
        return rights | arch_nx;
    return rights | PTE_WRITE | arch_nx;
}

void arch_direct_protect(void)
{
    for (unsigned i = 0; i < 1024; i++)
        kernel_table[i] = i * PAGE_SIZE | image_rights(DIRECT_BASE + i * PAGE_SIZE);
    for (unsigned i = 2; i < DIRECT_ENTRIES; i++)
        kernel_directory[i] |= arch_nx;
    flush_all();
}
