// SPDX-License-Identifier: MIT
// Interrupt controllers: the CPU's local APIC with its timer, and the I/O APICs. A line is an I/O APIC input (global
// system interrupt). All lines are level triggered and active high: the devices behind them (UART, virtio, and
// QEMU's PCI) hold the line until served, and a masked edge would be lost.

#include "i386.h"
#include <arch.h>

#define LOCAL_APIC_BASE 0xfee00000u
#define LOCAL_PRIORITY (0x80 / 4)
#define LOCAL_END (0xb0 / 4)
#define LOCAL_SPURIOUS (0xf0 / 4)
#define LOCAL_TIMER (0x320 / 4)
#define LOCAL_LINT0 (0x350 / 4)
#define LOCAL_LINT1 (0x360 / 4)
#define LOCAL_ERROR (0x370 / 4)
#define LOCAL_INITIAL (0x380 / 4)
#define LOCAL_COUNT (0x390 / 4)
#define LOCAL_DIVIDE (0x3e0 / 4)
#define LOCAL_ENABLE 0x100u
#define LOCAL_MASKED 0x10000u
#define DIVIDE_BY_1 0xbu

// QEMU's two: pc and microvm have the first, microvm the second for its virtio devices.
static const uint32_t io_apic_bases[] = { 0xfec00000, 0xfec10000 };
#define IO_APICS 2
#define IO_PINS 24
#define IO_SELECT 0
#define IO_DATA (0x10 / 4)
#define IO_VERSION 1
#define IO_REDIRECTION 0x10
#define IO_LEVEL 0x8000u
#define IO_MASKED 0x10000u

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_CASCADE_LINE 2
#define PIT_LINE 0 // never unmasked by us; not a driver's either

static volatile uint32_t *local_apic;
static volatile uint32_t *io_apics[IO_APICS];
static unsigned line_count;

static uint32_t io_read(unsigned apic, uint32_t index)
{
    io_apics[apic][IO_SELECT] = index;
    return io_apics[apic][IO_DATA];
}

static void io_write(unsigned apic, uint32_t index, uint32_t value)
{
    io_apics[apic][IO_SELECT] = index;
    io_apics[apic][IO_DATA] = value;
}

static void set_line(unsigned line, uint32_t masked)
{
    io_write(line / IO_PINS, IO_REDIRECTION + 2 * (line % IO_PINS),
             (VECTOR_LINES + line) | IO_LEVEL | masked);
}

// The old controllers: everything masked, and what comes spuriously nevertheless below VECTOR_LINES.
static void disable_pic(void)
{
    static const uint16_t bases[] = { PIC_MASTER, PIC_SLAVE };
    for (unsigned i = 0; i < 2; i++) {
        out8(bases[i], 0x11);
        out8(bases[i] + 1, 0x20 + 8 * i);
        out8(bases[i] + 1, i == 0 ? 1 << PIC_CASCADE_LINE : PIC_CASCADE_LINE);
        out8(bases[i] + 1, 1);
        out8(bases[i] + 1, 0xff);
    }
}

static bool find_io_apic(unsigned apic)
{
    io_apics[apic] = arch_map_device(io_apic_bases[apic], PAGE_SIZE);
    uint32_t version = io_read(apic, IO_VERSION);
    return (version & 0xf0) >= 0x10 && (version & 0xf0) <= 0x20 && (version >> 16 & 0xff) == IO_PINS - 1;
}

void apic_init(void)
{
    disable_pic();
    local_apic = arch_map_device(LOCAL_APIC_BASE, PAGE_SIZE);
    local_apic[LOCAL_SPURIOUS] = LOCAL_ENABLE | VECTOR_SPURIOUS;
    local_apic[LOCAL_LINT0] = LOCAL_MASKED;
    local_apic[LOCAL_LINT1] = LOCAL_MASKED;
    local_apic[LOCAL_ERROR] = LOCAL_MASKED;
    local_apic[LOCAL_DIVIDE] = DIVIDE_BY_1;
    local_apic[LOCAL_TIMER] = VECTOR_TIMER;
    local_apic[LOCAL_PRIORITY] = 0;
    for (unsigned apic = 0; apic < IO_APICS && find_io_apic(apic); apic++)
        line_count += IO_PINS;
    for (unsigned line = 0; line < line_count; line++) {
        io_write(line / IO_PINS, IO_REDIRECTION + 2 * (line % IO_PINS) + 1, 0); // to the boot CPU
        set_line(line, IO_MASKED);
    }
}

void apic_end_of_interrupt(void) { local_apic[LOCAL_END] = 0; }

void apic_line_begin(unsigned line)
{
    set_line(line, IO_MASKED);
    apic_end_of_interrupt();
}

unsigned arch_irq_lines(void) { return line_count; }
void arch_irq_mask(unsigned line) { set_line(line, IO_MASKED); }
void arch_irq_unmask(unsigned line) { set_line(line, 0); }
bool arch_irq_reserved(unsigned line)
{
    return line >= line_count || line == PIT_LINE || line == PIC_CASCADE_LINE;
}

void apic_timer_start(uint32_t count) { local_apic[LOCAL_INITIAL] = count; }
uint32_t apic_timer_count(void) { return local_apic[LOCAL_COUNT]; }
