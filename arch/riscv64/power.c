// SPDX-License-Identifier: MIT
// riscv64: power off and restart. The test finisher of QEMU's virt machine carries an exit status; the firmware's
// reset, which does not, is the fallback.

#include "csr.h"
#include "riscv64.h"

#define FINISHER_PASS 0x5555u
#define FINISHER_FAIL 0x3333u // status in the upper half
#define FINISHER_RESET 0x7777u

void arch_power(unsigned action, int status)
{
    if (platform.finisher) {
        volatile uint32_t *finisher = arch_map_device(platform.finisher, PAGE_SIZE);
        if (action == POWER_RESTART)
            *finisher = FINISHER_RESET;
        else
            *finisher = status ? ((uint32_t)status << 16) | FINISHER_FAIL : FINISHER_PASS;
    }
    sbi_reset(action == POWER_RESTART, status != 0);
    csr_write(sie, 0);
    for (;;)
        __asm__ volatile("wfi");
}
