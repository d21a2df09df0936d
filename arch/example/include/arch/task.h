// SPDX-License-Identifier: MIT
// example: what a task owns of the CPU. Entry code stores user registers in the frame, which comes first.
#pragma once

#include <arch/types.h>

struct arch_task {
    struct user_frame frame;
};
