// SPDX-License-Identifier: MIT
// The ELF loader: maps a program or its loader (PT_INTERP) into a new address space, as Linux's binfmt_elf does.
#include "exec.h"

#include <errno.h>
#include <heap.h>
#include <linux/process.h>
#include <random.h>
#include <string.h>

#define PROGRAM_HEADERS_MAX 65536u

static unsigned long page_down(unsigned long address) { return address & PAGE_MASK; }

static unsigned long page_up(unsigned long address) { return (address + PAGE_SIZE - 1) & PAGE_MASK; }

long elf_check(const struct elf_header *header)
{
    if (memcmp(header->ident, ELF_IDENT, 6) != 0 || header->machine != ELF_MACHINE)
        return -ENOEXEC;
    if (header->type != ELF_EXECUTABLE && header->type != ELF_DYNAMIC)
        return -ENOEXEC;
    if (header->program_size != sizeof(struct elf_program) || header->program_count == 0 ||
        header->program_count * sizeof(struct elf_program) > PROGRAM_HEADERS_MAX)
        return -ENOEXEC;
    return 0;
}

long elf_read_segments(const struct open_file *file, const struct elf_header *header,
                       struct elf_program **segments)
{
    size_t size = header->program_count * sizeof(struct elf_program);
    *segments = heap_alloc(size);
    if (!*segments)
        return -ENOMEM;
    if (memory_read(file->memory, header->program_offset, *segments, size) == (long)size)
        return 0;
    heap_free(*segments);
    return -ENOEXEC;
}

static unsigned protection(const struct elf_program *segment)
{
    return (segment->flags & SEGMENT_R ? PROT_READ_BIT : 0) |
           (segment->flags & SEGMENT_W ? PROT_WRITE_BIT : 0) |
           (segment->flags & SEGMENT_X ? PROT_EXECUTE_BIT : 0);
}

static long map(struct mm *mm, unsigned long start, unsigned long end, unsigned prot, handle_t memory,
                uint64_t offset, unsigned long tag)
{
    if (start >= end)
        return 0;
    long address = space_map(mm->space, start, end - start, prot | MAP_FIXED_BIT, memory, offset, tag, 0);
    return IS_ERROR(address) ? address : 0;
}

static long map_segment(struct mm *mm, const struct open_file *file, const struct elf_program *segment,
                        unsigned long bias, unsigned long tag)
{
    unsigned prot = protection(segment);
    unsigned long start = bias + segment->vaddr;
    unsigned long file_end = start + segment->filesz, end = start + segment->memsz;
    unsigned long pad = start & ~PAGE_MASK;
    unsigned long mapped_end = segment->filesz ? page_up(file_end) : page_down(start);
    long error = 0;
    if (segment->filesz)
        error = map(mm, page_down(start), mapped_end, prot, file->memory, segment->offset - pad, tag);
    if (error < 0)
        return error;
    error = map(mm, mapped_end, page_up(end), prot, 0, 0, MM_ANONYMOUS);
    if (error < 0 || end <= file_end || mapped_end <= file_end || !(prot & PROT_WRITE_BIT))
        return error;
    // The rest of the last page of the file belongs to .bss.
    static const char zeroes[PAGE_SIZE];
    return mm_write(mm, file_end, zeroes, mapped_end - file_end);
}

static bool span(const struct elf_program *segments, unsigned count, unsigned long *low, unsigned long *high,
                 unsigned long *align)
{
    bool any = false;
    *align = PAGE_SIZE;
    for (unsigned i = 0; i < count; i++) {
        const struct elf_program *segment = &segments[i];
        if (segment->type != SEGMENT_LOAD)
            continue;
        unsigned long start = page_down(segment->vaddr), end = page_up(segment->vaddr + segment->memsz);
        if (segment->filesz > segment->memsz || end < start || end > USER_END ||
            (segment->vaddr - segment->offset) % PAGE_SIZE != 0)
            return false;
        if (!any || start < *low)
            *low = start;
        if (!any || end > *high)
            *high = end;
        if (segment->align > *align && (segment->align & (segment->align - 1)) == 0)
            *align = segment->align;
        any = true;
    }
    return any;
}

// Where position-independent code goes: a program with a loader at its own base; loaders and programs that
// relocate themselves among the mappings.
static long choose_bias(struct exec *exec, const struct elf_header *header, bool is_loader, unsigned long low,
                        unsigned long high, unsigned long align, unsigned long *bias)
{
    *bias = 0;
    if (header->type == ELF_EXECUTABLE)
        return 0;
    if (!is_loader && exec->has_loader) {
        unsigned long random = (random_long() & ((1ul << RANDOM_MAP_BITS) - 1)) << PAGE_SHIFT;
        *bias = ((ELF_DYNAMIC_BASE + random) & ~(align - 1)) - low;
        return 0;
    }
    unsigned long length = high - low + (align - PAGE_SIZE);
    long found = space_map(exec->mm->space, exec->mm->mmap_base, length, MAP_BELOW_BIT, 0, 0, 0, 0);
    if (IS_ERROR(found))
        return found;
    space_unmap(exec->mm->space, (unsigned long)found, length);
    *bias = (((unsigned long)found + align - 1) & ~(align - 1)) - low;
    return 0;
}

static void note_segment(struct image *image, const struct elf_program *segment)
{
    unsigned long start = image->bias + segment->vaddr;
    unsigned long file_end = start + segment->filesz, end = start + segment->memsz;
    if ((segment->flags & SEGMENT_X) && (!image->start_code || start < image->start_code))
        image->start_code = start;
    if ((segment->flags & SEGMENT_X) && file_end > image->end_code)
        image->end_code = file_end;
    if (start > image->start_data)
        image->start_data = start;
    if (file_end > image->end_data)
        image->end_data = file_end;
    if (end > image->brk)
        image->brk = end;
}

static void find_program_headers(struct image *image, const struct elf_header *header,
                                 const struct elf_program *segments)
{
    image->program_count = header->program_count;
    for (unsigned i = 0; i < header->program_count; i++) {
        const struct elf_program *segment = &segments[i];
        if (segment->type == SEGMENT_LOAD && segment->offset <= header->program_offset &&
            header->program_offset < segment->offset + segment->filesz)
            image->program_headers = image->bias + header->program_offset - segment->offset + segment->vaddr;
    }
}

static long load_segments(struct exec *exec, struct open_file *file, const struct elf_header *header,
                          bool is_loader, const struct elf_program *segments, struct image *image)
{
    unsigned long low = 0, high = 0, align;
    if (!span(segments, header->program_count, &low, &high, &align))
        return -ENOEXEC;
    long error = choose_bias(exec, header, is_loader, low, high, align, &image->bias);
    if (error < 0)
        return error;
    long tag = mm_file_tag(exec->mm, file->path, file->info.device, file->info.inode);
    if (tag < 0)
        return tag;
    for (unsigned i = 0; i < header->program_count; i++) {
        if (segments[i].type != SEGMENT_LOAD || segments[i].memsz == 0)
            continue;
        error = map_segment(exec->mm, file, &segments[i], image->bias, (unsigned long)tag);
        if (error < 0)
            return error;
        note_segment(image, &segments[i]);
    }
    image->entry = image->bias + header->entry;
    image->low = image->bias + low;
    image->high = image->bias + high;
    find_program_headers(image, header, segments);
    return 0;
}

long elf_load(struct exec *exec, struct open_file *file, const struct elf_header *header, bool is_loader,
              struct image *image)
{
    struct elf_program *segments;
    long error = elf_read_segments(file, header, &segments);
    if (error < 0)
        return error;
    error = load_segments(exec, file, header, is_loader, segments, image);
    heap_free(segments);
    return error;
}
