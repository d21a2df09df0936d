// SPDX-License-Identifier: MIT
// A server's random numbers: ChaCha20 keyed with what root handed over, so a seeded boot is deterministic.
#pragma once

#include <stddef.h>

#define RANDOM_SEED_BYTES 32
void random_init(const void *seed); // RANDOM_SEED_BYTES of it
void random_stir(const void *bytes,
                 size_t length); // adds what is unpredictable to others; never loses anything
void random_bytes(void *to, size_t length);
unsigned long random_long(void);
