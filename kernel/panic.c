// SPDX-License-Identifier: MIT
// The end of the kernel: a line that says why, who called whom, and the power goes off with status 101.
#include <arch.h>
#include <log.h>
#include <panic.h>
#include <printf.h>

#define PANIC_STATUS 101
#define DEPTH 24

const char *symbol_find(unsigned long address, unsigned long *offset)
{
    unsigned low = 0, high = kernel_symbol_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (kernel_symbol_addresses[middle] <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    *offset = address - kernel_symbol_addresses[low - 1];
    return kernel_symbol_strings + kernel_symbol_names[low - 1];
}

static void print_frame(unsigned long pc)
{
    unsigned long offset = 0;
    const char *name = symbol_find(pc, &offset);
    if (name)
        log_print("  %lx %s+%lx\n", pc, name, offset);
    else
        log_print("  %lx\n", pc);
}

static _Noreturn void finish(unsigned long pc, unsigned long frame_pointer, const char *text)
{
    static bool panicking;
    if (panicking)
        arch_power(POWER_OFF, PANIC_STATUS); // a panic inside a panic: nothing more can be said
    panicking = true;
    log_show();
    log_print("\npanic: %s\n", text);
    if (pc)
        print_frame(pc);
    unsigned long frames[DEPTH];
    unsigned count = arch_backtrace(frames, DEPTH, frame_pointer);
    for (unsigned i = 0; i < count; i++)
        print_frame(frames[i]);
    arch_power(POWER_OFF, PANIC_STATUS);
}

_Noreturn void panic(const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finish(0, (unsigned long)__builtin_frame_address(0), text);
}

_Noreturn void panic_at(unsigned long pc, unsigned long frame_pointer, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finish(pc, frame_pointer, text);
}
