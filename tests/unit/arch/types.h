// SPDX-License-Identifier: MIT
// A machine for unit tests of the kernel: its "physical memory" is an array of the host. See fake_arch.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

extern char *fake_memory;

#define ARCH_NAME "fake"
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define USER_END 0xC0000000ul
#define PAGE_TABLE_ROOT_ENTRIES 3 // of 1 GiB each
#define DIRECT_BASE ((unsigned long)fake_memory)
#define DIRECT_LIMIT 0x1000000ull // frames above are reached through windows only
#define CALL_ADVANCE 2

struct user_frame {
    uint64_t number;
};
