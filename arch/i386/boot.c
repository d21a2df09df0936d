// SPDX-License-Identifier: MIT
// First C code: turns what the boot loader tells (multiboot 1 information or PVH's hvm_start_info) into struct
// boot_info and starts the generic kernel.

#include "i386.h"
#include <arch.h>
#include <assert.h>
#include <string.h>

#define MULTIBOOT_LOADER_MAGIC 0x2BADB002u
#define MULTIBOOT_HAS_COMMAND_LINE 0x4u
#define MULTIBOOT_HAS_MODULES 0x8u
#define MULTIBOOT_HAS_MAP 0x40u
#define PVH_MAGIC 0x336ec578u
#define MEMORY_USABLE 1u
#define LOW_MEMORY_END 0x100000u // below: firmware's

struct multiboot_info {
    uint32_t flags, memory_lower, memory_upper, boot_device, command_line;
    uint32_t module_count, modules, symbols[4];
    uint32_t map_length, map;
};

struct multiboot_module {
    uint32_t start, end, name, reserved;
};

struct __attribute__((packed)) multiboot_range {
    uint32_t size; // of what follows
    uint64_t start, length;
    uint32_t type;
};

struct pvh_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, acpi;
    uint64_t map; // from version 1 on
    uint32_t map_entries, reserved;
};

struct pvh_module {
    uint64_t start, length, command_line, reserved;
};

struct pvh_range {
    uint64_t start, length;
    uint32_t type, reserved;
};

static struct boot_info info;
static char command_line[2048];

static void add_range(struct boot_range *ranges, unsigned *count, uint64_t start, uint64_t end)
{
    if (start < end && *count < BOOT_MEMORY_RANGES)
        ranges[(*count)++] = (struct boot_range){ start, end };
}

static void add_memory(uint64_t start, uint64_t length, uint32_t type)
{
    uint64_t end = start + length;
    if (type == MEMORY_USABLE)
        add_range(info.memory, &info.memory_count, start < LOW_MEMORY_END ? LOW_MEMORY_END : start, end);
}

static void set_archive(uint64_t start, uint64_t end)
{
    info.archive = (struct boot_range){ start, end };
    add_range(info.reserved, &info.reserved_count, start, end);
}

static void read_multiboot(const struct multiboot_info *from)
{
    if (from->flags & MULTIBOOT_HAS_COMMAND_LINE) { // its first word is the kernel's file name
        const char *text = arch_direct(from->command_line);
        const char *space = strchr(text, ' ');
        strlcpy(command_line, space == NULL ? "" : space + 1, sizeof(command_line));
    }
    if (!(from->flags & MULTIBOOT_HAS_MAP))
        panic("the boot loader gave no memory map");
    for (uint32_t offset = 0; offset < from->map_length;) {
        const struct multiboot_range *range = arch_direct(from->map + offset);
        add_memory(range->start, range->length, range->type);
        offset += range->size + sizeof(range->size);
    }
    if ((from->flags & MULTIBOOT_HAS_MODULES) && from->module_count > 0) {
        const struct multiboot_module *module = arch_direct(from->modules);
        set_archive(module->start, module->end);
    }
}

static void read_pvh(const struct pvh_info *from)
{
    if (from->magic != PVH_MAGIC || from->version < 1)
        panic("started by neither multiboot nor PVH");
    if (from->command_line != 0)
        strlcpy(command_line, arch_direct(from->command_line), sizeof(command_line));
    const struct pvh_range *ranges = arch_direct(from->map);
    for (uint32_t i = 0; i < from->map_entries; i++)
        add_memory(ranges[i].start, ranges[i].length, ranges[i].type);
    if (from->module_count > 0) {
        const struct pvh_module *module = arch_direct(from->modules);
        set_archive(module->start, module->start + module->length);
    }
}

_Noreturn void boot_main(uint32_t magic, uint32_t loader_info)
{
    console_init();
    cpu_early();
    add_range(info.reserved, &info.reserved_count, arch_physical(kernel_start), arch_physical(kernel_end));
    if (magic == MULTIBOOT_LOADER_MAGIC)
        read_multiboot(arch_direct(loader_info));
    else
        read_pvh(arch_direct(loader_info));
    info.command_line = command_line;
    info.cpu_model = cpu_model_name();
    space_init();
    apic_init();
    clock_calibrate();
    kernel_main(&info);
}

void arch_init(void) {}
