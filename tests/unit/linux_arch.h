// SPDX-License-Identifier: MIT
// The host of the unit tests as an architecture of Linux: 64-bit arguments in one register.
#pragma once

#include <stdint.h>

#define LINUX_NUMBER(i386, riscv64) (riscv64)
#define LINUX_MACHINE "host"
#define ARG64(args, i) ((uint64_t)(args)[i])
#define ARG_AFTER64(i) ((i) + 1)
