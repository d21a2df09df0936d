// SPDX-License-Identifier: MIT
// A server's heap. The arena is a range of the server's space, grown by whole chunks that are brought in at
// once, so that running out is a NULL here and never a fault. Pages hold either one run (large blocks) or
// blocks of one size class; every page run starts with a header, found by rounding a block's address down.
// Of free pages only KEPT_PAGES stay; the others are given back, all but the first of a run, which says so.
#include <assert.h>
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <list.h>
#include <server.h>
#include <string.h>

#define ARENA_START 0x500000ul // close to the image (root/load.c)
#define ARENA_END 0x90000000ul
#define CHUNK (16 * PAGE_SIZE)
#define KEPT_PAGES 32u
#define RUN_CLASS 0xffffu // a large block

struct page_header {
    struct list link; // partial list of its class, or the free runs (by address)
    uint32_t pages;   // of the run
    uint16_t class;   // index of the size class, or RUN_CLASS
    uint16_t used;    // blocks handed out
    void *free;       // first free block; each holds the next
    uint32_t present; // of a free run: so many pages from its start are there
};
_Static_assert(sizeof(struct page_header) <= 48, "page header");

static const uint16_t class_sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 336, 496, 672, 1008, 1344, 2016 };
#define CLASSES (sizeof(class_sizes) / sizeof(class_sizes[0]))
#define CLASS_LARGEST 2016u
static uint8_t class_of_size[CLASS_LARGEST / 16 + 1]; // by size / 16, rounded up; heap_start fills it

// All of the heap's state; it lies at the arena's start, so that it survives with the memory object below it.
struct heap {
    unsigned long end;     // of what is mapped
    size_t used;           // bytes in blocks
    size_t kept, absent;   // pages of free runs that are there, and that are not
    struct list free_runs; // by address, coalesced
    struct list partial[CLASSES];
};

static handle_t arena_memory; // 0: anonymous
unsigned heap_failure_countdown;

static struct heap *heap(void) { return (struct heap *)ARENA_START; }

static size_t header_size(void) { return (sizeof(struct page_header) + 15) & ~15ul; }

// Brings pages in. -> false: no memory for all of them
static bool fetch(unsigned long address, size_t pages)
{
    message_page->target = (struct copy_target){ .space = self_space };
    return KCALL4(fault_in, address, pages * PAGE_SIZE, ACCESS_READ | ACCESS_WRITE, 0) == 0;
}

static bool map_chunk(unsigned long address, size_t length)
{
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT;
    if (arena_memory)
        flags |= MAP_SHARED_BIT;
    if (IS_ERROR(space_map(self_space, address, length, flags, arena_memory, address - ARENA_START, 0, 0)))
        return false;
    if (fetch(address, length / PAGE_SIZE))
        return true;
    space_unmap(self_space, address, length);
    return false;
}

static void discard(unsigned long address, size_t pages)
{
    if (arena_memory)
        memory_evict(arena_memory, address - ARENA_START, pages * PAGE_SIZE);
    else
        space_discard(self_space, address, pages * PAGE_SIZE);
}

static void run_free(struct page_header *run);

static bool started;

static __attribute__((noinline)) bool heap_start(void)
{
    arena_memory = start_handle("heap");
    if (!map_chunk(ARENA_START, CHUNK))
        return false;
    started = true;
    struct heap *h = heap();
    h->end = ARENA_START + CHUNK;
    list_init(&h->free_runs);
    for (unsigned i = 0, size = 0; i < CLASSES; i++) {
        list_init(&h->partial[i]);
        for (; size <= class_sizes[i]; size += 16)
            class_of_size[size / 16] = (uint8_t)i;
    }
    struct page_header *rest = (struct page_header *)(ARENA_START + PAGE_SIZE);
    list_init(&rest->link);
    rest->pages = CHUNK / PAGE_SIZE - 1;
    run_free(rest);
    return true;
}

static unsigned long run_end(struct page_header *run) { return (unsigned long)run + run->pages * PAGE_SIZE; }

// Only the first `keep` pages of a free run stay there; without the first, its header is gone.
static void trim(struct page_header *run, uint32_t keep)
{
    if (run->present <= keep)
        return;
    uint32_t count = run->present - keep;
    run->present = keep;
    heap()->kept -= count;
    heap()->absent += count;
    discard((unsigned long)run + keep * PAGE_SIZE, count);
}

// Joins a free run with the one that starts at its end.
static void join(struct page_header *run, struct page_header *next)
{
    uint32_t pages = next->pages, present = next->present;
    list_remove(&next->link);
    if (run->present == run->pages)
        run->present += present;
    else
        trim(next, 0);
    run->pages += pages;
}

// Puts a run, all of which is there, among the free ones and joins it with its neighbours.
static void run_free(struct page_header *run)
{
    struct list *runs = &heap()->free_runs;
    struct list *place = runs->next;
    while (place != runs && container_of(place, struct page_header, link) < run)
        place = place->next;
    list_insert(place, &run->link);
    run->present = run->pages;
    heap()->kept += run->pages;
    struct page_header *next = container_of(run->link.next, struct page_header, link);
    if (run->link.next != runs && run_end(run) == (unsigned long)next)
        join(run, next);
    struct page_header *previous = container_of(run->link.previous, struct page_header, link);
    if (run->link.previous != runs && run_end(previous) == (unsigned long)run) {
        join(previous, run);
        run = previous;
    }
    if (heap()->kept > KEPT_PAGES)
        trim(run, 1);
}

static bool heap_grow(size_t pages)
{
    struct heap *h = heap();
    size_t length = (pages * PAGE_SIZE + CHUNK - 1) / CHUNK * CHUNK;
    if (length > ARENA_END - h->end || !map_chunk(h->end, length))
        return false;
    struct page_header *run = (struct page_header *)h->end;
    list_init(&run->link);
    run->pages = length / PAGE_SIZE;
    h->end += length;
    run_free(run);
    return true;
}

// The first pages of a free run are there then, and the header of what is left behind them.
static bool run_fetch(struct page_header *run, size_t pages)
{
    size_t wanted = pages < run->pages ? pages + 1 : pages;
    if (run->present >= wanted)
        return true;
    size_t more = wanted - run->present;
    if (!fetch((unsigned long)run + run->present * PAGE_SIZE, more))
        return false;
    run->present += more;
    heap()->kept += more;
    heap()->absent -= more;
    return true;
}

static struct page_header *run_take(struct page_header *run, size_t pages)
{
    if (run->pages > pages) {
        struct page_header *rest = (struct page_header *)((unsigned long)run + pages * PAGE_SIZE);
        list_init(&rest->link);
        rest->pages = run->pages - pages;
        rest->present = run->present - pages;
        list_insert(run->link.next, &rest->link);
        run->pages = pages;
    }
    heap()->kept -= pages;
    list_remove(&run->link);
    return run;
}

// First fit.
static struct page_header *run_alloc(size_t pages)
{
    do {
        list_for_each(run, &heap()->free_runs, struct page_header, link)
        {
            if (run->pages >= pages && run_fetch(run, pages))
                return run_take(run, pages);
        }
    } while (heap_grow(pages));
    return NULL;
}

static struct page_header *header_of(void *block)
{
    return (struct page_header *)((unsigned long)block & PAGE_MASK);
}

static size_t block_size(struct page_header *page)
{
    return page->class == RUN_CLASS ? page->pages * PAGE_SIZE - header_size() : class_sizes[page->class];
}

static void *large_alloc(size_t size)
{
    if (size > ARENA_END - ARENA_START)
        return NULL;
    struct page_header *run = run_alloc((size + header_size() + PAGE_SIZE - 1) / PAGE_SIZE);
    if (!run)
        return NULL;
    run->class = RUN_CLASS;
    return (char *)run + header_size();
}

static struct page_header *class_page(unsigned class)
{
    struct heap *h = heap();
    if (!list_empty(&h->partial[class]))
        return list_first(&h->partial[class], struct page_header, link);
    struct page_header *page = run_alloc(1);
    if (!page)
        return NULL;
    page->class = class;
    page->used = 0;
    page->free = NULL;
    char *block = (char *)page + header_size();
    for (; block + class_sizes[class] <= (char *)page + PAGE_SIZE; block += class_sizes[class]) {
        *(void **)block = page->free;
        page->free = block;
    }
    list_append(&h->partial[class], &page->link);
    return page;
}

static void *small_alloc(unsigned class)
{
    struct page_header *page = class_page(class);
    if (!page)
        return NULL;
    void *block = page->free;
    assert(block); // a page with none left is in no list
    page->free = *(void **)block;
    page->used++;
    if (!page->free)
        list_remove(&page->link);
    return block;
}

void *heap_alloc_raw(size_t size)
{
    if (!started && !heap_start())
        return NULL;
    if (heap_failure_countdown && --heap_failure_countdown == 0)
        return NULL;
    void *block = size <= CLASS_LARGEST ? small_alloc(class_of_size[(size + 15) / 16]) : large_alloc(size);
    if (!block)
        return NULL;
    heap()->used += block_size(header_of(block));
    return block;
}

void *heap_alloc(size_t size)
{
    void *block = heap_alloc_raw(size);
    return block ? memset(block, 0, size) : NULL;
}

void heap_free(void *block)
{
    if (!block)
        return;
    struct page_header *page = header_of(block);
    heap()->used -= block_size(page);
    if (page->class == RUN_CLASS) {
        run_free(page);
        return;
    }
    assert(page->used > 0);
    if (!page->free)
        list_append(&heap()->partial[page->class], &page->link);
    *(void **)block = page->free;
    page->free = block;
    if (--page->used == 0) {
        list_remove(&page->link);
        run_free(page);
    }
}

void *heap_resize(void *block, size_t size)
{
    if (!block)
        return heap_alloc(size);
    size_t old = block_size(header_of(block));
    if (size <= old && size > old / 2)
        return block;
    void *new = heap_alloc(size);
    if (!new)
        return NULL;
    memcpy(new, block, size < old ? size : old);
    heap_free(block);
    return new;
}

char *heap_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = heap_alloc_raw(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

size_t heap_pages(void) { return started ? (heap()->end - ARENA_START) / PAGE_SIZE - heap()->absent : 0; }

size_t heap_used(void) { return started ? heap()->used : 0; }
