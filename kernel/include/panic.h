// SPDX-License-Identifier: MIT
// The end of the kernel, and names for its addresses. The symbol table is made by scripts/mksymbols at link.
#pragma once

#include <assert.h>
#include <stdint.h>

extern const unsigned int kernel_symbol_count;
extern const unsigned long kernel_symbol_addresses[]; // ascending
extern const unsigned int kernel_symbol_names[];      // offsets into kernel_symbol_strings
extern const char kernel_symbol_strings[];

// Name of the function that holds address and the offset in it, or NULL.
const char *symbol_find(unsigned long address, unsigned long *offset);
// For the architecture: a panic at a trap of the kernel, with the trap's own frame pointer for the backtrace.
_Noreturn void panic_at(unsigned long pc, unsigned long frame_pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
