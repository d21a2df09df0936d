// SPDX-License-Identifier: MIT
// Kernel objects: slabs of one low frame per size class; what is larger takes whole blocks of frames. A quota pays
// by size, rounded up to frames over the sum of its objects, so that where an object lies costs nobody else.
#include <arch.h>
#include <frame.h>
#include <inline.h>
#include <string.h>

static const uint16_t class_size[] = { 16,  32,  48,  64,  80,  96,  112, 128,  160,  192, 224,
                                       272, 336, 400, 512, 576, 672, 816, 1024, 1360, 2048 };
#define CLASSES (sizeof class_size / sizeof *class_size)
#define CLASS_LARGEST 2048u

struct slab_class {
    struct frame *partial; // slabs with both free and used objects
    struct frame *empty;   // one slab kept
};

static struct slab_class classes[CLASSES];
static uint8_t class_of_size[CLASS_LARGEST / 16 + 1]; // by size / 16 rounded up; 0xff: not filled in yet
static uint64_t bytes_in_use;

uint64_t kmalloc_bytes(void) { return bytes_in_use; }

static unsigned find_class(size_t size)
{
    unsigned index = (unsigned)((size + 15) / 16);
    if (class_of_size[index] == 0) {
        unsigned class = 0;
        while (class_size[class] < size)
            class ++;
        class_of_size[index] = (uint8_t)(class + 1);
    }
    return class_of_size[index] - 1u;
}

static unsigned large_order(size_t size)
{
    unsigned order = 0;
    while ((PAGE_SIZE << order) < size)
        order++;
    return order;
}

// --- charging -----------------------------------------------------------------------------------------------------

// The last of the frames charged may have room for more. Sizes are small, so most charges end there.
static bool charge(struct quota *quota, size_t size)
{
    if (!quota)
        return true;
    size_t room = -(size_t)quota->bytes & (PAGE_SIZE - 1);
    if (size > room && !quota_charge(quota, (size - room + PAGE_SIZE - 1) >> PAGE_SHIFT))
        return false;
    quota->bytes += size;
    quota->objects++;
    return true;
}

static void uncharge(struct quota *quota, size_t size)
{
    if (!quota)
        return;
    assert(quota->bytes >= size && quota->objects > 0);
    size_t last = (((size_t)quota->bytes - 1) & (PAGE_SIZE - 1)) + 1; // bytes in the last frame
    quota->bytes -= size;
    quota->objects--;
    if (size >= last)
        quota_uncharge(quota, ((size - last) >> PAGE_SHIFT) + 1);
}

// --- slabs --------------------------------------------------------------------------------------------------------

// Slab frames and blocks are the kernel's own, so that only the sizes are charged; the countdown has been asked.
static struct frame *alloc_block(unsigned order)
{
    uint32_t countdown = allocation_failure_countdown;
    allocation_failure_countdown = 0;
    struct frame *frame = frame_alloc(NULL, order, FRAME_LOW);
    allocation_failure_countdown = countdown;
    return frame;
}

static void partial_push(struct slab_class *class, struct frame *slab)
{
    slab->previous = NULL;
    slab->next = class->partial;
    if (slab->next)
        slab->next->previous = slab;
    class->partial = slab;
}

static void partial_take(struct slab_class *class, struct frame *slab)
{
    if (slab->previous)
        slab->previous->next = slab->next;
    else
        class->partial = slab->next;
    if (slab->next)
        slab->next->previous = slab->previous;
}

static APART struct frame *new_slab(unsigned index)
{
    struct frame *slab = classes[index].empty;
    if (slab) {
        classes[index].empty = NULL;
        frame_cached(-1);
        return slab;
    }
    slab = alloc_block(0);
    if (!slab)
        return NULL;
    char *base = frame_direct(slab);
    unsigned size = class_size[index];
    void *next = NULL;
    for (unsigned i = PAGE_SIZE / size; i-- > 0;) {
        *(void **)(base + i * size) = next;
        next = base + i * size;
    }
    slab->objects = next;
    slab->size_class = (uint16_t)index;
    slab->references = 0;
    return slab;
}

static void *slab_alloc(unsigned index)
{
    struct slab_class *class = &classes[index];
    struct frame *slab = class->partial;
    if (!slab) {
        slab = new_slab(index);
        if (!slab)
            return NULL;
        partial_push(class, slab);
    }
    void **object = slab->objects;
    assert(object); // a slab with none left is in no list
    slab->objects = *object;
    slab->references++;
    if (!slab->objects)
        partial_take(class, slab);
    return object;
}

static void release_slab(struct frame *slab)
{
    slab->quota = NULL; // shares its place with `objects`
    slab->references = 0;
    frame_free(slab);
}

static void slab_free(unsigned index, void *object)
{
    struct slab_class *class = &classes[index];
    struct frame *slab = frame_of_direct(object);
    assert(slab->state == FRAME_USED && slab->size_class == index && slab->references > 0);
    bool full = !slab->objects;
    *(void **)object = slab->objects;
    slab->objects = object;
    if (full)
        partial_push(class, slab);
    if (--slab->references)
        return;
    partial_take(class, slab);
    if (class->empty) {
        release_slab(slab);
    } else {
        class->empty = slab;
        frame_cached(1);
    }
}

void kmalloc_reclaim(void)
{
    for (unsigned i = 0; i < CLASSES; i++) {
        if (!classes[i].empty)
            continue;
        release_slab(classes[i].empty);
        classes[i].empty = NULL;
        frame_cached(-1);
    }
}

// --- objects ------------------------------------------------------------------------------------------------------

void *kmalloc(struct quota *quota, size_t size)
{
    assert(size > 0);
    bool large = size > CLASS_LARGEST;
    unsigned index = large ? large_order(size) : find_class(size);
    size_t charged = large ? PAGE_SIZE << index : class_size[index];
    if (allocation_fails() || !charge(quota, charged))
        return NULL;
    void *object = NULL;
    if (large) {
        struct frame *frame = alloc_block(index);
        object = frame ? frame_direct(frame) : NULL;
    } else {
        object = slab_alloc(index);
    }
    if (!object) {
        uncharge(quota, charged);
        return NULL;
    }
    bytes_in_use += charged;
    return memset(object, 0, size);
}

void kfree(struct quota *quota, void *object, size_t size)
{
    if (!object)
        return;
    bool large = size > CLASS_LARGEST;
    unsigned index = large ? large_order(size) : find_class(size);
    size_t charged = large ? PAGE_SIZE << index : class_size[index];
    if (large)
        frame_put(frame_of_direct(object));
    else
        slab_free(index, object);
    bytes_in_use -= charged;
    uncharge(quota, charged);
}
