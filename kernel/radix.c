// SPDX-License-Identifier: MIT
// Radix tree with 64 slots a node. A node without items is freed at once; the tree grows in height as needed and
// shrinks only to nothing.
#include <errno.h>
#include <frame.h>
#include <radix.h>

#define BITS 6u
#define SLOTS (1u << BITS)
#define HEIGHT_MAX ((64 + BITS - 1) / BITS)

struct radix_node {
    void *slots[SLOTS];
    uint32_t used;
};

static unsigned slot_index(uint64_t index, unsigned level)
{
    return (unsigned)(index >> (level * BITS)) % SLOTS;
}

static bool too_large(uint64_t index, unsigned height)
{
    return height < HEIGHT_MAX && index >> (height * BITS);
}

void *radix_get(const struct radix *radix, uint64_t index)
{
    if (too_large(index, radix->height))
        return NULL;
    void *at = radix->root;
    for (unsigned level = radix->height; level-- > 0 && at;)
        at = ((struct radix_node *)at)->slots[slot_index(index, level)];
    return at;
}

unsigned radix_run(const struct radix *radix, uint64_t index, unsigned most, void *const **places)
{
    *places = NULL;
    unsigned rest = SLOTS - slot_index(index, 0), count = rest < most ? rest : most;
    if (too_large(index, radix->height))
        return count;
    if (radix->height == 0) {
        *places = &radix->root;
        return 1;
    }
    const struct radix_node *node = radix->root;
    for (unsigned level = radix->height; level-- > 1 && node;)
        node = node->slots[slot_index(index, level)];
    if (node)
        *places = &node->slots[slot_index(index, 0)];
    return count;
}

// Frees what hangs empty at the end of the path to index, after a failed insertion or a removal.
static void prune(struct radix *radix, struct quota *quota, uint64_t index)
{
    struct radix_node *path[HEIGHT_MAX];
    unsigned depth = 0;
    struct radix_node *node = radix->root;
    for (unsigned level = radix->height; level-- > 0 && node; depth++) {
        path[depth] = node;
        node = level ? node->slots[slot_index(index, level)] : NULL;
    }
    while (depth-- > 0 && path[depth]->used == 0) {
        kfree(quota, path[depth], sizeof *path[depth]);
        if (depth == 0) {
            radix->root = NULL;
            break;
        }
        path[depth - 1]->slots[slot_index(index, radix->height - depth)] = NULL;
        path[depth - 1]->used--;
    }
    if (!radix->root)
        radix->height = 0;
}

static int grow(struct radix *radix, struct quota *quota, uint64_t index)
{
    if (!radix->root) {
        while (too_large(index, radix->height))
            radix->height++;
        return 0;
    }
    while (too_large(index, radix->height)) {
        struct radix_node *node = kmalloc(quota, sizeof *node);
        if (!node)
            return -ENOMEM; // a taller tree is as good
        node->slots[0] = radix->root;
        node->used = 1;
        radix->root = node;
        radix->height++;
    }
    return 0;
}

int radix_set(struct radix *radix, struct quota *quota, uint64_t index, void *item)
{
    if (grow(radix, quota, index) < 0)
        return -ENOMEM;
    void **place = &radix->root;
    struct radix_node *parent = NULL;
    for (unsigned level = radix->height; level-- > 0;) {
        if (!*place) {
            struct radix_node *node = kmalloc(quota, sizeof *node);
            if (!node) {
                prune(radix, quota, index);
                return -ENOMEM;
            }
            *place = node;
            if (parent)
                parent->used++;
        }
        parent = *place;
        place = &parent->slots[slot_index(index, level)];
    }
    assert(!*place);
    *place = item;
    if (parent)
        parent->used++;
    return 0;
}

void *radix_remove(struct radix *radix, struct quota *quota, uint64_t index)
{
    if (too_large(index, radix->height))
        return NULL;
    void **place = &radix->root;
    struct radix_node *parent = NULL;
    for (unsigned level = radix->height; level-- > 0;) {
        parent = *place;
        if (!parent)
            return NULL;
        place = &parent->slots[slot_index(index, level)];
    }
    void *item = *place;
    if (!item)
        return NULL;
    *place = NULL;
    if (parent)
        parent->used--;
    prune(radix, quota, index);
    return item;
}

void *radix_next(const struct radix *radix, uint64_t *index)
{
    uint64_t at = *index;
    while (radix->root && !too_large(at, radix->height)) {
        void *node = radix->root;
        unsigned level = radix->height;
        while (level > 0 && node)
            node = ((struct radix_node *)node)->slots[slot_index(at, --level)];
        if (node) {
            *index = at;
            return node;
        }
        uint64_t span = 1ull << (level * BITS); // nothing in this subtree
        uint64_t next = (at & ~(span - 1)) + span;
        if (next <= at)
            break;
        at = next;
    }
    return NULL;
}
