// SPDX-License-Identifier: MIT
// The accessor to page tables: three levels of 512 entries on every architecture (the root may have fewer). A
// table's descriptor counts its entries, so that an empty table goes at once and a scan ends at the last entry.
#include <arch.h>
#include <errno.h>
#include <inline.h>
#include <table.h>

// So many pages of objects in a table a clone copies rather than have them fault in again.
#define CLONE_OBJECTS 32u

#define ALL (~0ul) // every entry has one of these bits

// Part of [start, end) in one leaf table.
struct walk {
    struct space *space;
    unsigned long next, end; // not yet walked
    uint64_t *directory;     // the inner entry that holds the table
    struct frame *frame;     // the table's
    uint64_t *table;
    unsigned long base;   // address of its first entry
    unsigned first, last; // [first, last): indices in the range; the first may be in use
    struct frame *doomed; // frames whose last reference went, linked through next
};

// --- walking ------------------------------------------------------------------------------------------------------

static struct walk walk_start(struct space *space, unsigned long start, unsigned long end)
{
    return (struct walk){ .space = space, .next = start, .end = end };
}

// On to the next multiple of `span`, a power of two.
static void walk_skip(struct walk *walk, unsigned long span)
{
    unsigned long last = walk->next | (span - 1); // byte, so that nothing overflows
    walk->next = last < walk->end - 1 ? last + 1 : walk->end;
}

// On behind `count` leaf tables, from the one at hand on.
static void walk_past(struct walk *walk, unsigned count)
{
    walk->next = walk->base + (count - 1) * LEAF_SPAN;
    walk_skip(walk, LEAF_SPAN);
}

static APART bool walk_on(struct walk *walk)
{
    do {
        unsigned long address = walk->next;
        uint64_t root = arch_space_root(&walk->space->arch)[root_index(address)];
        if (!root) {
            walk_skip(walk, MIDDLE_SPAN);
            continue;
        }
        uint64_t *directory = &table_of(root)[middle_index(address)];
        walk_skip(walk, LEAF_SPAN);
        if (!*directory) {
            while (walk->next < walk->end && middle_index(walk->next) && !*++directory)
                walk_skip(walk, LEAF_SPAN);
            continue;
        }
        walk->directory = directory;
        walk->frame = frame_of(pte_frame(*directory));
        walk->table = table_of(*directory);
        walk->base = address & ~(LEAF_SPAN - 1);
        walk->first = table_first(walk->frame, leaf_index(address));
        walk->last = leaf_index(walk->next - 1) + 1;
        if (walk->first < walk->last)
            return true;
    } while (walk->next < walk->end);
    return false;
}

// Goes to the next leaf table that exists. -> false: none left
static bool walk_next(struct walk *walk) { return walk->next < walk->end && walk_on(walk); }

static bool whole_table(const struct walk *walk)
{
    return walk->first == table_first(walk->frame, 0) && table_first(walk->frame, walk->last) == ENTRIES;
}

static unsigned long walk_address(const struct walk *walk, unsigned index)
{
    return walk->base + index * PAGE_SIZE;
}

static unsigned count_part(const struct walk *walk, unsigned long which)
{
    unsigned count = 0;
    for_each_used(i, walk->frame, walk->first, walk->last) count +=
        ((unsigned long)walk->table[i] & which) != 0;
    return count;
}

// --- single entries -----------------------------------------------------------------------------------------------

uint64_t pagetable_lookup(struct space *space, unsigned long address) { return table_lookup(space, address); }

void pagetable_reveal(struct space *space, unsigned long address)
{
    if (!PTE_TABLE_HIDES)
        return;
    uint64_t *directory = directory_find(space, address);
    if (!directory || !*directory || pte_table_writable(*directory))
        return;
    struct frame *table = frame_of(pte_frame(*directory));
    if (table_shared(table))
        table_protect_leaves(table);
    pte_store(directory, pte_table_unprotect(*directory));
}

uint64_t *pagetable_slot(struct space *space, unsigned long address)
{
    uint64_t *directory = directory_make(space, address);
    if (!directory)
        return NULL;
    bool mine = *directory ? table_own(space, directory) : directory_fill(space, address, directory);
    return mine ? &table_of(*directory)[leaf_index(address)] : NULL;
}

void pagetable_enter(struct space *space, unsigned long address, uint64_t *slot, uint64_t entry)
{
    assert(!*slot);
    struct frame *table = table_frame(slot);
    table_note_used(table, leaf_index(address));
    if (entry & SOFT)
        table->table.objects++;
    if (pte_writable(entry))
        table->size_class = 1;
    space->resident_pages++;
    pte_store(slot, entry);
}

static void drop_page(uint64_t entry)
{
    if (!(entry & PTE_SOFT_DEVICE))
        frame_put(frame_of(pte_frame(entry)));
}

void pagetable_replace(struct space *space, unsigned long address, uint64_t *slot, uint64_t entry)
{
    uint64_t old = *slot;
    struct frame *table = table_frame(slot);
    table->table.objects = (uint16_t)(table->table.objects + !!(entry & SOFT) - !!(old & SOFT));
    if (pte_writable(entry))
        table->size_class = 1;
    pte_store(slot, entry);
    arch_tlb_flush(space, address & PAGE_MASK, (address & PAGE_MASK) + PAGE_SIZE);
    if (pte_frame(old) != pte_frame(entry))
        drop_page(old);
}

// --- ranges -------------------------------------------------------------------------------------------------------

long pagetable_own(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);)
        if (!table_own(space, walk.directory))
            return -ENOMEM;
    return 0;
}

long pagetable_own_edges(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);)
        if (!whole_table(&walk) && !table_own(space, walk.directory))
            return -ENOMEM;
    return 0;
}

static void free_doomed(struct walk *walk)
{
    struct frame *frame;
    while ((frame = walk->doomed)) {
        walk->doomed = frame->next;
        frame_free(frame);
    }
}

// So many tables from this one on lie in the range, as far as the table above goes.
static unsigned tables_ahead(const struct walk *walk)
{
    unsigned long left = (walk->end - walk->base) / LEAF_SPAN, room = ENTRIES - middle_index(walk->base);
    return left == 0 ? 1 : (unsigned)(left < room ? left : room);
}

// Lets go of this table, which others use on, and of all such that follow it. -> how many
static unsigned leave_shared(struct walk *walk)
{
    uint64_t *directory = walk->directory;
    unsigned count = 0, limit = tables_ahead(walk);
    uint64_t pages = 0;
    for (; count < limit && directory[count]; count++) {
        struct frame *table = frame_of(pte_frame(directory[count]));
        if (!table_shared(table))
            break;
        table->references--;
        pages += table->table.present;
        pte_clear(&directory[count]);
    }
    walk->space->resident_pages -= pages;
    directory_cleared(walk->space, walk->base, directory, count);
    walk_past(walk, count);
    return count;
}

// Inlined where `which` is ALL or not.
INLINE void clear_run(struct walk *walk, unsigned first, unsigned last, unsigned long which)
{
    struct frame *all = frames;
    uint64_t *end = &walk->table[last];
    for (uint64_t *slot = &walk->table[first]; slot < end; slot++) {
        uint64_t entry = *slot;
        if (!((unsigned long)entry & which))
            continue;
        pte_clear(slot);
        if (entry & PTE_SOFT_DEVICE)
            continue;
        struct frame *frame = &all[pte_frame(entry) >> PAGE_SHIFT];
        if (--frame->references == 0) {
            frame->next = walk->doomed;
            walk->doomed = frame;
        }
    }
}

// Those of the entries in which a bit of `which` is set. No frame is freed before the flush.
INLINE void unmap_part(struct walk *walk, unsigned long which)
{
    struct frame *table = walk->frame;
    bool whole = which == ALL && whole_table(walk);
    unsigned gone = whole ? table->table.present : count_part(walk, which);
    unsigned objects = whole ? table->table.objects : count_part(walk, which & SOFT);
    for (unsigned end, i = walk->first; i < walk->last; i = table_first(table, end)) {
        end = table_run_end(i, walk->last);
        clear_run(walk, i, end, which);
    }
    walk->space->resident_pages -= gone;
    table->table.objects = (uint16_t)(table->table.objects - objects);
    table_note_unused(table, gone);
    if (which == ALL)
        table_note_empty(table, walk->first, walk->last);
    arch_tlb_flush(walk->space, walk_address(walk, walk->first),
                   walk_address(walk, walk->last - 1) + PAGE_SIZE);
    free_doomed(walk);
    directory_clear_empty(walk->space, walk->base, walk->directory, table);
}

static APART void unmap_all(struct walk *walk) { unmap_part(walk, ALL); }

void pagetable_unmap(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);) {
        if (!table_shared(walk.frame))
            unmap_all(&walk);
        else if (whole_table(&walk))
            leave_shared(&walk);
        else
            panic("page tables: part of a shared table unmapped");
    }
}

void pagetable_unmap_objects(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);)
        if (walk.frame->table.objects)
            unmap_part(&walk, PTE_SOFT_OBJECT);
}

void pagetable_protect(struct space *space, unsigned long start, unsigned long end, unsigned protection)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);) {
        assert(!table_shared(walk.frame));
        for_each_used(i, walk.frame, walk.first, walk.last) if (walk.table[i])
            pte_store(&walk.table[i], pte_change(walk.table[i], protection));
        arch_tlb_flush(space, walk_address(&walk, walk.first),
                       walk_address(&walk, walk.last - 1) + PAGE_SIZE);
    }
}

uint64_t pagetable_count(struct space *space, unsigned long start, unsigned long end)
{
    uint64_t count = 0;
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);)
        count += whole_table(&walk) ? walk.frame->table.present : count_part(&walk, ALL);
    return count;
}

// Tables for every page that will move. Those that stay empty when it fails are freed.
static long prepare_move(struct space *space, unsigned long from, unsigned long length, unsigned long to)
{
    for (struct walk walk = walk_start(space, from, from + length); walk_next(&walk);) {
        for_each_used(i, walk.frame, walk.first, walk.last)
        {
            if (walk.table[i] && !pagetable_slot(space, walk_address(&walk, i) - from + to))
                return -ENOMEM;
        }
    }
    return 0;
}

static void prune(struct space *space, unsigned long start, unsigned long end)
{
    for (unsigned long address = start & ~(LEAF_SPAN - 1); address < end; address += LEAF_SPAN) {
        uint64_t *directory = directory_find(space, address);
        if (directory && *directory)
            directory_clear_empty(space, address, directory, frame_of(pte_frame(*directory)));
        if (end - address <= LEAF_SPAN)
            break;
    }
}

long pagetable_move(struct space *space, unsigned long from, unsigned long length, unsigned long to)
{
    long error = pagetable_own(space, from, from + length);
    if (!error)
        error = prepare_move(space, from, length, to);
    if (error) {
        prune(space, to, to + length);
        return error;
    }
    // Nothing fails from here on.
    for (struct walk walk = walk_start(space, from, from + length); walk_next(&walk);) {
        for_each_used(i, walk.frame, walk.first, walk.last)
        {
            uint64_t entry = walk.table[i];
            if (!entry)
                continue;
            pte_clear(&walk.table[i]);
            space->resident_pages--;
            if (entry & SOFT)
                walk.frame->table.objects--;
            table_note_unused(walk.frame, 1);
            unsigned long target = walk_address(&walk, i) - from + to;
            pagetable_enter(space, target, pagetable_slot(space, target), entry);
        }
        directory_clear_empty(space, walk.base, walk.directory, walk.frame);
    }
    arch_tlb_flush(space, from, from + length);
    return 0;
}

// --- clone --------------------------------------------------------------------------------------------------------

// This table and all that follow it without pages of objects: the bulk of a large process.
static void share_tables(struct space *child, uint64_t *to, struct walk *walk)
{
    uint64_t *from = walk->directory;
    unsigned count = 0, limit = tables_ahead(walk);
    uint64_t pages = 0;
    for (; count < limit && from[count]; count++) {
        struct frame *table = frame_of(pte_frame(from[count]));
        if (table->table.objects)
            break;
        if (pte_table_writable(from[count]) && (!PTE_TABLE_HIDES || table->size_class))
            pte_store(&from[count], pte_table_protect(from[count]));
        assert(!to[count]);
        pte_store(&to[count], from[count]);
        table->references++;
        pages += table->table.present;
    }
    child->resident_pages += pages;
    child->table_frames += count;
    table_note_run(table_frame(to), middle_index(walk->base), count);
    walk_past(walk, count);
}

static bool copy_table(struct space *child, uint64_t *child_directory, struct walk *walk, bool objects)
{
    if (!directory_fill(child, walk->base, child_directory))
        return false;
    struct frame *copy = frame_of(pte_frame(*child_directory));
    table_copy_leaves(copy, walk->frame, objects);
    child->resident_pages += copy->table.present;
    return true;
}

long pagetable_clone(struct space *child, struct space *parent, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(parent, start, end); walk_next(&walk);) {
        assert(whole_table(&walk));
        unsigned objects = walk.frame->table.objects;
        if (objects > CLONE_OBJECTS && objects == walk.frame->table.present)
            continue;
        uint64_t *directory = directory_make(child, walk.base);
        if (!directory)
            return -ENOMEM;
        if (!objects)
            share_tables(child, directory, &walk);
        else if (!copy_table(child, directory, &walk, objects <= CLONE_OBJECTS))
            return -ENOMEM;
    }
    return 0;
}

unsigned long pagetable_release(struct space *space, unsigned long start, unsigned long end, unsigned *budget)
{
    struct walk walk = walk_start(space, start, end);
    while (walk_next(&walk)) {
        unsigned cost = 8 + walk.frame->table.present;
        if (table_shared(walk.frame))
            cost = 8 + leave_shared(&walk);
        else
            unmap_all(&walk);
        *budget -= *budget < cost ? *budget : cost;
        if (*budget == 0)
            return walk.next;
    }
    return end;
}
