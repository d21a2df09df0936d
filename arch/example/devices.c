// SPDX-License-Identifier: MIT
// example: interrupt controller, clock, timer, entropy, console, power.

#include <arch.h>

unsigned arch_irq_lines(void) { return 0; }

void arch_irq_mask(unsigned line) { (void)line; }

void arch_irq_unmask(unsigned line) { (void)line; }

bool arch_irq_reserved(unsigned line)
{
    (void)line;
    return true;
}

uint64_t arch_clock(void) { return 0; }

uint64_t arch_cycles_to_ns(uint64_t cycles) { return cycles; }

uint64_t arch_wall_clock(void) { return 0; }

uint64_t arch_clock_frequency(void) { return 1000000000; }

bool arch_clock_scale(struct clock_scale *scale)
{
    (void)scale;
    return false;
}

void arch_timer_set(uint64_t deadline) { (void)deadline; }

// Interrupts on and halt in one step: an interrupt between the two must not be slept through.
void arch_wait(void) {}

size_t arch_entropy(void *buffer, size_t length)
{
    (void)buffer, (void)length;
    return 0;
}

void arch_putc(char c) { (void)c; }

_Noreturn void arch_power(unsigned action, int status)
{
    (void)action, (void)status;
    for (;;)
        ;
}
