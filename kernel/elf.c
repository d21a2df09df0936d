// SPDX-License-Identifier: MIT
// Loads the first program: a static ELF executable of this machine's word size with page-aligned segments.
// Everything else is root's and pm's work, so anything unexpected here ends the boot.
#include <boot.h>
#include <errno.h>
#include <space.h>
#include <string.h>

// System V ABI, "Object files"; field widths are the machine word's where the two classes differ.
struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    unsigned long entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count;
    uint16_t section_size, section_count, string_section;
};

// The two classes order a program header differently.
struct elf32_program {
    uint32_t type, offset, address, physical, stored_size, memory_size, flags, align;
};

struct elf64_program {
    uint32_t type, flags;
    uint64_t offset, address, physical, stored_size, memory_size, align;
};

struct elf_program {
    uint32_t type, flags;
    unsigned long offset, address, stored_size, memory_size;
};

#define PT_LOAD 1
#define PF_EXECUTE 1u
#define PF_WRITE 2u
#define PF_READ 4u

static struct elf_program read_program(uint64_t physical)
{
    if (sizeof(long) == 8) {
        struct elf64_program from;
        physical_read(&from, physical, sizeof from);
        return (struct elf_program){ from.type,
                                     from.flags,
                                     (unsigned long)from.offset,
                                     (unsigned long)from.address,
                                     (unsigned long)from.stored_size,
                                     (unsigned long)from.memory_size };
    }
    struct elf32_program from;
    physical_read(&from, physical, sizeof from);
    return (struct elf_program){ from.type,    from.flags,       from.offset,
                                 from.address, from.stored_size, from.memory_size };
}

static void fill(struct space *space, unsigned long address, uint64_t physical, unsigned long length)
{
    char buffer[512];
    while (length) {
        size_t part = length < sizeof buffer ? length : sizeof buffer;
        physical_read(buffer, physical, part);
        if (copy_to_space(space, address, buffer, part) != part)
            panic("boot/root: no memory for its segment at %lx", address);
        address += part;
        physical += part;
        length -= part;
    }
}

static void load_segment(struct space *space, const struct archive_member *member,
                         const struct elf_program *segment)
{
    if (segment->offset > member->size || segment->stored_size > member->size - segment->offset ||
        segment->stored_size > segment->memory_size)
        panic("boot/root: a segment reaches beyond the file");
    unsigned long start = segment->address & PAGE_MASK;
    unsigned long end = (segment->address + segment->memory_size + PAGE_SIZE - 1) & PAGE_MASK;
    unsigned protection = (segment->flags & PF_READ ? PROT_READ_BIT : 0) |
                          (segment->flags & PF_WRITE ? PROT_WRITE_BIT : 0) |
                          (segment->flags & PF_EXECUTE ? PROT_EXECUTE_BIT : 0);
    long mapped =
        space_map(space, start, end - start,
                  PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT, NULL, 0, 0, 0);
    if (IS_ERROR(mapped))
        panic("boot/root: segment %lx-%lx cannot be mapped: error %ld", start, end, mapped);
    fill(space, segment->address, member->physical + segment->offset, segment->stored_size);
    if (space_protect(space, start, end - start, protection) < 0)
        panic("boot/root: segment %lx-%lx cannot be protected", start, end);
}

unsigned long elf_load(struct space *space, const struct archive_member *member)
{
    struct elf_header header;
    unsigned class = sizeof(long) == 8 ? 2 : 1;
    if (member->size < sizeof header)
        panic("boot/root is no ELF file");
    physical_read(&header, member->physical, sizeof header);
    if (memcmp(header.ident, "\177ELF", 4) != 0 || header.ident[4] != class)
        panic("boot/root is no ELF file of this machine");
    for (unsigned i = 0; i < header.program_count; i++) {
        uint64_t offset = header.program_offset + (uint64_t)i * header.program_size;
        if (offset + header.program_size > member->size)
            panic("boot/root: program headers beyond the file");
        struct elf_program segment = read_program(member->physical + offset);
        if (segment.type == PT_LOAD && segment.memory_size)
            load_segment(space, member, &segment);
    }
    return header.entry;
}
