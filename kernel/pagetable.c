// SPDX-License-Identifier: MIT
// The accessor to page tables: three levels of 512 entries on every architecture (the root may have fewer). A
// table's descriptor counts its entries, so that an empty table goes at once and a scan ends at the last entry.
#include <arch.h>
#include <errno.h>
#include <table.h>

// Part of [start, end) in one leaf table.
struct walk {
    struct space *space;
    unsigned long next, end; // not yet walked
    uint64_t *directory;     // the inner entry that holds the table
    struct frame *frame;     // the table's
    uint64_t *table;
    unsigned long base;   // address of its first entry
    unsigned first, last; // [first, last): indices in the range that can be in use
};

// --- walking ------------------------------------------------------------------------------------------------------

static struct walk walk_start(struct space *space, unsigned long start, unsigned long end)
{
    return (struct walk){ .space = space, .next = start, .end = end };
}

// The first address at or above `address` that may have a leaf table, by what the two upper levels hold.
static unsigned long skip_holes(struct walk *walk, unsigned long address)
{
    const uint64_t *root = arch_space_root(walk->space);
    while (address < walk->end && !root[root_index(address)]) {
        unsigned long last = address | (MIDDLE_SPAN - 1);
        if (last >= walk->end - 1)
            return walk->end;
        address = last + 1;
    }
    if (address >= walk->end)
        return walk->end;
    const uint64_t *directory = &table_of(root[root_index(address)])[middle_index(address)];
    unsigned long wanted = (walk->end - 1) / LEAF_SPAN - address / LEAF_SPAN + 1; // tables up to the end
    unsigned left = ENTRIES - middle_index(address), holes = 0;
    if (left > wanted)
        left = (unsigned)wanted;
    while (holes < left && !directory[holes])
        holes++;
    if (holes == 0)
        return address;
    unsigned long last = (address | (LEAF_SPAN - 1)) + (unsigned long)(holes - 1) * LEAF_SPAN;
    return last >= walk->end - 1 ? walk->end : last + 1;
}

// Goes to the next leaf table that exists. -> false: none left
static bool walk_next(struct walk *walk)
{
    while ((walk->next = skip_holes(walk, walk->next)) < walk->end) {
        unsigned long address = walk->next;
        unsigned long last = address | (LEAF_SPAN - 1); // byte, so that nothing overflows
        uint64_t *directory = directory_find(walk->space, address);
        walk->next = last < walk->end - 1 ? last + 1 : walk->end;
        if (!directory || !*directory)
            continue; // the table above ended with holes
        walk->directory = directory;
        walk->frame = frame_of(pte_frame(*directory));
        walk->table = table_of(*directory);
        walk->base = address & ~(LEAF_SPAN - 1);
        unsigned low = walk->frame->table.low, high = walk->frame->table.high + 1u;
        walk->first = leaf_index(address);
        walk->last = leaf_index(walk->next - 1) + 1;
        if (walk->first < low)
            walk->first = low;
        if (walk->last > high)
            walk->last = high;
        if (walk->first < walk->last)
            return true;
    }
    return false;
}

static bool whole_table(const struct walk *walk)
{
    return walk->first <= walk->frame->table.low && walk->last > walk->frame->table.high;
}

static unsigned long walk_address(const struct walk *walk, unsigned index)
{
    return walk->base + index * PAGE_SIZE;
}

// --- single entries -----------------------------------------------------------------------------------------------

uint64_t pagetable_lookup(struct space *space, unsigned long address)
{
    uint64_t *directory = directory_find(space, address);
    if (!directory || !*directory)
        return 0;
    uint64_t entry = table_of(*directory)[leaf_index(address)];
    return pte_table_writable(*directory) ? entry : pte_protect(entry);
}

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
    if (entry & (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE))
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
    const uint64_t object = PTE_SOFT_OBJECT | PTE_SOFT_DEVICE;
    struct frame *table = table_frame(slot);
    table->table.objects = (uint16_t)(table->table.objects + !!(entry & object) - !!(old & object));
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

// Frames whose last reference goes are chained until the flush.
static void take_entry(struct walk *walk, unsigned index, struct frame **doomed)
{
    uint64_t entry = walk->table[index];
    pte_store(&walk->table[index], 0);
    walk->space->resident_pages--;
    if (entry & (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE))
        walk->frame->table.objects--;
    table_note_unused(walk->frame);
    if (entry & PTE_SOFT_DEVICE)
        return;
    struct frame *frame = frame_of(pte_frame(entry));
    if (--frame->references == 0) {
        frame->next = *doomed;
        *doomed = frame;
    }
}

static void free_doomed(struct frame *doomed)
{
    while (doomed) {
        struct frame *next = doomed->next;
        frame_free(doomed);
        doomed = next;
    }
}

// Lets go of a table that others use on.
static void leave_shared(struct walk *walk)
{
    walk->space->resident_pages -= walk->frame->table.present;
    directory_clear(walk->space, walk->base, walk->directory);
    walk->frame->references--;
}

static void unmap_part(struct walk *walk, uint64_t which)
{
    struct frame *doomed = NULL;
    unsigned long start = walk_address(walk, walk->first),
                  end = walk_address(walk, walk->last - 1) + PAGE_SIZE;
    for (unsigned i = walk->first; i < walk->last; i++)
        if (walk->table[i] && (!which || (walk->table[i] & which)))
            take_entry(walk, i, &doomed);
    arch_tlb_flush(walk->space, start, end);
    free_doomed(doomed);
    directory_clear_empty(walk->space, walk->base, walk->directory, walk->frame);
}

void pagetable_unmap(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);) {
        if (!table_shared(walk.frame))
            unmap_part(&walk, 0);
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
        for (unsigned i = walk.first; i < walk.last; i++)
            if (walk.table[i])
                pte_store(&walk.table[i], pte_change(walk.table[i], protection));
        arch_tlb_flush(space, walk_address(&walk, walk.first),
                       walk_address(&walk, walk.last - 1) + PAGE_SIZE);
    }
}

uint64_t pagetable_count(struct space *space, unsigned long start, unsigned long end)
{
    uint64_t count = 0;
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);) {
        if (whole_table(&walk)) {
            count += walk.frame->table.present;
            continue;
        }
        for (unsigned i = walk.first; i < walk.last; i++)
            count += walk.table[i] != 0;
    }
    return count;
}

// Tables for every page that will move. Those that stay empty when it fails are freed.
static long prepare_move(struct space *space, unsigned long from, unsigned long length, unsigned long to)
{
    for (struct walk walk = walk_start(space, from, from + length); walk_next(&walk);)
        for (unsigned i = walk.first; i < walk.last; i++)
            if (walk.table[i] && !pagetable_slot(space, walk_address(&walk, i) - from + to))
                return -ENOMEM;
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
        for (unsigned i = walk.first; i < walk.last; i++) {
            uint64_t entry = walk.table[i];
            if (!entry)
                continue;
            pte_store(&walk.table[i], 0);
            space->resident_pages--;
            if (entry & (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE))
                walk.frame->table.objects--;
            table_note_unused(walk.frame);
            unsigned long target = walk_address(&walk, i) - from + to;
            pagetable_enter(space, target, pagetable_slot(space, target), entry);
        }
        directory_clear_empty(space, walk.base, walk.directory, walk.frame);
    }
    arch_tlb_flush(space, from, from + length);
    return 0;
}

// --- clone --------------------------------------------------------------------------------------------------------

static void share_table(struct space *child, uint64_t *child_directory, struct walk *walk)
{
    if (!PTE_TABLE_HIDES || walk->frame->size_class)
        pte_store(walk->directory, pte_table_protect(*walk->directory));
    walk->frame->references++;
    child->table_frames++;
    child->resident_pages += walk->frame->table.present;
    directory_set(child_directory, *walk->directory);
}

static void copy_entry(struct space *child, unsigned long address, uint64_t *slot, uint64_t *source)
{
    if (pte_writable(*source))
        pte_store(source, pte_protect(*source));
    if (!(*source & PTE_SOFT_DEVICE))
        frame_get(frame_of(pte_frame(*source)));
    pagetable_enter(child, address, slot, *source);
}

static long copy_part(struct space *child, struct walk *walk, bool objects)
{
    uint64_t *slots = NULL; // of the child's leaf table, once something goes there
    for (unsigned i = walk->first; i < walk->last; i++) {
        uint64_t entry = walk->table[i];
        if (!entry || (!objects && (entry & (PTE_SOFT_OBJECT | PTE_SOFT_DEVICE))))
            continue;
        if (!slots) {
            uint64_t *slot = pagetable_slot(child, walk_address(walk, i));
            if (!slot)
                return -ENOMEM;
            slots = slot - i;
        }
        copy_entry(child, walk_address(walk, i), &slots[i], &walk->table[i]);
    }
    return 0;
}

long pagetable_clone(struct space *child, struct space *parent, unsigned long start, unsigned long end,
                     bool objects)
{
    for (struct walk walk = walk_start(parent, start, end); walk_next(&walk);) {
        if (whole_table(&walk) && !walk.frame->table.objects) {
            uint64_t *directory = directory_make(child, walk.base);
            if (!directory)
                return -ENOMEM;
            if (!*directory) {
                share_table(child, directory, &walk);
                continue;
            }
        }
        if (!table_own(parent, walk.directory))
            return -ENOMEM;
        walk.table = table_of(*walk.directory);
        walk.frame = frame_of(pte_frame(*walk.directory));
        if (copy_part(child, &walk, objects) < 0)
            return -ENOMEM;
    }
    return 0;
}

unsigned long pagetable_release(struct space *space, unsigned long start, unsigned long end, unsigned *budget)
{
    struct walk walk = walk_start(space, start, end);
    while (walk_next(&walk)) {
        unsigned cost = table_shared(walk.frame) ? 8 : 8 + walk.last - walk.first;
        *budget -= *budget < cost ? *budget : cost;
        if (table_shared(walk.frame))
            leave_shared(&walk);
        else
            unmap_part(&walk, 0);
        if (*budget == 0)
            return walk.next;
    }
    return end;
}
