// SPDX-License-Identifier: MIT
// Random numbers: ChaCha20 keyed from what root handed over, so a seeded boot is deterministic.
#pragma once

#include <stddef.h>

void random_init(void);
void random_bytes(void *to, size_t length);
unsigned long random_long(void);
