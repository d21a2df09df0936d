// SPDX-License-Identifier: MIT
// i386: what server code needs to know of this architecture's Linux ABI that is not a structure layout.
#pragma once

#include <stdint.h>

#define LINUX_NUMBER(i386, riscv64) (i386)
#define LINUX_MACHINE "i686"

// A 64-bit argument stands in two registers, low half first, without alignment. ARG64(args, 3) means args 3, 4.
#define ARG64(args, i) ((uint64_t)(args)[i] | (uint64_t)(args)[(i) + 1] << 32)
// Index of the argument after a 64-bit one at index i.
#define ARG_AFTER64(i) ((i) + 2)
