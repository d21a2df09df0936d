// SPDX-License-Identifier: MIT
// i386: ELF32.
#pragma once

#include <stdint.h>

#define ELF_IDENT                                                                                            \
    "\x7f"                                                                                                   \
    "ELF\x01\x01\x01"
#define ELF_MACHINE 3 // EM_386

struct elf_program {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
