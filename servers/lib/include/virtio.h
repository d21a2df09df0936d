// SPDX-License-Identifier: MIT
// Virtio over MMIO for drivers: device start-up and split virtqueues (virtio 1.1, 2.6 and 4.2; version 1 of the
// register layout, "legacy", too, which QEMU presents by default). A queue's rings and buffers lie in one
// contiguous block of low memory.
#pragma once

#include <kernel.h>
#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_CONSOLE 3 // device types
#define VIRTQUEUE_SIZE 32u

struct virtio_device {
    volatile uint32_t *registers;
    bool legacy;
    uint32_t type;
};

struct virtqueue_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

// Buffers are equal slots of `slot_bytes`; descriptor i always describes slot i.
struct virtqueue {
    struct virtio_device *device;
    unsigned index, size;
    unsigned slot_count, slot_bytes;
    volatile struct virtqueue_descriptor *descriptors;
    volatile uint16_t *available, *used;
    uint8_t *slots;
    uint64_t slots_physical;
    uint16_t seen; // of the used ring
    uint32_t busy; // bit i: the device has slot i
};

// Maps the registers and looks. -> 0; -ENODEV: nothing plugged into this window
int virtio_open(struct virtio_device *device, handle_t registers, uint64_t physical);
void virtio_close(struct virtio_device *device);
// Reset, acknowledge, negotiate `features` (of the first 32). -> accepted features, or an error
long virtio_start(struct virtio_device *device, uint32_t features);
void virtio_ready(struct virtio_device *device); // after the queues are set up
uint32_t virtio_config32(const struct virtio_device *device, unsigned offset);
void virtio_interrupt_ack(struct virtio_device *device);

int virtqueue_setup(struct virtqueue *queue, struct virtio_device *device, unsigned index);
int virtqueue_make_slots(struct virtqueue *queue, unsigned count,
                         unsigned bytes); // count at most queue->size
uint8_t *virtqueue_slot(const struct virtqueue *queue, unsigned slot);
int virtqueue_free_slot(const struct virtqueue *queue); // -> slot, or -1
// Gives slot to the device: `length` bytes to read from it, or to fill if for_device_to_write.
void virtqueue_add(struct virtqueue *queue, unsigned slot, unsigned length, bool for_device_to_write);
void virtqueue_kick(struct virtqueue *queue);
// The next slot that the device is done with. -> slot, *length as the device reports it; -1: none
int virtqueue_take(struct virtqueue *queue, unsigned *length);
