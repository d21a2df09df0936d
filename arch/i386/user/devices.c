// SPDX-License-Identifier: MIT
// i386: the device list of devices.h: the first serial port, which every PC has where IBM put it, and the virtio-mmio
// transports that the machine names on the command line (QEMU's microvm does, in Linux's notation:
// virtio_mmio.device=<size>@<address>:<irq>[:<id>]).

#include <devices.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define COM1_PORT 0x3f8
#define COM1_PORTS 8
#define COM1_IRQ 4
#define COM1_CLOCK 1843200

#define VIRTIO_WORD "virtio_mmio.device="

static void add_serial_port(struct device *device)
{
    *device = (struct device){
        .name = "uart",
        .irq = COM1_IRQ,
        .ioport = COM1_PORT,
        .ioports = COM1_PORTS,
        .clock = COM1_CLOCK,
    };
}

static bool parse_virtio(const char *value, struct device *device)
{
    char *end;
    unsigned long length = strtoul(value, &end, 0);
    if (*end == 'K' || *end == 'k') {
        length *= 1024;
        end++;
    }
    if (end == value || *end++ != '@')
        return false;
    unsigned long address = strtoul(end, &end, 0);
    if (*end++ != ':')
        return false;
    unsigned long irq = strtoul(end, &end, 0);
    if (*end != '\0' && *end != ' ' && *end != ':')
        return false;
    *device =
        (struct device){ .name = "virtio-mmio", .address = address, .length = length, .irq = (unsigned)irq };
    return length != 0;
}

int devices_find(const void *tree, size_t length, const char *command_line, struct device *devices,
                 unsigned limit)
{
    unsigned count = 0;
    if (count < limit)
        add_serial_port(&devices[count++]);
    const char *word = command_line;
    while (count < limit && (word = strstr(word, VIRTIO_WORD)) != NULL) {
        bool starts = word == command_line || word[-1] == ' ';
        word += strlen(VIRTIO_WORD);
        if (starts && parse_virtio(word, &devices[count]))
            count++;
    }
    return (int)count;
}
