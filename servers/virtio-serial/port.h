// SPDX-License-Identifier: MIT
// One port of the virtio-serial device: its two queues and the calls that wait on them. main.c tells it what
// the host says (name, open, closed) and when its queues moved.
#pragma once

#include <server.h>
#include <virtio.h>

#define PORT_NAME_BYTES 64

struct parked_call {
    token_t token; // 0: none
    struct window window;
};

struct serial_port {
    bool added, named, host_open;
    char name[PORT_NAME_BYTES];
    struct virtqueue receive, transmit;
    // Received slots not consumed yet, oldest first, and how far the first one is.
    uint8_t filled[VIRTQUEUE_SIZE];
    uint16_t filled_bytes[VIRTQUEUE_SIZE];
    unsigned filled_first, filled_count, consumed;
    struct parked_call reader, writer, drainer;
};

int port_start(struct serial_port *port); // buffers; the host may send from then on
void port_call(struct serial_port *port, const struct message *message);
void port_moved(struct serial_port *port); // the device may have used slots, or the host opened or closed
bool port_forget(struct serial_port *port, token_t token, bool answer); // a parked call ends -> it was here
