// SPDX-License-Identifier: MIT
// riscv64: what server code needs to know of this architecture's Linux ABI that is not a structure layout.
#pragma once

#include <stdint.h>

#define LINUX_NUMBER(i386, riscv64) (riscv64)
#define LINUX_MACHINE "riscv64"

// A 64-bit argument is one register.
#define ARG64(args, i) ((uint64_t)(args)[i])
// Index of the argument after a 64-bit one at index i.
#define ARG_AFTER64(i) ((i) + 1)
