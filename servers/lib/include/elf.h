// SPDX-License-Identifier: MIT
// The parts of ELF (System V gABI) that loaders of static and dynamic programs read. Word sizes follow the
// architecture the code is compiled for; that is the only class it loads.
#pragma once

#include <elf_arch.h> // ELF_IDENT, ELF_MACHINE, struct elf_program (its field order depends on the class)
#include <stdint.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    unsigned long entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

enum elf_type { ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3 };
enum elf_segment { ELF_LOAD = 1, ELF_DYNAMIC = 2, ELF_INTERP = 3, ELF_PHDR = 6, ELF_GNU_STACK = 0x6474e551 };
enum elf_flags { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };
