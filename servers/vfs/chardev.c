// SPDX-License-Identifier: MIT
// Ports of the virtio-serial driver as character devices. Reads are begun when somebody wants bytes, so the host's
// end of file is seen when it counts, and asked for again by each later read.
#include "chardev.h"

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <printf.h>
#include <protocol_device.h>
#include <string.h>
#include "dev.h"
#include "device_link.h"
#include "tty.h"

#define PORT_BUFFER 32768u
#define PORT_NAME 64u

struct port {
    struct device_link link;
    struct wait_queue queue;
    char name[PORT_NAME];
};

static struct port **ports;
static unsigned port_count;

static struct port *port_of(struct device_link *link) { return container_of(link, struct port, link); }

static void arrived(struct device_link *link) { queue_wake(&port_of(link)->queue, POLL_READABLE); }

static void left(struct device_link *link) { queue_wake(&port_of(link)->queue, POLL_WRITABLE); }

static long port_read(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    struct device_link *link = &((struct port *)file->state)->link;
    if (transfer->left == 0)
        return 0;
    if (link->taken < link->received) {
        long got = transfer_out(transfer, link->input + link->taken, link->received - link->taken);
        if (got > 0)
            link->taken += (size_t)got;
        return got < 0 ? got : 0;
    }
    if (link->end) {
        link->end = false;
        return 0;
    }
    device_link_read(link);
    return -EAGAIN;
}

static long port_write(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    struct device_link *link = &((struct port *)file->state)->link;
    while (transfer->left > 0) {
        size_t room = device_link_room(link);
        if (room == 0)
            return -EAGAIN;
        long got = transfer_in(transfer, link->filling + link->filled, room);
        if (got < 0)
            return got;
        link->filled += (size_t)got;
        device_link_send(link);
    }
    return 0;
}

static unsigned port_poll(struct file *file)
{
    struct device_link *link = &((struct port *)file->state)->link;
    unsigned events = device_link_room(link) > 0 ? POLL_WRITABLE : 0;
    if (link->taken < link->received)
        return events | POLL_READABLE;
    if (link->end)
        return events | POLL_READABLE | POLLHUP;
    if (file_readable(file))
        device_link_read(link);
    return events;
}

static long port_ioctl(struct client *caller, struct file *file, unsigned long command,
                       unsigned long argument)
{
    struct device_link *link = &((struct port *)file->state)->link;
    int waiting = (int)(link->received - link->taken);
    return command == FIONREAD ? user_write(caller, argument, &waiting, sizeof(waiting)) : -ENOTTY;
}

static const struct file_operations port_operations = {
    .read = port_read,
    .write = port_write,
    .poll = port_poll,
    .ioctl = port_ioctl,
    .stream = true,
};

static int port_open(struct client *caller, struct file *file)
{
    unsigned minor = DEVICE_MINOR(file->inode->rdev);
    if (minor >= port_count)
        return -ENXIO;
    file->state = ports[minor];
    file->operations = &port_operations;
    file->queue = &ports[minor]->queue;
    return 0;
}

static int port_add(handle_t driver, const char *name)
{
    struct port *port = heap_alloc(sizeof(*port));
    struct port **grown = port ? heap_resize(ports, (port_count + 1) * sizeof(*ports)) : NULL;
    if (!grown)
        return -ENOMEM;
    ports = grown;
    strlcpy(port->name, name, sizeof(port->name));
    queue_init(&port->queue);
    port->link.arrived = arrived;
    port->link.left = left;
    int error = device_link_init(&port->link, driver, port_count, PORT_BUFFER);
    if (error < 0)
        return error;
    char node[PORT_NAME + 16];
    snprintf(node, sizeof(node), "virtio-ports/%s", name);
    error = device_node(node, S_IFCHR | 0600, DEVICE(PORT_MAJOR, port_count), 0);
    ports[port_count++] = port;
    return error;
}

int ports_start(void)
{
    static struct device_class class = { .major = PORT_MAJOR, .open = port_open };
    handle_t driver = start_handle("virtio-serial");
    device_register(&class);
    for (unsigned unit = 0; driver; unit++) {
        char name[PORT_NAME] = "";
        struct message message = { .number = DEVICE_INFO };
        message.args[0] = unit;
        message.writable = (struct window){ (unsigned long)name, sizeof(name) - 1 };
        if (fiber_call(driver, &message) < 0)
            break;
        int error = port_add(driver, name);
        if (error < 0)
            return error;
    }
    return 0;
}

// Before power off: written bytes wait here, then in the driver.
void ports_sync(void)
{
    for (unsigned i = 0; i < port_count; i++) {
        while (!device_link_idle(&ports[i]->link))
            device_link_await(&ports[i]->queue);
        struct message message = { .number = DEVICE_DRAIN };
        message.args[0] = i;
        fiber_call(ports[i]->link.port, &message);
    }
    console_sync();
}
