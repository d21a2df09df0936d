// SPDX-License-Identifier: MIT
#pragma once

struct arch_cpu {
    int unused;
};
