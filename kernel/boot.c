// SPDX-License-Identifier: MIT
// kernel_main: the order in which the kernel comes up, and its command line.
#include <arch.h>
#include <arch/cpu.h>
#include <boot.h>
#include <clock.h>
#include <frame.h>
#include <log.h>
#include <sched.h>
#include <string.h>
#include <task.h>
#include <work.h>

// Finds word `name` or `name=value`; value (may be NULL) gets what follows the sign, or "".
bool boot_option(const struct boot_info *info, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    for (const char *word = info->command_line; word && *word;) {
        while (*word == ' ')
            word++;
        const char *end = word;
        while (*end && *end != ' ')
            end++;
        bool bare = (size_t)(end - word) == length;
        if (strncmp(word, name, length) == 0 && (bare || word[length] == '=')) {
            const char *from = bare ? end : word + length + 1;
            size_t got = (size_t)(end - from);
            if (value) {
                got = got < size ? got : size - 1;
                memcpy(value, from, got);
                value[got] = 0;
            }
            return true;
        }
        word = end;
    }
    return false;
}

static void print_machine(const struct boot_info *info)
{
    log_print("Pando on %s, %s\n", ARCH_NAME, info->cpu_model ? info->cpu_model : "unknown CPU");
    for (unsigned i = 0; i < info->memory_count; i++)
        log_print("memory %llx-%llx\n", (unsigned long long)info->memory[i].start,
                  (unsigned long long)info->memory[i].end);
    log_print("%llu of %llu KiB free\n", (unsigned long long)frame_free_count() * (PAGE_SIZE / 1024),
              (unsigned long long)frame_total() * (PAGE_SIZE / 1024));
}

static void idle(void *argument)
{
    for (;;)
        arch_wait();
}

_Noreturn void kernel_main(struct boot_info *info)
{
    log_to_console(boot_option(info, "log", NULL, 0));
    frame_init(info);
    arch_init();
    sched_init();
    clock_init();
    print_machine(info);
    struct cpu *cpu = this_cpu();
    cpu->idle = kernel_thread(idle, NULL);
    if (!cpu->idle)
        panic("no memory for the idle task");
    cpu->current = cpu->idle;
    work_init();
    root_start(info);
    arch_direct_protect();
    arch_leave();
}
