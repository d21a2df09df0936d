// SPDX-License-Identifier: MIT
// Each allocation of a kernel call in turn fails: the call says ENOMEM, and nothing is left.
#include "test.h"

#define AREA 0x20000000ul
#define RW (PROT_READ_BIT | PROT_WRITE_BIT)

// A trial makes something and undoes it, or returns the error. What undoes does not fail.

static void all_goes_well(void) { KCALL2(system_fail, ROOT_SYSTEM, 0); }

static long closed(long handle)
{
    all_goes_well();
    if (handle > 0)
        handle_close((handle_t)handle);
    return handle;
}

static long try_port(void) { return closed(port_create(ROOT_QUOTA)); }

static long try_call(void) { return closed(call_create(ROOT_QUOTA)); }

static long try_quota(void) { return closed(KCALL3(quota_create, ROOT_QUOTA, 10, 10)); }

static long try_routes(void) { return closed(routes_create(ROOT_QUOTA, 400)); }

static long try_low_memory(void) { return closed(memory_create(ROOT_QUOTA, 5 * PAGE_SIZE, MEMORY_LOW, 0)); }

static long try_badge(void)
{
    long port = port_create(ROOT_QUOTA);
    if (port < 0)
        return port;
    long badge = closed(port_badge((handle_t)port, 5, RIGHT_SEND, true));
    closed(port);
    return badge;
}

// A write past the first table of pages, so that the object's tree grows.
static long try_object(void)
{
    static const char bytes[2 * PAGE_SIZE] = "bytes";
    long memory = memory_create(ROOT_QUOTA, 700 * PAGE_SIZE, 0, 0);
    if (memory < 0)
        return memory;
    long done = memory_write((handle_t)memory, 600 * PAGE_SIZE, bytes, PAGE_SIZE);
    if (done > 0)
        done = memory_write((handle_t)memory, 0, bytes, PAGE_SIZE);
    closed(memory);
    return done;
}

static long change_space(handle_t space)
{
    long error = space_map(space, AREA, 20 * PAGE_SIZE, RW | MAP_FIXED_BIT, 0, 0, 0, 0);
    if (error < 0)
        return error;
    message_page->target = (struct copy_target){ .space = space };
    error = KCALL4(fault_in, AREA, 20 * PAGE_SIZE, ACCESS_WRITE, 0);
    if (error == 0)
        error = space_protect(space, AREA + 5 * PAGE_SIZE, PAGE_SIZE, PROT_READ_BIT);
    if (error == 0)
        error = space_unmap(space, AREA + 10 * PAGE_SIZE, PAGE_SIZE);
    if (error == 0)
        error = space_move(space, AREA, 2 * PAGE_SIZE, 0x60000000, 3 * PAGE_SIZE);
    if (error > 0)
        error = space_discard(space, AREA + 3 * PAGE_SIZE, PAGE_SIZE);
    return error;
}

static long try_space(void)
{
    long space = space_create(ROOT_QUOTA);
    if (space < 0)
        return space;
    long error = change_space((handle_t)space);
    if (error == 0)
        error = closed(space_clone((handle_t)space, ROOT_QUOTA));
    closed(space);
    return error;
}

static long try_task(void)
{
    struct task_start start = { AREA, AREA + PAGE_SIZE, 0, 0 };
    long space = space_create(ROOT_QUOTA);
    if (space < 0)
        return space;
    long task = task_create((handle_t)space, ROOT_QUOTA, 0, 0, &start);
    all_goes_well();
    if (task > 0)
        task_destroy((handle_t)task);
    closed(task);
    closed(space);
    return task;
}

static uint64_t frames_paid(void)
{
    KCALL1(quota_info, ROOT_QUOTA);
    return message_page->result[1];
}

// -> how many allocations the trial makes; 0 after test_failed()
static unsigned sweep(const char *name, long (*trial)(void))
{
    if (trial() < 0) {
        test_failed("%s does not work", name);
        return 0;
    }
    struct figures before = figures_now();
    uint64_t frames = frames_paid();
    for (unsigned n = 1;; n++) {
        KCALL2(system_fail, ROOT_SYSTEM, n);
        long error = trial();
        all_goes_well();
        struct figures after = figures_now();
        if (error >= 0)
            return n - 1;
        if (error != -ENOMEM || after.tasks != before.tasks || after.handles != before.handles ||
            after.objects != before.objects || frames_paid() != frames) {
            test_failed("%s, allocation %u: %ld, %lld objects, %lld frames", name, n, error,
                        (long long)(after.objects - before.objects), (long long)(frames_paid() - frames));
            return 0;
        }
    }
}

static void each_allocation_fails(void)
{
    static const struct {
        const char *name;
        long (*trial)(void);
    } trials[] = {
        { "port", try_port },     { "call", try_call },   { "quota", try_quota },
        { "routes", try_routes }, { "badge", try_badge }, { "low memory", try_low_memory },
        { "object", try_object }, { "space", try_space }, { "task", try_task },
    };
    unsigned total = 0;
    for (unsigned i = 0; i < sizeof trials / sizeof trials[0] && !test_has_failed(); i++) {
        unsigned count = sweep(trials[i].name, trials[i].trial);
        if (count == 0)
            test_failed("%s: no allocation", trials[i].name);
        total += count;
    }
    CHECK(total > 40);
}

const struct test failure_tests[] = {
    { "failures/each_allocation", each_allocation_fails },
    { 0 },
};
