// SPDX-License-Identifier: MIT
// The accessor to page tables: three levels of 512 entries on every architecture (the root may have fewer). A
// table's descriptor counts its entries, so that an empty table goes at once and a scan ends at the last entry.
//
// A leaf table without pages of memory objects may be shared by several spaces (references > 1). No page in it can be
// written then: the inner entries that hold it are protected. Where that hides it from the CPU altogether
// (PTE_TABLE_HIDES), the first read protects its leaves one by one and reveals it.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <pagetable.h>
#include <string.h>

#define ENTRIES 512u
#define LEAF_SPAN PAGETABLE_SPAN
#define MIDDLE_SPAN (ENTRIES * LEAF_SPAN) // and the table above it
#define FREE_TABLES 64u

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

static unsigned root_index(unsigned long address) { return (unsigned)((uint64_t)address / MIDDLE_SPAN); }
static unsigned middle_index(unsigned long address) { return (address / LEAF_SPAN) % ENTRIES; }
static unsigned leaf_index(unsigned long address) { return (address / PAGE_SIZE) % ENTRIES; }

static uint64_t *table_of(uint64_t entry) { return direct_address(pte_frame(entry)); }

static struct frame *table_frame(const uint64_t *slot)
{
    return frame_of(arch_physical(slot) & ~(uint64_t)(PAGE_SIZE - 1));
}

static bool shared(const struct frame *table) { return table->references > 1; }

// --- tables -------------------------------------------------------------------------------------------------------

static struct frame *free_tables; // all zeroes, charged to nobody; linked through next
static unsigned free_table_count;

// A table goes back to the pool uncharged, by way of the quota that paid for it.
static void table_free(struct frame *frame)
{
    assert(frame->references == 1 && frame->table.present == 0);
    struct quota *quota = frame->quota;
    if (!quota || free_table_count >= FREE_TABLES) {
        frame_put(frame);
        return;
    }
    frame->quota = NULL;
    frame->next = free_tables;
    free_tables = frame;
    free_table_count++;
    frame_cached(1);
    quota_uncharge(quota, 1);
    object_put(&quota->object);
}

void pagetable_reclaim(void)
{
    while (free_tables) {
        struct frame *frame = free_tables;
        free_tables = frame->next;
        free_table_count--;
        frame_cached(-1);
        frame_put(frame);
    }
}

static struct frame *table_alloc(struct space *space)
{
    struct frame *frame = free_tables;
    if (!frame) {
        frame = frame_alloc(space->quota, 0, FRAME_LOW | FRAME_ZERO);
        if (!frame)
            return NULL;
    } else {
        if (allocation_fails() || !quota_charge(space->quota, 1))
            return NULL;
        free_tables = frame->next;
        free_table_count--;
        frame_cached(-1);
        frame->quota = space->quota;
        object_get(&frame->quota->object);
    }
    frame->size_class = 0;
    frame->table.present = frame->table.objects = 0;
    frame->table.low = ENTRIES;
    frame->table.high = 0;
    space->table_frames++;
    return frame;
}

static void note_used(struct frame *table, unsigned index)
{
    table->table.present++;
    if (index < table->table.low)
        table->table.low = (uint16_t)index;
    if (index > table->table.high)
        table->table.high = (uint16_t)index;
}

static void note_unused(struct frame *table)
{
    if (--table->table.present == 0) {
        table->table.low = ENTRIES;
        table->table.high = 0;
    }
}

static uint64_t *directory_find(struct space *space, unsigned long address)
{
    uint64_t root = arch_space_root(space)[root_index(address)];
    return root ? &table_of(root)[middle_index(address)] : NULL;
}

// The inner entry for the leaf table of address, which may be empty. NULL: no memory
static uint64_t *directory_make(struct space *space, unsigned long address)
{
    uint64_t *root = &arch_space_root(space)[root_index(address)];
    if (!*root) {
        struct frame *frame = table_alloc(space);
        if (!frame)
            return NULL;
        pte_store(root, pte_table(frame_address(frame), 2));
        arch_space_changed_root(space);
    }
    return &table_of(*root)[middle_index(address)];
}

static void directory_set(uint64_t *directory, uint64_t entry)
{
    if (!*directory)
        note_used(table_frame(directory), (unsigned)(((uintptr_t)directory / sizeof *directory) % ENTRIES));
    pte_store(directory, entry);
}

// The leaf table at *directory is empty or not this space's any more. Frees the table above with its last entry. The
// CPU may remember inner entries, so the space is flushed before a table is used for anything else.
static void directory_clear(struct space *space, unsigned long address, uint64_t *directory)
{
    struct frame *middle = table_frame(directory);
    pte_store(directory, 0);
    note_unused(middle);
    space->table_frames--;
    if (middle->table.present) {
        arch_tlb_flush(space, 0, USER_END);
        return;
    }
    pte_store(&arch_space_root(space)[root_index(address)], 0);
    arch_space_changed_root(space);
    arch_tlb_flush(space, 0, USER_END);
    space->table_frames--;
    table_free(middle);
}

static void clear_empty(struct space *space, unsigned long address, uint64_t *directory, struct frame *table)
{
    if (table->table.present)
        return;
    directory_clear(space, address, directory);
    table_free(table);
}

// --- sharing ------------------------------------------------------------------------------------------------------

static void protect_leaves(struct frame *table)
{
    if (!table->size_class)
        return;
    table->size_class = 0;
    uint64_t *entries = frame_direct(table);
    for (unsigned i = table->table.low; i <= table->table.high; i++)
        if (pte_writable(entries[i]))
            pte_store(&entries[i], pte_protect(entries[i]));
}

// The old table keeps its pages too, so in neither of them a page is exclusive any more.
static void copy_leaves(struct frame *to, struct frame *from)
{
    const uint64_t *source = frame_direct(from);
    uint64_t *entries = frame_direct(to);
    for (unsigned i = from->table.low; i <= from->table.high; i++) {
        if (!source[i])
            continue;
        entries[i] = pte_protect(source[i]);
        frame_get(frame_of(pte_frame(source[i])));
    }
    to->table = from->table;
}

// Makes the leaf table at *directory this space's own. -> false: no memory
static bool table_own(struct space *space, uint64_t *directory)
{
    struct frame *table = frame_of(pte_frame(*directory));
    if (!shared(table)) { // perhaps the last of those who shared it
        if (!pte_table_writable(*directory))
            pte_store(directory, pte_table_unprotect(*directory));
        return true;
    }
    struct frame *copy = table_alloc(space);
    if (!copy)
        return false;
    protect_leaves(table);
    copy_leaves(copy, table);
    space->table_frames--; // table_alloc counted the copy; the old one is not this space's any more
    pte_store(directory, pte_table(frame_address(copy), 1));
    arch_tlb_flush(space, 0, USER_END);
    table->references--;
    return true;
}

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
    if (shared(table))
        protect_leaves(table);
    pte_store(directory, pte_table_unprotect(*directory));
}

uint64_t *pagetable_slot(struct space *space, unsigned long address)
{
    uint64_t *directory = directory_make(space, address);
    if (!directory)
        return NULL;
    if (!*directory) {
        struct frame *frame = table_alloc(space);
        if (!frame) {
            struct frame *middle = table_frame(directory);
            if (!middle->table.present) { // made for nothing
                pte_store(&arch_space_root(space)[root_index(address)], 0);
                arch_space_changed_root(space);
                arch_tlb_flush(space, 0, USER_END);
                space->table_frames--;
                table_free(middle);
            }
            return NULL;
        }
        directory_set(directory, pte_table(frame_address(frame), 1));
    } else if (!table_own(space, directory)) {
        return NULL;
    }
    return &table_of(*directory)[leaf_index(address)];
}

void pagetable_enter(struct space *space, unsigned long address, uint64_t *slot, uint64_t entry)
{
    assert(!*slot);
    struct frame *table = table_frame(slot);
    note_used(table, leaf_index(address));
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
    note_unused(walk->frame);
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
    clear_empty(walk->space, walk->base, walk->directory, walk->frame);
}

void pagetable_unmap(struct space *space, unsigned long start, unsigned long end)
{
    for (struct walk walk = walk_start(space, start, end); walk_next(&walk);) {
        if (!shared(walk.frame))
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
        assert(!shared(walk.frame));
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
            clear_empty(space, address, directory, frame_of(pte_frame(*directory)));
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
            note_unused(walk.frame);
            unsigned long target = walk_address(&walk, i) - from + to;
            pagetable_enter(space, target, pagetable_slot(space, target), entry);
        }
        clear_empty(space, walk.base, walk.directory, walk.frame);
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
        unsigned cost = shared(walk.frame) ? 8 : 8 + walk.last - walk.first;
        *budget -= *budget < cost ? *budget : cost;
        if (shared(walk.frame))
            leave_shared(&walk);
        else
            unmap_part(&walk, 0);
        if (*budget == 0)
            return walk.next;
    }
    return end;
}
