// SPDX-License-Identifier: MIT
// riscv64: the device list of devices.h, read from the flattened device tree (devicetree.org specification) with
// libfdt. Addresses are those of the simple bus that holds every device of the virt machine: physical ones.

#include <devices.h>
#include <errno.h>
#include <libfdt.h>
#include <string.h>

static const struct known {
    const char *compatible, *name;
    bool ascending; // by address, in whatever order the tree has them
} known_devices[] = {
    { "ns16550a", "uart", false },
    { "virtio,mmio", "virtio-mmio", true },
    { "google,goldfish-rtc", "rtc", false },
};

static uint64_t cells(const fdt32_t *cell, int count)
{
    uint64_t value = 0;
    while (count-- > 0)
        value = value << 32 | fdt32_to_cpu(*cell++);
    return value;
}

static unsigned node_number(const void *tree, int node, const char *name, unsigned missing)
{
    int size;
    const fdt32_t *property = fdt_getprop(tree, node, name, &size);
    return property && size >= 4 ? fdt32_to_cpu(*property) : missing;
}

static bool read_device(const void *tree, int node, const char *name, struct device *device)
{
    int parent = fdt_parent_offset(tree, node), size;
    int address_cells = fdt_address_cells(tree, parent), size_cells = fdt_size_cells(tree, parent);
    const fdt32_t *reg = fdt_getprop(tree, node, "reg", &size);
    if (!reg || address_cells < 0 || size_cells < 0 || size < (address_cells + size_cells) * 4)
        return false;
    memset(device, 0, sizeof(*device));
    strlcpy(device->name, name, sizeof(device->name));
    device->address = cells(reg, address_cells);
    device->length = cells(reg + address_cells, size_cells);
    device->irq = node_number(tree, node, "interrupts", DEVICE_NO_IRQ);
    device->shift = node_number(tree, node, "reg-shift", 0);
    device->clock = node_number(tree, node, "clock-frequency", 0);
    return true;
}

static void reverse(struct device *devices, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        struct device device = devices[i];
        devices[i] = devices[count - 1 - i];
        devices[count - 1 - i] = device;
    }
}

int devices_find(const void *tree, size_t length, const char *command_line, struct device *devices,
                 unsigned limit)
{
    if (length < sizeof(struct fdt_header) || fdt_check_header(tree) != 0 || fdt_totalsize(tree) > length)
        return -EINVAL;
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof(known_devices) / sizeof(known_devices[0]); i++) {
        const struct known *known = &known_devices[i];
        unsigned first = count;
        int node = -1;
        while (count < limit && (node = fdt_node_offset_by_compatible(tree, node, known->compatible)) >= 0)
            if (read_device(tree, node, known->name, &devices[count]))
                count++;
        if (known->ascending && count > first && devices[first].address > devices[count - 1].address)
            reverse(devices + first, count - first);
    }
    return (int)count;
}
