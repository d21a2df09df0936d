// SPDX-License-Identifier: MIT
// What happens once, at start: the vDSO's symbols and process 1.
#pragma once

void vdso_read(void);
void uts_init(void);
void init_start(void);
