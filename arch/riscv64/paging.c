// SPDX-License-Identifier: MIT
// riscv64: the kernel's half of the sv39 tables (direct map and image), a space's root, and what of it the CPU holds:
// satp, address space identifiers (ASIDs), TLB.
//
// A space gets an ASID when it is first loaded. To flush a space that is not loaded is to forget its ASID; when ASIDs
// run out everything is flushed and a new generation begins. So switching spaces needs no sfence.vma.

#include "csr.h"
#include "riscv64.h"
#include <arch/cpu.h>
#include <arch/pte.h>
#include <assert.h>
#include <errno.h>
#include <frame.h>
#include <pagetable.h>
#include <space.h>
#include <string.h>
#include <task.h>

#define ENTRIES 512
#define LARGE_PAGE 0x200000ul
#define GIGA_PAGE 0x40000000ull
#define IMAGE_OFFSET 0xffffffff00000000ul // address in the image - physical address
#define IMAGE_BASE 0xffffffff80000000ul
#define IMAGE_ENTRY 510
#define DIRECT_ENTRY 352
#define IMAGE_TABLES 2 // the image ends within 4 MiB of IMAGE_BASE
#define FLUSH_SINGLY 4 // more pages than this: flush the whole space

#define PTE_GLOBAL 0x20ull
#define KERNEL_READ (PTE_VALID | PTE_READ | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY)
#define KERNEL_WRITE (KERNEL_READ | PTE_WRITE)
#define KERNEL_EXECUTE (KERNEL_READ | PTE_EXECUTE)

extern uint64_t kernel_root[ENTRIES]; // boot.S
extern char kernel_text_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];
extern char boot_stack_guard[], fault_stack_guard[];

// The GiB of RAM that holds firmware and kernel, once as the image and once in the direct map.
static _Alignas(4096) uint64_t image_middle[ENTRIES], direct_middle[ENTRIES];
static _Alignas(4096) uint64_t image_leaves[IMAGE_TABLES][ENTRIES], direct_leaves[IMAGE_TABLES][ENTRIES];

static unsigned direct_entries; // used entries of the direct map in the root

bool icache_stale;

void *arch_direct(uint64_t physical) { return (void *)(DIRECT_BASE + physical); }

uint64_t arch_physical(const void *direct)
{
    unsigned long address = (unsigned long)direct;
    return address >= IMAGE_BASE ? address - IMAGE_OFFSET : address - DIRECT_BASE;
}

uint64_t image_physical(const void *address) { return (unsigned long)address - IMAGE_OFFSET; }

void *arch_map_device(uint64_t physical, size_t length)
{
    assert(physical + length <= direct_entries * GIGA_PAGE);
    return arch_direct(physical);
}

void *arch_window_open(uint64_t physical, unsigned slot)
{
    (void)slot;
    return arch_direct(physical);
}

void arch_window_close(unsigned slot) { (void)slot; }

static uint64_t entry_for(const void *table_or_page, uint64_t bits)
{
    return image_physical(table_or_page) >> 2 | bits;
}

// Each page of the image by its section. The alias in the direct map executes nothing and cannot write what the image
// cannot; guard pages exist in neither.
static void map_image_page(char *page)
{
    unsigned long index = ((unsigned long)page - IMAGE_BASE) / PAGE_SIZE;
    uint64_t image = KERNEL_WRITE, alias = KERNEL_WRITE;
    if (page < kernel_text_end)
        image = KERNEL_EXECUTE, alias = KERNEL_READ;
    else if (page < kernel_rodata_end)
        image = alias = KERNEL_READ;
    else if (page == boot_stack_guard || page == fault_stack_guard)
        return;
    image_leaves[index / ENTRIES][index % ENTRIES] = entry_for(page, image);
    direct_leaves[index / ENTRIES][index % ENTRIES] = entry_for(page, alias);
}

static void map_image(void)
{
    assert((unsigned long)kernel_end <= IMAGE_BASE + IMAGE_TABLES * LARGE_PAGE);
    for (char *page = kernel_text_start; page < kernel_end; page += PAGE_SIZE)
        map_image_page(page);
    // The rest of the last large page is ordinary memory.
    for (unsigned long page = (unsigned long)kernel_end; page < IMAGE_BASE + IMAGE_TABLES * LARGE_PAGE;
         page += PAGE_SIZE) {
        unsigned long index = (page - IMAGE_BASE) / PAGE_SIZE;
        direct_leaves[index / ENTRIES][index % ENTRIES] = entry_for((void *)page, KERNEL_WRITE);
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t large = (IMAGE_BASE - IMAGE_OFFSET + i * LARGE_PAGE) >> 2;
        direct_middle[i] = i < IMAGE_TABLES ? entry_for(direct_leaves[i], PTE_VALID) : large | KERNEL_WRITE;
    }
    for (unsigned i = 0; i < IMAGE_TABLES; i++)
        image_middle[i] = entry_for(image_leaves[i], PTE_VALID);
}

// From here on the direct map ends with the RAM (but has the lowest GiB's, where devices are).
static void limit_direct_map(const struct boot_info *info)
{
    direct_entries = 4;
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t end = (info->memory[i].end + GIGA_PAGE - 1) / GIGA_PAGE;
        if (end > direct_entries)
            direct_entries = end < DIRECT_LIMIT / GIGA_PAGE ? (unsigned)end : DIRECT_LIMIT / GIGA_PAGE;
    }
    for (unsigned i = direct_entries; i < DIRECT_LIMIT / GIGA_PAGE; i++)
        kernel_root[DIRECT_ENTRY + i] = 0;
}

static uint64_t satp_for(uint64_t root, uint64_t asid)
{
    return SATP_SV39 | asid << SATP_ASID_SHIFT | root >> PAGE_SHIFT;
}

void paging_init(const struct boot_info *info)
{
    map_image();
    limit_direct_map(info);
    kernel_root[DIRECT_ENTRY + (IMAGE_BASE - IMAGE_OFFSET) / GIGA_PAGE] = entry_for(direct_middle, PTE_VALID);
    kernel_root[IMAGE_ENTRY] = entry_for(image_middle, PTE_VALID);

    // Bits of the identifier that do not exist read back as 0.
    struct arch_cpu *cpu = &this_cpu()->arch;
    csr_write(satp, satp_for(image_physical(kernel_root), SATP_ASID_MASK));
    cpu->asid_limit = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    cpu->asid_generation = 1;
    cpu->asid_next = 1; // 0 is kernel_root's
    csr_write(satp, satp_for(image_physical(kernel_root), 0));
    __asm__ volatile("sfence.vma" ::: "memory");
}

// Everything was protected before the first allocation.
void arch_direct_protect(void) {}

// --- spaces -------------------------------------------------------------------------------------------------------

int arch_space_init(struct space *space)
{
    struct frame *frame = pagetable_take(space->quota);
    if (!frame)
        return -ENOMEM;
    uint64_t *root = frame_direct(frame);
    memcpy(root + DIRECT_ENTRY, kernel_root + DIRECT_ENTRY, direct_entries * sizeof(*root));
    root[IMAGE_ENTRY] = kernel_root[IMAGE_ENTRY];
    space->arch.root = root;
    space->arch.generation = 0;
    return 0;
}

void arch_space_release(struct space *space)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    if (cpu->space == space) {
        csr_write(satp, satp_for(image_physical(kernel_root), 0));
        cpu->space = NULL;
    }
    uint64_t *root = space->arch.root;
    memset(root + DIRECT_ENTRY, 0, direct_entries * sizeof(*root));
    root[IMAGE_ENTRY] = 0; // the user's half is empty
    pagetable_give(frame_of_direct(root));
}

void arch_space_changed_root(struct space *space)
{
    (void)space; // root entries are entries like any other
}

long arch_space_add_ioports(struct space *space, unsigned first, unsigned count)
{
    (void)space, (void)first, (void)count;
    return -EOPNOTSUPP;
}

// Gives a space an ASID that nobody else has in this generation. Where the CPU has none at all, generation 0 makes
// every load come here and flush.
void space_identify(struct arch_cpu *cpu, struct space *space)
{
    if (cpu->asid_next > cpu->asid_limit) {
        cpu->asid_generation++;
        cpu->asid_next = 1;
        __asm__ volatile("sfence.vma" ::: "memory");
    }
    bool any = cpu->asid_limit != 0;
    space->arch.satp = satp_for(arch_physical(space->arch.root), any ? cpu->asid_next++ : 0);
    space->arch.generation = any ? cpu->asid_generation : 0;
}

void icache_sync(void)
{
    icache_stale = false;
    __asm__ volatile("fence.i" ::: "memory");
}

// --- TLB ------------------------------------------------------------------------------------------------------------

// An entry that becomes valid is not flushed, although the CPU may remember that it was not (privileged specification,
// sfence.vma): it then faults once more, and space_fault(), which finds the page in place, comes here.
void arch_tlb_flush(struct space *space, unsigned long start, unsigned long end)
{
    if (this_cpu()->arch.space != space) {
        space->arch.generation = 0;
        return;
    }
    unsigned long asid = space->arch.satp >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    if (end - start > FLUSH_SINGLY * PAGE_SIZE) {
        __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
        return;
    }
    for (unsigned long page = start & PAGE_MASK; page < end; page += PAGE_SIZE)
        __asm__ volatile("sfence.vma %0, %1" ::"r"(page), "r"(asid) : "memory");
}

void arch_copy(void *to, const void *from, size_t length) { memmove(to, from, length); }

void arch_clear(void *to, size_t length) { memset(to, 0, length); }
