// SPDX-License-Identifier: MIT
// Physical frames: a buddy allocator over two zones, with a list of single frames in front of each that takes
// and gives without merging. A frame stays charged to the quota that allocated it until its last reference goes.
#include <arch.h>
#include <frame.h>
#include <inline.h>
#include <string.h>
#include <work.h>

#define MAX_ORDER 10
#define SINGLES 512u // more than these are merged into the buddy lists

struct zone {
    uint64_t frames;       // free ones
    struct frame *singles; // state USED, no references; linked through next
    unsigned single_count;
    struct frame *free[MAX_ORDER + 1];
};

enum { ZONE_LOW, ZONE_HIGH, ZONES };

struct frame *frames;
uint32_t allocation_failure_countdown;

static struct zone zones[ZONES];
static uint64_t frame_first, frame_end; // numbers of those that have descriptors
static uint64_t total_frames, cached_frames, reserve;

bool allocation_fails(void) { return allocation_failure_countdown && --allocation_failure_countdown == 0; }

uint64_t frame_total(void) { return total_frames; }

static uint64_t free_frames(void) { return zones[ZONE_LOW].frames + zones[ZONE_HIGH].frames; }

uint64_t frame_free_count(void) { return free_frames() + cached_frames; }

void frame_cached(int difference) { cached_frames += (uint64_t)(int64_t)difference; }

struct frame *frame_at(uint64_t physical)
{
    uint64_t number = physical >> PAGE_SHIFT;
    bool described = number >= frame_first && number < frame_end;
    return described && frames[number].state != FRAME_ABSENT ? &frames[number] : NULL;
}

static struct zone *zone_of(const struct frame *frame)
{
    return &zones[frame_address(frame) < DIRECT_LIMIT ? ZONE_LOW : ZONE_HIGH];
}

// --- buddy lists ------------------------------------------------------------------------------------------------

static void list_push(struct zone *zone, struct frame *frame, unsigned order)
{
    frame->state = FRAME_FREE;
    frame->order = (uint8_t)order;
    frame->previous = NULL;
    frame->next = zone->free[order];
    if (frame->next)
        frame->next->previous = frame;
    zone->free[order] = frame;
}

static void list_take(struct zone *zone, struct frame *frame)
{
    if (frame->previous)
        frame->previous->next = frame->next;
    else
        zone->free[frame->order] = frame->next;
    if (frame->next)
        frame->next->previous = frame->previous;
    frame->state = FRAME_TAIL;
}

// Zones meet at a multiple of the largest block, so a buddy is always of the same zone.
static struct frame *buddy_of(const struct frame *frame, unsigned order)
{
    uint64_t number = (uint64_t)(frame - frames) ^ (1ull << order);
    if (number < frame_first || number >= frame_end)
        return NULL;
    struct frame *buddy = &frames[number];
    return buddy->state == FRAME_FREE && buddy->order == order ? buddy : NULL;
}

static APART void buddy_free(struct zone *zone, struct frame *frame, unsigned order)
{
    frame->state = FRAME_TAIL;
    while (order < MAX_ORDER) {
        struct frame *buddy = buddy_of(frame, order);
        if (!buddy)
            break;
        list_take(zone, buddy);
        if (buddy < frame)
            frame = buddy;
        order++;
    }
    list_push(zone, frame, order);
}

static struct frame *buddy_alloc(struct zone *zone, unsigned order)
{
    unsigned found = order;
    while (found <= MAX_ORDER && !zone->free[found])
        found++;
    if (found > MAX_ORDER)
        return NULL;
    struct frame *frame = zone->free[found];
    list_take(zone, frame);
    while (found > order) {
        found--;
        list_push(zone, frame + (1ul << found), found);
    }
    return frame;
}

static APART void merge_singles(struct zone *zone, unsigned keep)
{
    while (zone->single_count > keep) {
        struct frame *frame = zone->singles;
        zone->singles = frame->next;
        zone->single_count--;
        buddy_free(zone, frame, 0);
    }
}

static APART struct frame *alloc_block(struct zone *zone, unsigned order)
{
    struct frame *frame = buddy_alloc(zone, order);
    if (!frame && zone->singles) {
        merge_singles(zone, 0);
        frame = buddy_alloc(zone, order);
    }
    return frame;
}

static struct frame *zone_alloc(struct zone *zone, unsigned order)
{
    if (zone->frames < 1ull << order)
        return NULL;
    struct frame *frame = zone->singles;
    if (order == 0 && frame) {
        zone->singles = frame->next;
        zone->single_count--;
    } else {
        frame = alloc_block(zone, order);
        if (!frame)
            return NULL;
    }
    zone->frames -= 1ull << order;
    return frame;
}

// --- allocation -------------------------------------------------------------------------------------------------

INLINE struct frame *try_alloc(unsigned order, unsigned flags)
{
    if (free_frames() < (1ull << order) + (flags & FRAME_EMERGENCY ? 0 : reserve))
        return NULL;
    struct frame *frame = flags & FRAME_LOW ? NULL : zone_alloc(&zones[ZONE_HIGH], order);
    return frame ? frame : zone_alloc(&zones[ZONE_LOW], order);
}

// Dead spaces not yet taken apart and the caches are the last resort before an allocation fails.
static APART struct frame *alloc_hard(unsigned order, unsigned flags)
{
    struct frame *frame = NULL;
    while (!frame && work_step())
        frame = try_alloc(order, flags);
    if (frame)
        return frame;
    kmalloc_reclaim();
    pagetable_reclaim();
    return try_alloc(order, flags);
}

static APART void zero(const struct frame *frame, unsigned order)
{
    for (unsigned i = 0; i < 1u << order; i++) {
        uint64_t physical = frame_address(frame + i);
        arch_clear(window_open(physical, 0), PAGE_SIZE);
        window_close(physical, 0);
    }
}

struct frame *frame_alloc(struct quota *quota, unsigned order, unsigned flags)
{
    if (order > MAX_ORDER || allocation_fails())
        return NULL;
    if (quota && !quota_charge(quota, 1ull << order))
        return NULL;
    if (!quota || quota->reserve)
        flags |= FRAME_EMERGENCY;
    struct frame *frame = try_alloc(order, flags);
    if (!frame)
        frame = alloc_hard(order, flags);
    if (!frame) {
        if (quota)
            quota_uncharge(quota, 1ull << order);
        return NULL;
    }
    frame->state = FRAME_USED;
    frame->order = (uint8_t)order;
    frame->references = 1;
    frame->quota = quota;
    if (quota)
        object_get(&quota->object);
    if (flags & FRAME_ZERO)
        zero(frame, order);
    return frame;
}

void frame_free(struct frame *frame)
{
    assert(frame->state == FRAME_USED && frame->references == 0);
    struct quota *quota = frame->quota;
    unsigned order = frame->order;
    struct zone *zone = zone_of(frame);
    zone->frames += 1ull << order;
    if (order) {
        buddy_free(zone, frame, order);
    } else {
        frame->next = zone->singles;
        zone->singles = frame;
        if (++zone->single_count > SINGLES)
            merge_singles(zone, SINGLES / 2);
    }
    if (quota) {
        quota_uncharge(quota, 1ull << order);
        object_put(&quota->object);
    }
}

void frame_split(struct frame *frame)
{
    assert(frame->state == FRAME_USED && frame->references == 1);
    unsigned count = 1u << frame->order;
    frame->order = 0;
    for (unsigned i = 1; i < count; i++) {
        frame[i] = (struct frame){ .references = 1, .state = FRAME_USED, .quota = frame->quota };
        if (frame->quota)
            object_get(&frame->quota->object);
    }
}

// --- boot ---------------------------------------------------------------------------------------------------------

static uint64_t page_up(uint64_t address) { return (address + PAGE_SIZE - 1) >> PAGE_SHIFT << PAGE_SHIFT; }

static uint64_t page_down(uint64_t address) { return address >> PAGE_SHIFT << PAGE_SHIFT; }

// The first piece of [*start, end) that nothing reserves; *start moves behind it. -> false: none left
static bool next_piece(const struct boot_info *info, uint64_t *start, uint64_t end, struct boot_range *piece)
{
    piece->start = page_up(*start);
    piece->end = page_down(end);
    *start = end;
    for (bool again = true; again;) { // until no reserved range covers piece->start
        again = false;
        for (unsigned i = 0; i < info->reserved_count; i++) {
            const struct boot_range *reserved = &info->reserved[i];
            if (reserved->start < reserved->end && page_down(reserved->start) <= piece->start &&
                page_up(reserved->end) > piece->start) {
                piece->start = page_up(reserved->end);
                again = true;
            }
        }
    }
    for (unsigned i = 0; i < info->reserved_count; i++) {
        const struct boot_range *reserved = &info->reserved[i];
        if (reserved->start < reserved->end && reserved->start >= piece->start &&
            reserved->start < piece->end) {
            piece->end = page_down(reserved->start);
            *start = reserved->end;
        }
    }
    return piece->start < piece->end;
}

static void set_states(struct frame *first, unsigned long count, enum frame_state state)
{
    for (struct frame *frame = first; frame < first + count; frame++)
        frame->state = (uint8_t)state;
}

static void free_piece(uint64_t start, uint64_t end)
{
    while (start < end) {
        unsigned order = 0;
        while (order < MAX_ORDER && !(start & (PAGE_SIZE << order)) &&
               start + (PAGE_SIZE << (order + 1)) <= end)
            order++;
        struct frame *frame = frame_of(start);
        set_states(frame, 1ul << order, FRAME_TAIL);
        struct zone *zone = zone_of(frame);
        buddy_free(zone, frame, order);
        zone->frames += 1ull << order;
        start += PAGE_SIZE << order;
    }
}

static void free_range(const struct boot_info *info, const struct boot_range *range,
                       const struct boot_range *taken)
{
    struct boot_range piece;
    uint64_t limit = frame_end << PAGE_SHIFT;
    uint64_t start = range->start ? range->start : PAGE_SIZE; // frame 0 would look like no frame
    uint64_t end = range->end < limit ? range->end : limit;
    while (start < end) {
        if (!next_piece(info, &start, end, &piece))
            continue;
        if (taken->start >= piece.start && taken->end <= piece.end) {
            free_piece(piece.start, taken->start);
            piece.start = taken->end;
        }
        free_piece(piece.start, piece.end);
    }
}

// Where the descriptors go: the end of the first low piece that has room.
static struct boot_range place_descriptors(const struct boot_info *info, uint64_t bytes)
{
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t start = info->memory[i].start ? info->memory[i].start : PAGE_SIZE;
        uint64_t end = info->memory[i].end < DIRECT_LIMIT ? info->memory[i].end : DIRECT_LIMIT;
        struct boot_range piece;
        while (start < end)
            if (next_piece(info, &start, end, &piece) && piece.end - piece.start >= bytes)
                return (struct boot_range){ piece.end - bytes, piece.end };
    }
    panic("no room for %llu bytes of frame descriptors", (unsigned long long)bytes);
}

static void count_frames(const struct boot_info *info)
{
    uint64_t first = UINT64_MAX, end = 0, low = 0;
    for (unsigned i = 0; i < info->memory_count; i++) {
        const struct boot_range *range = &info->memory[i];
        if (range->start >= range->end)
            continue;
        first = range->start < first ? range->start : first;
        end = range->end > end ? range->end : end;
        if (range->start < DIRECT_LIMIT)
            low += (range->end < DIRECT_LIMIT ? range->end : DIRECT_LIMIT) - range->start;
    }
    assert(first < end);
    frame_first = first >> PAGE_SHIFT;
    frame_end = page_up(end) >> PAGE_SHIFT;
    uint64_t most =
        low / 4 / sizeof(struct frame); // RAM beyond what a quarter of low memory describes is left alone
    if (frame_end - frame_first > most)
        frame_end = frame_first + most;
}

void frame_init(const struct boot_info *info)
{
    count_frames(info);
    uint64_t bytes = page_up((frame_end - frame_first) * sizeof(struct frame));
    struct boot_range taken = place_descriptors(info, bytes);
    memset(direct_address(taken.start), 0, (size_t)bytes);
    frames = (struct frame *)direct_address(taken.start) - frame_first;
    for (unsigned i = 0; i < info->memory_count; i++) {
        const struct boot_range *range = &info->memory[i];
        uint64_t first = page_up(range->start), end = frame_end << PAGE_SHIFT;
        if (range->end < end)
            end = page_up(range->end);
        if (first < end)
            set_states(frame_of(first), (unsigned long)((end - first) >> PAGE_SHIFT), FRAME_RESERVED);
        free_range(info, range, &taken);
    }
    total_frames = free_frames();
    reserve = total_frames / 128;
    reserve = reserve < 32 ? 32 : reserve > 1024 ? 1024 : reserve;
}

void frame_add(uint64_t start, uint64_t end)
{
    start = page_up(start);
    end = page_down(end);
    if (start >= end)
        return;
    for (uint64_t at = start; at < end; at += PAGE_SIZE) {
        struct frame *frame = frame_at(at);
        assert(frame && frame->state == FRAME_RESERVED);
    }
    free_piece(start, end);
    total_frames += (end - start) >> PAGE_SHIFT;
}
