// SPDX-License-Identifier: MIT
// The first serial port, polled: early messages and panics. Later the console server drives it.

#include "i386.h"
#include <arch.h>

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_INTERRUPTS (COM1 + 1)
#define UART_FIFO (COM1 + 2)
#define UART_LINE (COM1 + 3)
#define UART_MODEM (COM1 + 4)
#define UART_STATUS (COM1 + 5)
#define UART_DIVISOR_LATCH 0x80
#define UART_8N1 3
#define UART_EMPTY 0x20 // of the status
#define UART_POLLS 100000

void console_init(void)
{
    out8(UART_INTERRUPTS, 0);
    out8(UART_LINE, UART_DIVISOR_LATCH);
    out8(UART_DATA, 1); // 115200 baud
    out8(UART_INTERRUPTS, 0);
    out8(UART_LINE, UART_8N1);
    out8(UART_FIFO, 7);
    out8(UART_MODEM, 0xb); // DTR, RTS, interrupt line on
}

static void send(char c)
{
    for (unsigned polls = 0; polls < UART_POLLS && !(in8(UART_STATUS) & UART_EMPTY); polls++)
        ;
    out8(UART_DATA, (uint8_t)c);
}

void arch_putc(char c)
{
    if (c == '\n')
        send('\r');
    send(c);
}
