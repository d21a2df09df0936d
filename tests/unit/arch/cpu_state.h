// SPDX-License-Identifier: MIT
#pragma once

#define ARCH_CPU_ALIGN 64

struct arch_cpu {
    int unused;
};
