// SPDX-License-Identifier: MIT
// riscv64: ELF64.
#pragma once

#include <stdint.h>

#define ELF_IDENT                                                                                            \
    "\x7f"                                                                                                   \
    "ELF\x02\x01\x01"
#define ELF_MACHINE 243 // EM_RISCV

struct elf_program {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
