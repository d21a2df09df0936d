// SPDX-License-Identifier: MIT
// riscv64: reads what the kernel itself needs from the flattened device tree (devicetree.org specification): memory,
// the archive, the command line, timer, interrupt controller, console UART, clock, power. Servers read the rest.

#include "csr.h"
#include "riscv64.h"
#include <assert.h>
#include <libfdt.h>
#include <string.h>

#define RAM_START 0x80000000ull // the firmware, then at 2 MiB the kernel (kernel.ld)

struct platform platform;

static const void *tree;

static void add_range(struct boot_range *ranges, unsigned *count, uint64_t start, uint64_t end)
{
    if (start < end && *count < BOOT_MEMORY_RANGES)
        ranges[(*count)++] = (struct boot_range){ start, end };
}

static uint64_t cells(const fdt32_t *cell, int count)
{
    uint64_t value = 0;
    while (count-- > 0)
        value = value << 32 | fdt32_to_cpu(*cell++);
    return value;
}

// The i-th address and length of a node's reg. -> false past the last
static bool node_reg(int node, int index, uint64_t *address, uint64_t *length)
{
    int parent = fdt_parent_offset(tree, node), size;
    int address_cells = fdt_address_cells(tree, parent), size_cells = fdt_size_cells(tree, parent);
    const fdt32_t *reg = fdt_getprop(tree, node, "reg", &size);
    int stride = address_cells + size_cells;
    if (!reg || address_cells < 0 || size_cells < 0 || (index + 1) * stride * 4 > size)
        return false;
    *address = cells(reg + index * stride, address_cells);
    *length = cells(reg + index * stride + address_cells, size_cells);
    return true;
}

// A property of one or two cells, 0 if absent.
static uint64_t node_number(int node, const char *name)
{
    int size;
    const fdt32_t *property = node < 0 ? NULL : fdt_getprop(tree, node, name, &size);
    return property ? cells(property, size / 4) : 0;
}

static uint64_t device_address(const char *compatible)
{
    uint64_t address, length;
    int node = fdt_node_offset_by_compatible(tree, -1, compatible);
    return node >= 0 && node_reg(node, 0, &address, &length) ? address : 0;
}

static void read_memory(struct boot_info *info)
{
    uint64_t start, length;
    int node = -1;
    while ((node = fdt_node_offset_by_prop_value(tree, node, "device_type", "memory", 7)) >= 0)
        for (int i = 0; node_reg(node, i, &start, &length); i++)
            add_range(info->memory, &info->memory_count, start, start + length);

    for (int i = 0; i < fdt_num_mem_rsv(tree); i++)
        if (fdt_get_mem_rsv(tree, i, &start, &length) == 0)
            add_range(info->reserved, &info->reserved_count, start, start + length);
    int reserved = fdt_path_offset(tree, "/reserved-memory");
    if (reserved < 0)
        return;
    fdt_for_each_subnode(node, tree, reserved)
    {
        for (int i = 0; node_reg(node, i, &start, &length); i++)
            add_range(info->reserved, &info->reserved_count, start, start + length);
    }
}

static void read_chosen(struct boot_info *info)
{
    int size, chosen = fdt_path_offset(tree, "/chosen");
    info->command_line = "";
    if (chosen < 0)
        return;
    const char *arguments = fdt_getprop(tree, chosen, "bootargs", &size);
    if (arguments && size > 0)
        info->command_line = arguments;
    info->archive.start = node_number(chosen, "linux,initrd-start");
    info->archive.end = node_number(chosen, "linux,initrd-end");
    const uint8_t *seed = fdt_getprop(tree, chosen, "rng-seed", &size);
    if (seed) {
        platform.seed_length = size < (int)sizeof(platform.seed) ? (unsigned)size : sizeof(platform.seed);
        memcpy(platform.seed, seed, platform.seed_length);
    }
}

static bool isa_has(const char *isa, const char *extension)
{
    size_t length = strlen(extension);
    for (const char *word = strchr(isa, '_'); word; word = strchr(word + 1, '_'))
        if (strncmp(word + 1, extension, length) == 0 &&
            (word[length + 1] == '_' || word[length + 1] == '\0'))
            return true;
    return false;
}

// -> phandle of the hart's own interrupt controller
static uint32_t read_cpu(unsigned long hart, struct boot_info *info)
{
    int cpus = fdt_path_offset(tree, "/cpus"), node, controller;
    platform.timebase = node_number(cpus, "timebase-frequency");
    info->cpu_model = "";
    fdt_for_each_subnode(node, tree, cpus)
    {
        if (!fdt_getprop(tree, node, "riscv,isa", NULL) || node_number(node, "reg") != hart)
            continue;
        info->cpu_model = fdt_getprop(tree, node, "riscv,isa", NULL);
        platform.sstc = isa_has(info->cpu_model, "sstc");
        fdt_for_each_subnode(controller, tree, node)
        {
            if (fdt_getprop(tree, controller, "interrupt-controller", NULL))
                return fdt_get_phandle(tree, controller);
        }
    }
    return 0;
}

// A PLIC context is an entry of interrupts-extended: {controller of a hart, its interrupt}.
static void read_plic(uint32_t hart_controller)
{
    int node = fdt_node_offset_by_compatible(tree, -1, "sifive,plic-1.0.0");
    if (node < 0)
        node = fdt_node_offset_by_compatible(tree, -1, "riscv,plic0");
    uint64_t address, length;
    int size;
    const fdt32_t *contexts = node < 0 ? NULL : fdt_getprop(tree, node, "interrupts-extended", &size);
    if (!contexts || !node_reg(node, 0, &address, &length))
        return;
    for (int i = 0; i < size / 8; i++) {
        if (fdt32_to_cpu(contexts[2 * i]) != hart_controller ||
            fdt32_to_cpu(contexts[2 * i + 1]) != INTERRUPT_EXTERNAL)
            continue;
        platform.plic = address;
        platform.plic_context = (unsigned)i;
        platform.plic_lines = (unsigned)node_number(node, "riscv,ndev") + 1;
    }
}

static void read_devices(void)
{
    int uart = fdt_node_offset_by_compatible(tree, -1, "ns16550a");
    platform.uart = device_address("ns16550a");
    platform.uart_shift = (unsigned)node_number(uart, "reg-shift");
    platform.rtc = device_address("google,goldfish-rtc");
    platform.finisher = device_address("sifive,test1");
    if (!platform.finisher)
        platform.finisher = device_address("sifive,test0");
}

void devicetree_read(uint64_t physical, unsigned long hart, struct boot_info *info)
{
    extern char kernel_end[];
    tree = arch_direct(physical);
    if (fdt_check_header(tree) != 0)
        panic("no device tree at %#lx", (unsigned long)physical);
    read_memory(info);
    read_chosen(info);
    read_plic(read_cpu(hart, info));
    read_devices();
    if (info->memory_count == 0 || platform.timebase == 0)
        panic("device tree without memory or timebase");

    info->devices = (struct boot_range){ physical, physical + fdt_totalsize(tree) };
    struct boot_range *reserved = info->reserved;
    // Firmware lies below the kernel in the same RAM; paging.c does not map it.
    add_range(reserved, &info->reserved_count, RAM_START, image_physical(kernel_end));
    add_range(reserved, &info->reserved_count, info->devices.start, info->devices.end);
    add_range(reserved, &info->reserved_count, info->archive.start, info->archive.end);
}
