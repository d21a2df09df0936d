// SPDX-License-Identifier: MIT
// How main() notices that it runs in a child.
#pragma once

#include <stdbool.h>

bool child_is_running(void);
_Noreturn void child_main(void);
void child_destroy_all(void);
