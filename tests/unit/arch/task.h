// SPDX-License-Identifier: MIT
#pragma once

#include <arch/types.h>

struct arch_task {
    struct user_frame frame;
};
