// SPDX-License-Identifier: MIT
// riscv64: types and constants behind arch.h. Also included by servers (struct user_frame).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ARCH_NAME "riscv64"
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define USER_END 0x4000000000ul // sv39: 256 GiB
#define PAGE_TABLE_ROOT_ENTRIES 256
#define DIRECT_BASE 0xffffffd800000000ul
#define DIRECT_LIMIT 0x2000000000ull // physical bytes that are mapped directly
#define CALL_ADVANCE 4               // bytes of ecall
#define ARCH_IOPORTS 0u              // I/O ports of the machine

// User registers as a server reads and writes them. orig_a0 is the trap's first argument; number is a7 at
// the trap, or -1 outside a call.
struct user_frame {
    uint64_t pc;
    uint64_t x[31]; // x1 ra .. x31 t6; x[n - 1] is xn
    uint64_t orig_a0;
    uint64_t number;
};

#define FRAME_SP 1 // index of sp in x
#define FRAME_A0 9 // of a0
