// SPDX-License-Identifier: MIT
// Bytes between callers and a port's queues. Callers' memory is copied straight from and to the slots.
#include "port.h"

#include <errno.h>
#include <protocol_device.h>
#include <string.h>

#define SLOTS 8
#define SLOT_BYTES 4096u

static void answer(struct parked_call *call, long value)
{
    token_t token = call->token;
    call->token = 0;
    reply_value(token, value);
}

int port_start(struct serial_port *port)
{
    int error = virtqueue_make_slots(&port->receive, SLOTS, SLOT_BYTES);
    if (error == 0)
        error = virtqueue_make_slots(&port->transmit, SLOTS, SLOT_BYTES);
    if (error < 0)
        return error;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        virtqueue_add(&port->receive, slot, SLOT_BYTES, true);
    virtqueue_kick(&port->receive);
    return 0;
}

static void collect_received(struct serial_port *port)
{
    unsigned length;
    for (int slot; (slot = virtqueue_take(&port->receive, &length)) >= 0;) {
        unsigned at = (port->filled_first + port->filled_count++) % VIRTQUEUE_SIZE;
        port->filled[at] = (uint8_t)slot;
        port->filled_bytes[at] = (uint16_t)length;
    }
}

static void collect_transmitted(struct serial_port *port)
{
    unsigned length;
    while (virtqueue_take(&port->transmit, &length) >= 0)
        ;
}

// Gives the oldest slot back to the device once it is consumed.
static void drop_first(struct serial_port *port)
{
    virtqueue_add(&port->receive, port->filled[port->filled_first], SLOT_BYTES, true);
    virtqueue_kick(&port->receive);
    port->filled_first = (port->filled_first + 1) % VIRTQUEUE_SIZE;
    port->filled_count--;
    port->consumed = 0;
}

static void serve_reader(struct serial_port *port)
{
    if (!port->reader.token)
        return;
    size_t wanted = port->reader.window.length, given = 0;
    while (port->filled_count && given < wanted) {
        unsigned slot = port->filled[port->filled_first];
        size_t left = port->filled_bytes[port->filled_first] - port->consumed;
        size_t length = left < wanted - given ? left : wanted - given;
        long copied = copy_out(port->reader.token, 0, virtqueue_slot(&port->receive, slot) + port->consumed,
                               port->reader.window.base + given, length);
        if (copied < 0) {
            answer(&port->reader, given ? (long)given : copied);
            return;
        }
        given += (size_t)copied;
        port->consumed += (unsigned)copied;
        if (port->consumed == port->filled_bytes[port->filled_first])
            drop_first(port);
        else if ((size_t)copied < length)
            break;
    }
    if (given || !port->host_open)
        answer(&port->reader, (long)given);
}

// -> bytes taken, 0 if every slot is busy, or an error
static long send(struct serial_port *port, const struct parked_call *call)
{
    size_t taken = 0;
    while (taken < call->window.length) {
        int slot = virtqueue_free_slot(&port->transmit);
        if (slot < 0)
            break;
        size_t length = call->window.length - taken < SLOT_BYTES ? call->window.length - taken : SLOT_BYTES;
        long copied = copy_in(call->token, 0, virtqueue_slot(&port->transmit, (unsigned)slot),
                              call->window.base + taken, length);
        if (copied < 0)
            return taken ? (long)taken : copied;
        virtqueue_add(&port->transmit, (unsigned)slot, (unsigned)copied, false);
        taken += (size_t)copied;
    }
    if (taken)
        virtqueue_kick(&port->transmit);
    return (long)taken;
}

static void serve_writer(struct serial_port *port)
{
    if (!port->writer.token)
        return;
    long taken = port->host_open ? send(port, &port->writer) : -EPIPE;
    if (taken != 0 || port->writer.window.length == 0)
        answer(&port->writer, taken);
}

void port_moved(struct serial_port *port)
{
    collect_received(port);
    collect_transmitted(port);
    serve_reader(port);
    serve_writer(port);
    collect_transmitted(port); // QEMU usually takes what was kicked at once
    if (port->drainer.token && (!port->transmit.busy || !port->host_open))
        answer(&port->drainer, 0);
}

static void park(struct serial_port *port, struct parked_call *call, const struct message *message,
                 const struct window *window)
{
    if (call->token) {
        reply_value(message->token, -EBUSY);
        return;
    }
    *call = (struct parked_call){ message->token, *window };
    port_moved(port);
}

static void tell_name(struct serial_port *port, const struct message *message)
{
    size_t size = strlen(port->name) + 1;
    if (size > message->writable.length)
        size = message->writable.length;
    long copied = copy_out(message->token, 0, port->name, message->writable.base, size);
    reply_value(message->token, copied < 0 ? copied : 0);
}

void port_call(struct serial_port *port, const struct message *message)
{
    switch (message->number) {
    case DEVICE_INFO: tell_name(port, message); break;
    case DEVICE_READ: park(port, &port->reader, message, &message->writable); break;
    case DEVICE_WRITE: park(port, &port->writer, message, &message->readable); break;
    case DEVICE_DRAIN: park(port, &port->drainer, message, &message->readable); break;
    case DEVICE_SIZE: reply_value(message->token, 0); break;
    default: reply_value(message->token, -ENOSYS);
    }
}

bool port_forget(struct serial_port *port, token_t token, bool with_answer)
{
    struct parked_call *const calls[] = { &port->reader, &port->writer, &port->drainer };
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i]->token != token)
            continue;
        if (with_answer)
            answer(calls[i], -EINTR);
        calls[i]->token = 0;
        return true;
    }
    return false;
}
