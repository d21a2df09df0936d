// SPDX-License-Identifier: MIT
// One unit of a driver (protocol_device.h) as vfs talks to it: one read and one write under way at a time, begun
// without waiting. A driver that died is asked again until its successor answers.
#pragma once

#include <server.h>
#include "park.h"

struct device_link {
    handle_t port;
    unsigned unit;
    size_t size; // of each buffer
    // Input: bytes [taken, received) of `input` wait to be used; a read is begun only when there are none.
    struct async_call reading;
    uint8_t *input;
    size_t received, taken;
    bool end; // the last read met the end of file; the user clears it
    void (*arrived)(struct device_link *link);
    // Output: `sending` is with the driver, from `sent` on; `filling` is what comes next.
    struct async_call writing;
    uint8_t *sending, *filling;
    size_t sending_length, sent, filled;
    void (*left)(struct device_link *link); // a buffer was taken by the driver
    struct timer retry;
};

int device_link_init(struct device_link *link, handle_t port, unsigned unit, size_t size);
void device_link_read(struct device_link *link); // begins a read if none is under way and nothing waits
void device_link_send(struct device_link *link); // `filled` bytes of `filling` were added
static inline size_t device_link_room(const struct device_link *link) { return link->size - link->filled; }
static inline bool device_link_idle(const struct device_link *link)
{
    return link->sending_length == 0 && link->filled == 0;
}
// On a fiber: waits until something is taken from what `queue` belongs to.
void device_link_await(struct wait_queue *queue);
