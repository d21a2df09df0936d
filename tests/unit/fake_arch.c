// SPDX-License-Identifier: MIT
// What the kernel's memory half needs of the rest: an architecture, object destruction, quotas' parent, and stubs for
// the scheduler that the work list never reaches here.
#include "fake_arch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <memory.h>
#include <pagetable.h>
#include <sched.h>
#include <space.h>
#include <work.h>

#define RAM_START 0x100000ull
#define RAM_END 0x2000000ull

char *fake_memory;
uint64_t arch_nx = 1ull << 63;

static uint64_t open_window[2];
static uint64_t live_objects;

_Noreturn void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "panic: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

// --- architecture -------------------------------------------------------------------------------------------------

int arch_space_init(struct space *space) { return 0; }
void arch_space_release(struct space *space) {}
void arch_space_changed_root(struct space *space) {}
void arch_tlb_flush(struct space *space, unsigned long start, unsigned long end) {}
void *arch_direct(uint64_t physical) { return fake_memory + physical; }
uint64_t arch_physical(const void *direct) { return (uint64_t)((const char *)direct - fake_memory); }
void arch_kernel_yield(void) { abort(); }

void *arch_window_open(uint64_t physical, unsigned slot)
{
    assert_true(slot < 2 && physical >= DIRECT_LIMIT && physical < RAM_END && !open_window[slot]);
    open_window[slot] = physical;
    return fake_memory + physical;
}

void arch_window_close(unsigned slot)
{
    assert_true(open_window[slot]);
    open_window[slot] = 0;
}

// --- the rest of the kernel ---------------------------------------------------------------------------------------

struct task *kernel_thread(void (*fn)(void *), void *argument) { return NULL; }
void sched_wake(struct task *task) { abort(); }
void sched_block(struct task *task, unsigned state) { abort(); }
void sched_set(struct task *task, unsigned class, unsigned value) { abort(); }
void handle_table_release(struct space *space) { assert_int_equal(space->handles.count, 0); }

void object_init(struct object *object, unsigned type)
{
    static uint64_t identity;
    object->references = 1;
    object->type = type;
    object->identity = ++identity;
    live_objects++;
}

void object_destroy(struct object *object)
{
    live_objects--;
    switch (object->type) {
    case HANDLE_SPACE: space_destroy(object); break;
    case HANDLE_MEMORY: memory_destroy(object); break;
    case HANDLE_QUOTA: quota_destroy(object); break;
    default: abort();
    }
}

// --- checks -------------------------------------------------------------------------------------------------------

void fake_start(void)
{
    static struct boot_info info = {
        .memory = { { RAM_START, RAM_END } },
        .memory_count = 1,
        .reserved = { { 0x200010, 0x2ffff0 }, { 0x2ff000, 0x300800 } },
        .reserved_count = 2,
    };
    fake_memory = aligned_alloc(PAGE_SIZE, RAM_END);
    assert_non_null(fake_memory);
    frame_init(&info);
}

struct quota *fake_quota(uint64_t limit)
{
    struct quota *quota = quota_create(&machine_quota, limit, 0, false);
    assert_non_null(quota);
    return quota;
}

void fake_quota_end(struct quota *quota)
{
    while (work_step())
        ;
    assert_int_equal(quota->frames, 0);
    assert_int_equal(quota->bytes, 0);
    assert_int_equal(quota->object.references, 1);
    object_put(&quota->object);
}

struct fake_usage fake_usage(void)
{
    return (struct fake_usage){ frame_free_count(), kmalloc_bytes(), live_objects };
}

void fake_check_usage(struct fake_usage before)
{
    while (work_step())
        ;
    kmalloc_reclaim();
    pagetable_reclaim();
    struct fake_usage now = fake_usage();
    assert_int_equal(now.frames, before.frames);
    assert_int_equal(now.bytes, before.bytes);
    assert_int_equal(now.objects, before.objects);
    assert_true(!open_window[0] && !open_window[1]);
}

void arch_copy(void *to, const void *from, size_t length) { memmove(to, from, length); }

void arch_clear(void *to, size_t length) { memset(to, 0, length); }
