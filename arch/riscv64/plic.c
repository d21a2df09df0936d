// SPDX-License-Identifier: MIT
// riscv64: the platform-level interrupt controller (RISC-V PLIC specification), supervisor context of the boot hart.
// A claimed line stays silent until it is completed, so "masked after it fired" costs nothing: completion is put off
// until the line is unmasked.

#include "csr.h"
#include "riscv64.h"
#include <assert.h>

#define PLIC_PRIORITY 0x0
#define PLIC_ENABLE 0x2000    // + 0x80 a context, one bit a line
#define PLIC_CONTEXT 0x200000 // + 0x1000 a context: threshold, claim/complete
#define PLIC_LINES_MAX 1024

static volatile uint32_t *priorities, *enables, *context;
static uint32_t claimed[PLIC_LINES_MAX / 32]; // not completed yet

void plic_init(void)
{
    if (!platform.plic)
        return;
    char *base = arch_map_device(platform.plic, PLIC_CONTEXT + 0x1000 * (platform.plic_context + 1));
    priorities = (volatile uint32_t *)(base + PLIC_PRIORITY);
    enables = (volatile uint32_t *)(base + PLIC_ENABLE + 0x80 * platform.plic_context);
    context = (volatile uint32_t *)(base + PLIC_CONTEXT + 0x1000 * platform.plic_context);
    for (unsigned line = 1; line < platform.plic_lines; line++)
        priorities[line] = 1;
    for (unsigned word = 0; word < (platform.plic_lines + 31) / 32; word++)
        enables[word] = 0;
    context[0] = 0; // threshold: every priority passes
    csr_set(sie, SIE_EXTERNAL);
}

unsigned arch_irq_lines(void) { return platform.plic_lines; }

bool arch_irq_reserved(unsigned line) { return line == 0 || line >= platform.plic_lines; }

void arch_irq_mask(unsigned line)
{
    assert(!arch_irq_reserved(line));
    enables[line / 32] &= ~(1u << line % 32);
}

void arch_irq_unmask(unsigned line)
{
    assert(!arch_irq_reserved(line));
    uint32_t bit = 1u << line % 32;
    enables[line / 32] |= bit; // first: the completion of a disabled line is ignored
    if (claimed[line / 32] & bit) {
        claimed[line / 32] &= ~bit;
        context[1] = line;
    }
}

void plic_interrupt(void)
{
    for (;;) {
        uint32_t line = context[1];
        if (line == 0)
            return;
        claimed[line / 32] |= 1u << line % 32;
        trap_irq(line);
    }
}
