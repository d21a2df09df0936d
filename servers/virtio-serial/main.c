// SPDX-License-Identifier: MIT
// The virtio-serial driver: one multiport console device (virtio 1.1, 5.3), whose named ports are this driver's
// units. Learns the ports by the control queues at its start; calls are answered once they are known.
#include "port.h"

#include <errno.h>
#include <printf.h>
#include <protocol_device.h>
#include <string.h>

#define FEATURE_MULTIPORT 2u // bit 1
#define CONFIG_MAX_PORTS 4u
#define PORTS 8u
#define CONTROL_RECEIVE 2u // queues 0, 1 are port 0's, 2 and 3 control, 4 and 5 port 1's ...
#define CONTROL_TRANSMIT 3u
#define CONTROL_BYTES 128u
#define INTERRUPT_BIT 1ul

enum control_event {
    DEVICE_READY,
    PORT_ADD,
    PORT_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME
};

struct control {
    uint32_t id;
    uint16_t event, value;
    // PORT_NAME: the name follows
};

static struct virtio_device device;
static struct virtqueue control_receive, control_transmit;
static struct serial_port ports[PORTS];
static unsigned port_count; // of the device, at most PORTS
static handle_t irq;
static bool discovered;

// Calls that came before the ports were known.
static struct message early[16];
static unsigned early_count;

static void tell(uint32_t id, enum control_event event, uint16_t value)
{
    int slot = virtqueue_free_slot(&control_transmit);
    if (slot < 0) {
        print("virtio-serial: control queue full\n");
        return;
    }
    struct control control = { id, (uint16_t)event, value };
    memcpy(virtqueue_slot(&control_transmit, (unsigned)slot), &control, sizeof(control));
    virtqueue_add(&control_transmit, (unsigned)slot, sizeof(control), false);
    virtqueue_kick(&control_transmit);
}

static void port_added(uint32_t id)
{
    struct serial_port *port = &ports[id];
    if (port->added || port_start(port) < 0) {
        tell(id, PORT_READY, 0);
        return;
    }
    port->added = true;
    tell(id, PORT_READY, 1);
    tell(id, PORT_OPEN, 1);
}

static void on_control(const struct control *control, unsigned length)
{
    if (length < sizeof(*control) || control->id >= port_count)
        return;
    struct serial_port *port = &ports[control->id];
    size_t name_length = length - sizeof(*control);
    switch (control->event) {
    case PORT_ADD: port_added(control->id); break;
    case PORT_OPEN:
        port->host_open = control->value != 0;
        if (port->added)
            port_moved(port);
        break;
    case PORT_NAME:
        if (name_length >= PORT_NAME_BYTES)
            name_length = PORT_NAME_BYTES - 1;
        memcpy(port->name, control + 1, name_length);
        port->name[name_length] = '\0';
        port->named = true;
        break;
    default: break;
    }
}

static void on_call(const struct message *message);

// The device answers a control message before it hands its slot back, so once all of ours are back and all of its
// own are read, the ports are known.
static void drain_control(void)
{
    unsigned length;
    bool moved;
    do {
        moved = false;
        for (int slot; (slot = virtqueue_take(&control_transmit, &length)) >= 0;)
            moved = true;
        for (int slot; (slot = virtqueue_take(&control_receive, &length)) >= 0;) {
            on_control((const struct control *)virtqueue_slot(&control_receive, (unsigned)slot), length);
            virtqueue_add(&control_receive, (unsigned)slot, CONTROL_BYTES, true);
            virtqueue_kick(&control_receive);
            moved = true;
        }
    } while (moved);
    if (discovered || control_transmit.busy)
        return;
    discovered = true;
    for (unsigned i = 0; i < early_count; i++)
        on_call(&early[i]);
}

static void on_interrupt(const struct message *message)
{
    virtio_interrupt_ack(&device);
    irq_ack(irq);
    // Data before control: bytes sent before a close are seen before it.
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i].added)
            port_moved(&ports[i]);
    drain_control();
}

// Units are counted over the ports that have a name.
static struct serial_port *unit_port(unsigned long unit)
{
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i].named && unit-- == 0)
            return &ports[i];
    return NULL;
}

static void on_call(const struct message *message)
{
    if (!discovered && early_count < sizeof(early) / sizeof(early[0])) {
        early[early_count++] = *message;
        return;
    }
    struct serial_port *port = unit_port(message->args[0]);
    if (port)
        port_call(port, message);
    else
        reply_value(message->token, -ENODEV);
}

static void forget(token_t token, bool with_answer)
{
    for (unsigned i = 0; i < port_count; i++)
        if (port_forget(&ports[i], token, with_answer))
            return;
}

static void on_cancel(const struct message *message) { forget(message->token, true); }

static void on_ended(const struct message *message) { forget(message->token, false); }

static int set_up_queues(void)
{
    uint32_t limit = virtio_config32(&device, CONFIG_MAX_PORTS);
    port_count = limit < PORTS ? limit : PORTS;
    int error = virtqueue_setup(&control_receive, &device, CONTROL_RECEIVE);
    if (error == 0)
        error = virtqueue_setup(&control_transmit, &device, CONTROL_TRANSMIT);
    for (unsigned i = 0; i < port_count && error == 0; i++) {
        unsigned first = i == 0 ? 0 : 2 * i + 2;
        error = virtqueue_setup(&ports[i].receive, &device, first);
        if (error == 0)
            error = virtqueue_setup(&ports[i].transmit, &device, first + 1);
    }
    if (error == 0)
        error = virtqueue_make_slots(&control_receive, VIRTQUEUE_SIZE, CONTROL_BYTES);
    return error < 0 ? error : virtqueue_make_slots(&control_transmit, VIRTQUEUE_SIZE, CONTROL_BYTES);
}

static int start_device(void)
{
    long features = virtio_start(&device, FEATURE_MULTIPORT);
    if (features < 0)
        return (int)features;
    if (!(features & FEATURE_MULTIPORT))
        return -ENODEV;
    int error = set_up_queues();
    if (error < 0)
        return error;
    for (unsigned slot = 0; slot < control_receive.slot_count; slot++)
        virtqueue_add(&control_receive, slot, CONTROL_BYTES, true);
    irq_bind(irq, self_port, INTERRUPT_BIT);
    irq_ack(irq);
    virtio_ready(&device);
    virtqueue_kick(&control_receive);
    tell(0, DEVICE_READY, 1);
    return 0;
}

// Of the windows that root gave, the one with a console device behind it.
static bool find_device(void)
{
    for (unsigned i = 0;; i++) {
        char name[16], line[16];
        snprintf(name, sizeof(name), "mmio%u", i);
        snprintf(line, sizeof(line), "irq%u", i);
        handle_t registers = start_handle(name);
        if (!registers)
            return false;
        if (virtio_open(&device, registers, start_value(name)) < 0)
            continue;
        irq = start_handle(line);
        if (device.type == VIRTIO_CONSOLE)
            return true;
        virtio_close(&device);
    }
}

static void no_device(const struct message *message) { reply_value(message->token, -ENODEV); }

int main(void)
{
    static const struct server_handlers handlers = {
        .call = on_call, .cancelled = on_cancel, .ended = on_ended, .notified = on_interrupt
    };
    static const struct server_handlers absent = { .call = no_device };
    int error = find_device() ? start_device() : -ENODEV;
    if (error < 0) {
        if (error != -ENODEV)
            print("virtio-serial: error %d\n", -error);
        server_loop(&absent);
    }
    drain_control();
    server_loop(&handlers);
}
