// SPDX-License-Identifier: MIT
// What happens once, at start: the system's name and process 1.
#pragma once

void uts_init(void);
void init_start(void);
