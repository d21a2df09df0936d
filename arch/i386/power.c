// SPDX-License-Identifier: MIT
// The end of the machine, and what else of it fits nowhere: idling, entropy, backtraces.

#include "i386.h"
#include <arch.h>
#include <string.h>

#define QEMU_EXIT 0xf4 // isa-debug-exit: QEMU ends with (status << 1) | 1
#define ACPI_POWER_PC 0x604
#define ACPI_POWER_OLD 0xb004
#define ACPI_SLEEP_OFF 0x2000
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET 0xfe
#define RESET_CONTROL 0xcf9
#define RESET_FULL 6

#define RDRAND_TRIES 10

static _Noreturn void triple_fault(void)
{
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } empty;
    __asm__ volatile("lidt %0\n\tint3" ::"m"(empty));
    for (;;)
        __asm__ volatile("cli; hlt");
}

_Noreturn void arch_power(unsigned action, int status)
{
    if (action == POWER_OFF) {
        out8(QEMU_EXIT, (uint8_t)status);
        out16(ACPI_POWER_PC, ACPI_SLEEP_OFF);
        out16(ACPI_POWER_OLD, ACPI_SLEEP_OFF);
    } else {
        out8(RESET_CONTROL, RESET_FULL);
        out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    }
    triple_fault();
}

// The interrupt that ends the wait is taken between hlt and cli; the kernel thread may be left for others there.
void arch_wait(void) { __asm__ volatile("sti; hlt; cli" ::: "memory"); }

static bool random_word(uint32_t *word)
{
    for (unsigned i = 0; i < RDRAND_TRIES; i++) {
        bool valid;
        __asm__ volatile("rdrand %0" : "=r"(*word), "=@ccc"(valid));
        if (valid)
            return true;
    }
    return false;
}

size_t arch_entropy(void *buffer, size_t length)
{
    size_t done = 0;
    uint32_t word;
    while (cpu_features.rdrand && done < length && random_word(&word)) {
        size_t part = length - done < sizeof(word) ? length - done : sizeof(word);
        memcpy((char *)buffer + done, &word, part);
        done += part;
    }
    return done;
}

// Frames of the CPU's stack and of kernel threads' all lie in the direct map; a chain that leads elsewhere or
// downwards is broken, or ended by the 0 that entry.S starts with.
unsigned arch_backtrace(unsigned long *pc, unsigned count, unsigned long frame_pointer)
{
    unsigned found = 0;
    while (found < count && frame_pointer % 4 == 0 && frame_pointer >= DIRECT_BASE &&
           frame_pointer < DIRECT_BASE + DIRECT_LIMIT - 8) {
        const unsigned long *frame = (const unsigned long *)frame_pointer;
        pc[found++] = frame[1];
        if (frame[0] <= frame_pointer)
            break;
        frame_pointer = frame[0];
    }
    return found;
}
