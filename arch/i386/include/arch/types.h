// SPDX-License-Identifier: MIT
// i386: types and constants behind arch.h. Also included by servers (struct user_frame).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ARCH_NAME "i386"
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define USER_END 0xC0000000ul
#define PAGE_TABLE_ROOT_ENTRIES 3 // of 1 GiB each
#define DIRECT_BASE 0xC0000000ul
#define DIRECT_LIMIT 0x30000000ull // physical bytes that are mapped directly
#define CALL_ADVANCE 2             // bytes of the trap instruction (int 0x80)
#define ARCH_IOPORTS 65536u        // I/O ports of the machine

// User registers as a server reads and writes them. orig_eax is the trap's number, or -1 outside a call.
struct user_frame {
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
    uint32_t ds, es, fs, gs;
    uint32_t orig_eax;
    uint32_t eip, cs, eflags, esp, ss;
};
