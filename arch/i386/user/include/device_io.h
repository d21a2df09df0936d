// SPDX-License-Identifier: MIT
// i386: a device's byte registers, behind I/O ports or in memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct device_io {
    unsigned long base; // first port, or address of the mapped registers
    bool ports;
};

static inline uint8_t io_read8(const struct device_io *io, unsigned offset)
{
    uint8_t value;
    if (!io->ports)
        return *(volatile uint8_t *)(io->base + offset);
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(io->base + offset)));
    return value;
}

static inline void io_write8(const struct device_io *io, unsigned offset, uint8_t value)
{
    if (io->ports)
        __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(io->base + offset)));
    else
        *(volatile uint8_t *)(io->base + offset) = value;
}
