// SPDX-License-Identifier: MIT
// example: types and constants behind arch.h. Also included by servers (struct user_frame).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ARCH_NAME "example"
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define USER_END 0x4000000000ul
#define PAGE_TABLE_ROOT_ENTRIES 256 // of 1 GiB each
#define DIRECT_BASE 0xffffffd800000000ul
#define DIRECT_LIMIT 0x2000000000ull // physical bytes that are mapped directly
#define CALL_ADVANCE 4               // bytes of the trap instruction
#define ARCH_IOPORTS 0u              // I/O ports of the machine

// User registers as a server reads and writes them. `number` is the trap's, or -1 outside a call; the first argument is
// kept beside the register that the result overwrites, so that a trap can be restarted.
struct user_frame {
    uint64_t pc, sp, tls;
    uint64_t args[6];
    uint64_t result;
    uint64_t first_argument;
    uint64_t number;
};
