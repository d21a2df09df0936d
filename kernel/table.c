// SPDX-License-Identifier: MIT
// Page tables as such: allocation from a pool of cleared ones, the inner levels, and leaf tables that spaces share.
//
// A leaf table without pages of memory objects may be shared by several spaces (references > 1). No page in it can be
// written then: the inner entries that hold it are protected. Where that hides it from the CPU altogether
// (PTE_TABLE_HIDES), the first read protects its leaves one by one and reveals it.
#include <arch.h>
#include <table.h>

#define FREE_TABLES 64u

// --- tables -------------------------------------------------------------------------------------------------------

static struct frame *free_tables; // all zeroes, charged to nobody; linked through next
static unsigned free_table_count;

// A table goes back to the pool uncharged, by way of the quota that paid for it.
void pagetable_give(struct frame *frame)
{
    assert(frame->references == 1);
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

static void table_free(struct frame *frame)
{
    assert(frame->table.present == 0);
    pagetable_give(frame);
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

struct frame *pagetable_take(struct quota *quota)
{
    struct frame *frame = free_tables;
    if (!frame)
        return frame_alloc(quota, 0, FRAME_LOW | FRAME_ZERO);
    if (allocation_fails() || !quota_charge(quota, 1))
        return NULL;
    free_tables = frame->next;
    free_table_count--;
    frame_cached(-1);
    frame->quota = quota;
    object_get(&quota->object);
    return frame;
}

static struct frame *table_alloc(struct space *space)
{
    struct frame *frame = pagetable_take(space->quota);
    if (!frame)
        return NULL;
    frame->size_class = 0;
    frame->table.present = frame->table.objects = 0;
    frame->table.used = 0;
    space->table_frames++;
    return frame;
}

uint64_t *directory_make(struct space *space, unsigned long address)
{
    uint64_t *root = &arch_space_root(&space->arch)[root_index(address)];
    if (!*root) {
        struct frame *frame = table_alloc(space);
        if (!frame)
            return NULL;
        pte_store(root, pte_table(frame_address(frame), 2));
        arch_space_changed_root(space);
    }
    return &table_of(*root)[middle_index(address)];
}

void directory_set(uint64_t *directory, uint64_t entry)
{
    if (!*directory)
        table_note_used(table_frame(directory),
                        (unsigned)(((uintptr_t)directory / sizeof *directory) % ENTRIES));
    pte_store(directory, entry);
}

static void middle_clear(struct space *space, unsigned long address, struct frame *middle)
{
    pte_clear(&arch_space_root(&space->arch)[root_index(address)]);
    arch_space_changed_root(space);
    arch_tlb_flush(space, 0, USER_END);
    space->table_frames--;
    table_free(middle);
}

void directory_cleared(struct space *space, unsigned long address, uint64_t *directory, unsigned count)
{
    struct frame *middle = table_frame(directory);
    table_note_unused(middle, count);
    space->table_frames -= count;
    if (middle->table.present)
        arch_tlb_flush(space, 0, USER_END);
    else
        middle_clear(space, address, middle);
}

bool directory_fill(struct space *space, unsigned long address, uint64_t *directory)
{
    struct frame *table = table_alloc(space), *middle = table_frame(directory);
    if (table)
        directory_set(directory, pte_table(frame_address(table), 1));
    else if (!middle->table.present)
        middle_clear(space, address, middle);
    return table != NULL;
}

void directory_clear_empty(struct space *space, unsigned long address, uint64_t *directory,
                           struct frame *table)
{
    if (table->table.present)
        return;
    pte_clear(directory);
    directory_cleared(space, address, directory, 1);
    table_free(table);
}

// --- sharing ------------------------------------------------------------------------------------------------------

void table_protect_leaves(struct frame *table)
{
    if (!table->size_class)
        return;
    table->size_class = 0;
    uint64_t *entries = frame_direct(table);
    for_each_used(i, table, 0, ENTRIES) if (pte_writable(entries[i]) && !(entries[i] & SOFT))
        pte_store(&entries[i], pte_protect(entries[i]));
}

static void copy_run(uint64_t *to, uint64_t *from, const uint64_t *end, uint64_t left_out)
{
    struct frame *all = frames;
    for (; from < end; from++, to++) {
        uint64_t entry = *from;
        if (!(unsigned long)entry)
            continue;
        if (entry & (PTE_WRITE | left_out)) {
            if (pte_writable(entry) && !(entry & SOFT))
                pte_store(from, pte_protect(entry));
            if (entry & left_out)
                continue;
            entry = pte_protect(entry);
        }
        *to = entry;
        if (!(entry & PTE_SOFT_DEVICE))
            frame_get(&all[pte_frame(entry) >> PAGE_SHIFT]);
    }
}

// The old table keeps its pages too, so in neither of them a page is exclusive any more. Pages of objects become
// writable in the copy by a fault of its own.
void table_copy_leaves(struct frame *to, struct frame *from, bool objects)
{
    uint64_t *source = frame_direct(from), *target = frame_direct(to);
    for (unsigned end, i = table_first(from, 0); i < ENTRIES; i = table_first(from, end)) {
        end = table_run_end(i, ENTRIES);
        copy_run(target + i, source + i, source + end, objects ? 0 : SOFT);
    }
    from->size_class = 0;
    to->table = from->table;
    if (objects)
        return;
    to->table.present = (uint16_t)(from->table.present - from->table.objects);
    to->table.objects = 0;
}

bool table_own(struct space *space, uint64_t *directory)
{
    struct frame *table = frame_of(pte_frame(*directory));
    if (!table_shared(table)) { // perhaps the last of those who shared it
        if (!pte_table_writable(*directory))
            pte_store(directory, pte_table_unprotect(*directory));
        return true;
    }
    struct frame *copy = table_alloc(space);
    if (!copy)
        return false;
    table_copy_leaves(copy, table, true);
    space->table_frames--; // table_alloc counted the copy; the old one is not this space's any more
    pte_store(directory, pte_table(frame_address(copy), 1));
    arch_tlb_flush(space, 0, USER_END);
    table->references--;
    return true;
}
