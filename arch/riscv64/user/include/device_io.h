// SPDX-License-Identifier: MIT
// riscv64: a device's byte registers, always in memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct device_io {
    unsigned long base; // address of the mapped registers
    bool ports;         // never
};

static inline uint8_t io_read8(const struct device_io *io, unsigned offset)
{
    return *(volatile uint8_t *)(io->base + offset);
}

static inline void io_write8(const struct device_io *io, unsigned offset, uint8_t value)
{
    *(volatile uint8_t *)(io->base + offset) = value;
}
