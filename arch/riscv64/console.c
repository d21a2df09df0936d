// SPDX-License-Identifier: MIT
// riscv64: the early and panic console: a 16550 polled through the direct map, or the firmware's. The console
// server drives the same UART with interrupts; the kernel writes to it only for the log and in a panic.

#include "riscv64.h"

#define UART_DATA 0
#define UART_LINE_STATUS 5
#define LINE_STATUS_EMPTY 0x20

static volatile uint8_t *uart;

void console_init(void)
{
    if (platform.uart)
        uart = arch_map_device(platform.uart, PAGE_SIZE);
}

void arch_putc(char c)
{
    if (!uart) {
        sbi_putc(c);
        return;
    }
    while (!(uart[UART_LINE_STATUS << platform.uart_shift] & LINE_STATUS_EMPTY))
        ;
    uart[UART_DATA] = (uint8_t)c;
}
