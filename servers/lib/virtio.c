// SPDX-License-Identifier: MIT
// Virtio over MMIO. See virtio.h; register offsets from virtio 1.1, 4.2.2 and 4.2.4.
#include <errno.h>
#include <server.h>
#include <virtio.h>

enum {
    MAGIC = 0x000 / 4,
    VERSION = 0x004 / 4,
    DEVICE_ID = 0x008 / 4,
    DEVICE_FEATURES = 0x010 / 4,
    DEVICE_FEATURES_SELECT = 0x014 / 4,
    DRIVER_FEATURES = 0x020 / 4,
    DRIVER_FEATURES_SELECT = 0x024 / 4,
    LEGACY_PAGE_SIZE = 0x028 / 4,
    QUEUE_SELECT = 0x030 / 4,
    QUEUE_SIZE_LIMIT = 0x034 / 4,
    QUEUE_SIZE = 0x038 / 4,
    LEGACY_QUEUE_ALIGN = 0x03c / 4,
    LEGACY_QUEUE_PAGE = 0x040 / 4,
    QUEUE_READY = 0x044 / 4,
    QUEUE_NOTIFY = 0x050 / 4,
    INTERRUPT_STATUS = 0x060 / 4,
    INTERRUPT_ACK = 0x064 / 4,
    STATUS = 0x070 / 4,
    QUEUE_DESCRIPTORS = 0x080 / 4,
    QUEUE_AVAILABLE = 0x090 / 4,
    QUEUE_USED = 0x0a0 / 4,
    CONFIG = 0x100 / 4,
};
#define MAGIC_VALUE 0x74726976u
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define FEATURE_VERSION_1_HIGH 1u // bit 32
#define DESCRIPTOR_WRITE 2u

static void barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

int virtio_open(struct virtio_device *device, handle_t registers, uint64_t physical)
{
    long address =
        space_map(self_space, 0xA0000000ul, PAGE_SIZE,
                  PROT_READ_BIT | PROT_WRITE_BIT | MAP_SHARED_BIT | MAP_BELOW_BIT, registers, 0, 0, 0);
    if (IS_ERROR(address))
        return (int)address;
    device->registers = (volatile uint32_t *)((unsigned long)address + (physical & ~PAGE_MASK));
    device->legacy = device->registers[VERSION] == 1;
    device->type = device->registers[DEVICE_ID];
    if (device->registers[MAGIC] == MAGIC_VALUE && device->type != 0)
        return 0;
    virtio_close(device);
    return -ENODEV;
}

void virtio_close(struct virtio_device *device)
{
    space_unmap(self_space, (unsigned long)device->registers & PAGE_MASK, PAGE_SIZE);
}

long virtio_start(struct virtio_device *device, uint32_t features)
{
    volatile uint32_t *registers = device->registers;
    registers[STATUS] = 0;
    registers[STATUS] = STATUS_ACKNOWLEDGE;
    registers[STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    registers[DEVICE_FEATURES_SELECT] = 0;
    uint32_t accepted = registers[DEVICE_FEATURES] & features;
    registers[DRIVER_FEATURES_SELECT] = 0;
    registers[DRIVER_FEATURES] = accepted;
    if (device->legacy) {
        registers[LEGACY_PAGE_SIZE] = PAGE_SIZE;
        return accepted;
    }
    registers[DRIVER_FEATURES_SELECT] = 1;
    registers[DRIVER_FEATURES] = FEATURE_VERSION_1_HIGH;
    registers[STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    return registers[STATUS] & STATUS_FEATURES_OK ? (long)accepted : -EOPNOTSUPP;
}

void virtio_ready(struct virtio_device *device) { device->registers[STATUS] |= STATUS_DRIVER_OK; }

uint32_t virtio_config32(const struct virtio_device *device, unsigned offset)
{
    return device->registers[CONFIG + offset / 4];
}

void virtio_interrupt_ack(struct virtio_device *device)
{
    device->registers[INTERRUPT_ACK] = device->registers[INTERRUPT_STATUS];
}

// A contiguous block of memory, mapped. -> 0 or an error; *physical is where the device finds it
static int dma_alloc(size_t bytes, uint8_t **address, uint64_t *physical)
{
    long memory = memory_create(self_quota, bytes, MEMORY_LOW, 0);
    if (memory < 0)
        return (int)memory;
    long mapped =
        space_map(self_space, 0xA0000000ul, (bytes + PAGE_SIZE - 1) & PAGE_MASK,
                  PROT_READ_BIT | PROT_WRITE_BIT | MAP_SHARED_BIT | MAP_BELOW_BIT, (handle_t)memory, 0, 0, 0);
    long error = IS_ERROR(mapped) ? mapped : memory_info((handle_t)memory);
    *physical = message_page->result[4];
    handle_close((handle_t)memory);
    *address = (uint8_t *)mapped;
    return (int)error;
}

static void write_address(volatile uint32_t *registers, unsigned low, uint64_t physical)
{
    registers[low] = (uint32_t)physical;
    registers[low + 1] = (uint32_t)(physical >> 32);
}

// The page suits both register versions: descriptors, available ring, and the used ring where a legacy device
// with the same alignment looks for it (virtio 1.1, 2.6.2).
#define RING_ALIGN 64u

int virtqueue_setup(struct virtqueue *queue, struct virtio_device *device, unsigned index)
{
    volatile uint32_t *registers = device->registers;
    registers[QUEUE_SELECT] = index;
    unsigned limit = registers[QUEUE_SIZE_LIMIT];
    if (limit == 0)
        return -ENODEV;
    uint8_t *page;
    uint64_t physical;
    int error = dma_alloc(PAGE_SIZE, &page, &physical);
    if (error < 0)
        return error;
    unsigned size = limit < VIRTQUEUE_SIZE ? limit : VIRTQUEUE_SIZE;
    unsigned available = size * sizeof(struct virtqueue_descriptor);
    unsigned used = (available + 6 + 2 * size + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
    *queue = (struct virtqueue){
        .device = device,
        .index = index,
        .size = size,
        .descriptors = (void *)page,
        .available = (void *)(page + available),
        .used = (void *)(page + used),
    };
    registers[QUEUE_SIZE] = size;
    if (device->legacy) {
        registers[LEGACY_QUEUE_ALIGN] = RING_ALIGN;
        registers[LEGACY_QUEUE_PAGE] = (uint32_t)(physical / PAGE_SIZE);
        return 0;
    }
    write_address(registers, QUEUE_DESCRIPTORS, physical);
    write_address(registers, QUEUE_AVAILABLE, physical + available);
    write_address(registers, QUEUE_USED, physical + used);
    registers[QUEUE_READY] = 1;
    return 0;
}

int virtqueue_make_slots(struct virtqueue *queue, unsigned count, unsigned bytes)
{
    queue->slot_bytes = bytes;
    int error = dma_alloc(count * bytes, &queue->slots, &queue->slots_physical);
    if (error == 0)
        queue->slot_count = count;
    return error;
}

uint8_t *virtqueue_slot(const struct virtqueue *queue, unsigned slot)
{
    return queue->slots + slot * queue->slot_bytes;
}

int virtqueue_free_slot(const struct virtqueue *queue)
{
    for (unsigned slot = 0; slot < queue->slot_count; slot++)
        if (!(queue->busy & (1u << slot)))
            return (int)slot;
    return -1;
}

void virtqueue_add(struct virtqueue *queue, unsigned slot, unsigned length, bool for_device_to_write)
{
    queue->descriptors[slot].address = queue->slots_physical + slot * queue->slot_bytes;
    queue->descriptors[slot].length = length;
    queue->descriptors[slot].flags = for_device_to_write ? DESCRIPTOR_WRITE : 0;
    queue->busy |= 1u << slot;
    volatile uint16_t *index = &queue->available[1], *ring = &queue->available[2];
    ring[*index % queue->size] = (uint16_t)slot;
    barrier();
    *index = (uint16_t)(*index + 1);
    barrier();
}

void virtqueue_kick(struct virtqueue *queue) { queue->device->registers[QUEUE_NOTIFY] = queue->index; }

int virtqueue_take(struct virtqueue *queue, unsigned *length)
{
    barrier();
    if (queue->used[1] == queue->seen)
        return -1;
    volatile uint32_t *element = (volatile uint32_t *)(queue->used + 2) + 2 * (queue->seen % queue->size);
    unsigned slot = element[0] % queue->size;
    *length = element[1] < queue->slot_bytes ? element[1] : queue->slot_bytes;
    queue->seen++;
    queue->busy &= ~(1u << slot);
    return (int)slot;
}
