// SPDX-License-Identifier: MIT
// The vDSO: where its functions lie, from its dynamic symbols, and the page of clock data that follows its image in the
// same memory object, so that one mapping has both.
#include "vdso.h"

#include "state.h"

#include <errno.h>
#include <heap.h>
#include <linux/elf.h>
#include <linux/process.h>
#include <server.h>
#include <string.h>
#include <vdso_clock.h>

static volatile struct vdso_clock *clock_page; // NULL: there is no vDSO

static unsigned long symbol(const struct elf_symbol *symbols, unsigned count, const char *names,
                            const char *wanted)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names + symbols[i].name, wanted) == 0)
            return (unsigned long)symbols[i].value;
    print("pm: the vDSO has no %s\n", wanted);
    return 0;
}

static void read_symbols(const char *image, const struct elf_dynamic *dynamic)
{
    const struct elf_symbol *symbols = NULL;
    const char *names = NULL;
    unsigned count = 0;
    for (const struct elf_dynamic *d = dynamic; d->tag; d++) {
        if (d->tag == DYNAMIC_SYMBOLS)
            symbols = (const struct elf_symbol *)(image + d->value);
        else if (d->tag == DYNAMIC_STRINGS)
            names = image + d->value;
        else if (d->tag == DYNAMIC_HASH)
            count = ((const uint32_t *)(image + d->value))[1];
    }
    if (!symbols || !names)
        return;
    pm->vdso_sigreturn = symbol(symbols, count, names, VDSO_SIGRETURN);
    pm->vdso_rt_sigreturn = symbol(symbols, count, names, VDSO_RT_SIGRETURN);
    pm->vdso_syscall = symbol(symbols, count, names, VDSO_SYSCALL);
    pm->vdso_landing = symbol(symbols, count, names, VDSO_LANDING);
}

// -> bytes of the image that are mapped, in whole pages
static size_t read_segments(const char *image)
{
    const struct elf_header *header = (const struct elf_header *)image;
    const struct elf_program *segments = (const struct elf_program *)(image + header->program_offset);
    size_t loaded = 0;
    for (unsigned i = 0; i < header->program_count; i++) {
        if (segments[i].type == SEGMENT_LOAD)
            loaded = (size_t)((segments[i].vaddr + segments[i].memsz + PAGE_SIZE - 1) & PAGE_MASK);
        else if (segments[i].type == SEGMENT_DYNAMIC)
            read_symbols(image, (const struct elf_dynamic *)(image + segments[i].offset));
    }
    return loaded;
}

// Section headers, which nobody maps, may lie where the clock goes: the object is cut off there first.
static void clock_start(size_t image)
{
    memory_resize(pm->vdso, image);
    memory_resize(pm->vdso, image + PAGE_SIZE);
    long address =
        space_map(self_space, 0xA0000000ul, PAGE_SIZE,
                  PROT_READ_BIT | PROT_WRITE_BIT | MAP_SHARED_BIT | MAP_POPULATE_BIT, pm->vdso, image, 0, 0);
    if (IS_ERROR(address))
        return;
    pm->vdso_size = image + PAGE_SIZE;
    clock_page = (volatile struct vdso_clock *)address;
    KCALL0(clock_get);
    vdso_set_wall_offset(message_page->result[1]);
    if (KCALL0(clock_scale) < 0)
        return;
    clock_page->start = message_page->result[0];
    clock_page->shift = (uint32_t)message_page->result[2];
    clock_page->multiplier = message_page->result[1];
}

void vdso_start(void)
{
    if (!pm->vdso || memory_info(pm->vdso) < 0)
        return;
    size_t size = (size_t)message_page->result[0];
    char *image = heap_alloc(size);
    if (image && memory_read(pm->vdso, 0, image, size) == (long)size && memcmp(image, ELF_IDENT, 5) == 0)
        clock_start(read_segments(image));
    heap_free(image);
    if (pm->vdso_size)
        vdso_fit(pm->vdso, pm->vdso_landing);
}

void vdso_set_wall_offset(uint64_t offset)
{
    if (!clock_page)
        return;
    clock_page->sequence++;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    clock_page->wall_offset = offset;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    clock_page->sequence++;
}
