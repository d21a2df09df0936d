// SPDX-License-Identifier: MIT
// ELF as execve(2) and the vDSO lookup read it: the class of the architecture that this is compiled for.
// <elf_arch.h> has struct elf_program, <linux/process_arch.h> struct elf_symbol.
#pragma once

#include <elf_arch.h>
#include <stdint.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    unsigned long entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count, section_size, section_count, section_names;
};

#define ELF_EXECUTABLE 2
#define ELF_DYNAMIC 3

#define SEGMENT_LOAD 1
#define SEGMENT_DYNAMIC 2
#define SEGMENT_INTERPRETER 3
#define SEGMENT_PROGRAM_HEADERS 6
#define SEGMENT_GNU_STACK 0x6474e551u

#define SEGMENT_X 1u
#define SEGMENT_W 2u
#define SEGMENT_R 4u

struct elf_dynamic {
    unsigned long tag, value;
};
#define DYNAMIC_HASH 4
#define DYNAMIC_STRINGS 5
#define DYNAMIC_SYMBOLS 6
