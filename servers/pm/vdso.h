// SPDX-License-Identifier: MIT
// The vDSO, which exec maps into every program.
#pragma once

#include <stdint.h>

void vdso_start(void);
void vdso_set_wall_offset(uint64_t offset); // what the kernel adds to the monotonic clock from now on
