// SPDX-License-Identifier: MIT
// The machine's devices, as the root server hands them to drivers. Each architecture's half
// (arch/<arch>/user/devices.c) finds them in its own way: flattened device tree, or fixed PC devices and
// virtio_mmio.device= words of the kernel command line. May be called by any native program.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DEVICE_NO_IRQ 0xffffffffu

struct device {
    char name[16];    // "uart" (16550 compatible), "virtio-mmio", "rtc"
    uint64_t address; // physical, of its registers; 0: I/O ports only
    uint64_t length;  // bytes of them
    unsigned irq;     // line, or DEVICE_NO_IRQ
    unsigned ioport;  // first I/O port, 0: none
    unsigned ioports; // how many
    unsigned shift;   // registers are 1 << shift bytes apart
    uint64_t clock;   // input clock in Hz, 0: unknown
};

// `tree` is the flattened device tree (ROOT_DEVICES; length 0 where there is none). Finds at most `limit` devices,
// in the machine's order (uart: the console first). -> how many, or a negative error number.
int devices_find(const void *tree, size_t length, const char *command_line, struct device *devices,
                 unsigned limit);
