// SPDX-License-Identifier: MIT
// A server's heap. The arena is a range of the server's space, grown by whole chunks that are brought in at
// once, so that running out is a NULL here and never a fault. Pages hold either one run (large blocks) or
// blocks of one size class; every page run starts with a header, found by rounding a block's address down.
#include <assert.h>
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <list.h>
#include <server.h>
#include <string.h>

#define ARENA_START 0x50000000ul
#define ARENA_END 0x90000000ul
#define CHUNK (16 * PAGE_SIZE)
#define RUN_CLASS 0xffffu // a large block

struct page_header {
    struct list link; // partial list of its class, or the free runs (by address)
    uint32_t pages;   // of the run
    uint16_t class;   // index of the size class, or RUN_CLASS
    uint16_t used;    // blocks handed out
    void *free;       // first free block; each holds the next
    unsigned long unused;
};
_Static_assert(sizeof(struct page_header) <= 48, "page header");

static const uint16_t class_sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 336, 496, 672, 1008, 1344, 2016 };
#define CLASSES (sizeof(class_sizes) / sizeof(class_sizes[0]))

// All of the heap's state; it lies at the arena's start, so that it survives with the memory object below it.
struct heap {
    unsigned long end;     // of what is mapped
    size_t used;           // bytes in blocks
    struct list free_runs; // by address, coalesced
    struct list partial[CLASSES];
};

static handle_t arena_memory; // 0: anonymous
unsigned heap_failure_countdown;

static struct heap *heap(void) { return (struct heap *)ARENA_START; }

static size_t header_size(void) { return (sizeof(struct page_header) + 15) & ~15ul; }

static long map_chunk(unsigned long address, size_t length)
{
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT | MAP_POPULATE_BIT;
    if (arena_memory)
        flags |= MAP_SHARED_BIT;
    return space_map(self_space, address, length, flags, arena_memory, address - ARENA_START, 0, 0);
}

static void run_free(struct page_header *run);

static bool heap_start(void)
{
    static bool started;
    if (started)
        return true;
    arena_memory = start_handle("heap");
    if (IS_ERROR(map_chunk(ARENA_START, CHUNK)))
        return false;
    started = true;
    struct heap *h = heap();
    h->end = ARENA_START + CHUNK;
    list_init(&h->free_runs);
    for (unsigned i = 0; i < CLASSES; i++)
        list_init(&h->partial[i]);
    struct page_header *rest = (struct page_header *)(ARENA_START + PAGE_SIZE);
    list_init(&rest->link);
    rest->pages = CHUNK / PAGE_SIZE - 1;
    run_free(rest);
    return true;
}

static unsigned long run_end(struct page_header *run) { return (unsigned long)run + run->pages * PAGE_SIZE; }

// Puts a run among the free ones and joins it with its neighbours.
static void run_free(struct page_header *run)
{
    struct list *runs = &heap()->free_runs;
    struct list *place = runs->next;
    while (place != runs && container_of(place, struct page_header, link) < run)
        place = place->next;
    list_insert(place, &run->link);
    struct page_header *next = container_of(run->link.next, struct page_header, link);
    if (run->link.next != runs && run_end(run) == (unsigned long)next) {
        run->pages += next->pages;
        list_remove(&next->link);
    }
    struct page_header *previous = container_of(run->link.previous, struct page_header, link);
    if (run->link.previous != runs && run_end(previous) == (unsigned long)run) {
        previous->pages += run->pages;
        list_remove(&run->link);
    }
}

static bool heap_grow(size_t pages)
{
    struct heap *h = heap();
    size_t length = (pages * PAGE_SIZE + CHUNK - 1) / CHUNK * CHUNK;
    if (length > ARENA_END - h->end || IS_ERROR(map_chunk(h->end, length)))
        return false;
    struct page_header *run = (struct page_header *)h->end;
    list_init(&run->link);
    run->pages = length / PAGE_SIZE;
    h->end += length;
    run_free(run);
    return true;
}

static struct page_header *run_take(struct page_header *run, size_t pages)
{
    if (run->pages > pages) {
        struct page_header *rest = (struct page_header *)((unsigned long)run + pages * PAGE_SIZE);
        list_init(&rest->link);
        rest->pages = run->pages - pages;
        list_insert(run->link.next, &rest->link);
        run->pages = pages;
    }
    list_remove(&run->link);
    return run;
}

// First fit.
static struct page_header *run_alloc(size_t pages)
{
    do {
        list_for_each(run, &heap()->free_runs, struct page_header,
                      link) if (run->pages >= pages) return run_take(run, pages);
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
    page->free = *(void **)block;
    page->used++;
    if (!page->free)
        list_remove(&page->link);
    return block;
}

void *heap_alloc_raw(size_t size)
{
    if (!heap_start() || (heap_failure_countdown && --heap_failure_countdown == 0))
        return NULL;
    unsigned class = 0;
    while (class < CLASSES && class_sizes[class] < size)
        class ++;
    void *block = class < CLASSES ? small_alloc(class) : large_alloc(size);
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

size_t heap_pages(void) { return heap_start() ? (heap()->end - ARENA_START) / PAGE_SIZE : 0; }

size_t heap_used(void) { return heap_start() ? heap()->used : 0; }
