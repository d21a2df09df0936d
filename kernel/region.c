// SPDX-License-Identifier: MIT
// The ordered set of a space's regions, which is the space's own when it is changed.
#include <arch.h>
#include <frame.h>
#include <pagetable.h>
#include <region.h>

static struct region *region_of(const struct rbtree_node *node)
{
    return node ? container_of(node, struct region, node) : NULL;
}

struct region *region_lowest(const struct space *space) { return region_of(space->regions->tree.first); }

struct region *region_next(const struct region *region) { return region_of(rbtree_next(&region->node)); }

struct region *region_previous(const struct region *region)
{
    return region_of(rbtree_previous(&region->node));
}

struct region *region_create(struct region_set *set)
{
    struct region *region = kmalloc(set->quota, sizeof *region);
    if (!region)
        return NULL;
    region->set = set;
    list_init(&region->mappings);
    return region;
}

void region_free(struct region *region)
{
    if (!region)
        return;
    struct region_set *set = region->set;
    list_for_each(space, &set->spaces, struct space, sharing) if (space->last == region) space->last = NULL;
    list_remove(&region->mappings);
    if (region->memory)
        object_put(&region->memory->object);
    kfree(set->quota, region, sizeof *region);
}

void region_set_memory(struct region *region, struct memory *memory, uint64_t offset)
{
    region->memory = memory;
    region->offset = memory ? offset : 0;
    if (memory) {
        object_get(&memory->object);
        list_append(&memory->regions, &region->mappings);
    }
}

void region_copy(struct region *to, const struct region *from)
{
    to->start = from->start;
    to->end = from->end;
    to->protection = from->protection;
    to->flags = from->flags;
    to->limit = from->limit;
    to->tag = from->tag;
    region_set_memory(to, from->memory, from->offset);
}

struct region *region_above(struct space *space, unsigned long address)
{
    struct region *best = NULL;
    const struct rbtree_node *node = space->regions->tree.root;
    while (node) {
        struct region *region = region_of(node);
        if (region->end > address) {
            best = region;
            if (region->start <= address)
                break;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

struct region *space_find(struct space *space, unsigned long address)
{
    struct region *region = space->last;
    if (region && address >= region->start && address < region->end)
        return region;
    region = region_above(space, address);
    if (!region || region->start > address)
        return NULL;
    space->last = region;
    return region;
}

bool region_overlaps(struct space *space, unsigned long start, unsigned long end)
{
    const struct region *region = region_above(space, start);
    return region && region->start < end;
}

void region_insert(struct space *space, struct region *region)
{
    struct rbtree *tree = &space->regions->tree;
    struct rbtree_node **place = &tree->root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = region->start < region_of(parent)->start ? &parent->left : &parent->right;
    }
    rbtree_insert(tree, parent, place, &region->node);
}

void region_remove(struct region *region) { rbtree_remove(&region->set->tree, &region->node); }

static void move_start(struct region *region, unsigned long start)
{
    if (region->memory)
        region->offset += start - region->start;
    region->start = start;
}

void region_split(struct space *space, unsigned long address, struct region **spare)
{
    struct region *region = region_above(space, address);
    assert(region && region->start < address && *spare);
    struct region *upper = *spare;
    *spare = NULL;
    region_copy(upper, region);
    move_start(upper, address);
    region->end = address;
    region_insert(space, upper);
}

static bool continues(const struct region *a, const struct region *b)
{
    return a && b && a->end == b->start && a->protection == b->protection && a->flags == b->flags &&
           a->tag == b->tag && a->memory == b->memory && a->limit == b->limit &&
           (!a->memory || a->offset + (a->end - a->start) == b->offset);
}

static void absorb(struct region *a, struct region *b)
{
    region_remove(b);
    a->end = b->end;
    region_free(b);
}

struct region *region_merge(struct region *region)
{
    struct region *next = region_next(region);
    if (continues(region, next))
        absorb(region, next);
    struct region *previous = region_previous(region);
    if (continues(previous, region)) {
        absorb(previous, region);
        return previous;
    }
    return region;
}

void region_clear(struct space *space, unsigned long start, unsigned long end, struct region **spare)
{
    struct region *region = region_above(space, start);
    if (region && region->start < start && region->end > end) {
        region_split(space, end, spare);
        region->end = start;
        return;
    }
    while (region && region->start < end) {
        struct region *next = region_next(region);
        if (region->start < start) {
            region->end = start;
        } else if (region->end > end) {
            move_start(region, end);
        } else {
            region_remove(region);
            region_free(region);
        }
        region = next;
    }
}

// Lowest range at or above hint.
static unsigned long gap_above(struct space *space, unsigned long hint, unsigned long length)
{
    unsigned long start = hint < PAGE_SIZE ? PAGE_SIZE : hint;
    for (const struct region *region = region_above(space, start); region; region = region_next(region)) {
        if (region->start >= start && region->start - start >= length)
            return start;
        start = region->end;
    }
    return start < USER_END && USER_END - start >= length ? start : 0;
}

// Highest range that ends at or below hint.
static unsigned long gap_below(struct space *space, unsigned long hint, unsigned long length)
{
    unsigned long end = hint > USER_END ? USER_END : hint;
    const struct region *region = end ? region_above(space, end - 1) : NULL;
    if (region && region->start < end)
        end = region->start;
    const struct rbtree_node *last = NULL;
    if (region) {
        region = region_previous(region);
    } else {
        for (const struct rbtree_node *node = space->regions->tree.root; node; node = node->right)
            last = node;
        region = region_of(last);
    }
    for (; region; region = region_previous(region)) {
        if (end >= region->end && end - region->end >= length)
            return end - length;
        end = region->start;
    }
    return end >= PAGE_SIZE && end - PAGE_SIZE >= length ? end - length : 0;
}

unsigned long region_gap(struct space *space, unsigned long hint, unsigned long length, bool below)
{
    hint &= PAGE_MASK;
    return below ? gap_below(space, hint, length) : gap_above(space, hint, length);
}

bool region_span(const struct region *region, unsigned long *start, unsigned long *end)
{
    unsigned long from = region->start & ~(PAGETABLE_SPAN - 1),
                  last = (region->end - 1) | (PAGETABLE_SPAN - 1);
    *end = last < USER_END - 1 ? last + 1 : USER_END;
    if (from > *start)
        *start = from;
    return *start < *end;
}
