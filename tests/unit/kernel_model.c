// SPDX-License-Identifier: MIT
// Unit tests: random operations on spaces and what they share, against a model, with and without failing allocations.
// What pages hold is compared after every burst.
#include "fake_arch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <memory.h>
#include <pagetable.h>
#include <region.h>
#include <space.h>
#include <string.h>

#define RW (PROT_READ_BIT | PROT_WRITE_BIT)
#define BASE 0x3fe00000ul // 4 MiB around a boundary of tables of both levels
#define PAGES 1024u
#define SPACES 4u
#define OBJECT_PAGES 300u

static unsigned seed = 1;

static unsigned random_below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

struct model_page {
    bool mapped, shared, own;         // own: has a private value
    unsigned protection, object_page; // object_page: 0 is none, else index + 1
    uint32_t value;
};

struct model {
    struct space *space;
    struct model_page pages[PAGES];
};

static struct model models[SPACES];
static uint32_t object_values[OBJECT_PAGES];
static struct memory *object;
static struct quota *model_quota;

static unsigned long address_of(unsigned page) { return BASE + page * PAGE_SIZE; }

static uint32_t model_value(const struct model_page *page)
{
    if (page->object_page && !page->own)
        return object_values[page->object_page - 1];
    return page->own ? page->value : 0;
}

static void check_model(const struct model *model)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const struct model_page *page = &model->pages[i];
        uint32_t value;
        size_t copied = copy_from_space(model->space, &value, address_of(i), sizeof value);
        if (!page->mapped || !page->protection) {
            assert_int_equal(copied, 0);
        } else {
            assert_int_equal(copied, sizeof value);
            assert_int_equal(value, model_value(page));
        }
    }
    uint64_t resident = pagetable_count(model->space, 0, USER_END);
    assert_int_equal(resident, model->space->resident_pages);
}

static void random_map(struct model *model, unsigned first, unsigned count)
{
    unsigned kind = random_below(3), protection = random_below(4) ? RW : PROT_READ_BIT;
    unsigned from = kind ? random_below(OBJECT_PAGES - 64) : 0;
    if (kind && count > 64)
        count = 64;
    unsigned flags = protection | MAP_FIXED_BIT | (kind == 1 ? MAP_SHARED_BIT | MAP_MAYWRITE_BIT : 0) |
                     (random_below(8) ? 0 : MAP_POPULATE_BIT);
    long result = space_map(model->space, address_of(first), count * PAGE_SIZE, flags, kind ? object : NULL,
                            (uint64_t)from * PAGE_SIZE, 0, 0);
    if (result == -ENOMEM)
        return;
    assert_int_equal(result, address_of(first));
    for (unsigned i = 0; i < count; i++)
        model->pages[first + i] = (struct model_page){ .mapped = true,
                                                       .shared = kind == 1,
                                                       .protection = protection,
                                                       .object_page = kind ? from + i + 1 : 0 };
}

static void random_protect(struct model *model, unsigned first, unsigned count)
{
    static const unsigned choices[] = { 0, PROT_READ_BIT, RW, RW | PROT_EXECUTE_BIT };
    unsigned protection = choices[random_below(4)];
    bool covered = true;
    for (unsigned i = first; i < first + count; i++)
        covered = covered && model->pages[i].mapped;
    long result = space_protect(model->space, address_of(first), count * PAGE_SIZE, protection);
    if (!covered)
        assert_int_equal(result, -ENOMEM);
    if (result == -ENOMEM)
        return;
    assert_int_equal(result, 0);
    for (unsigned i = first; i < first + count; i++)
        model->pages[i].protection = protection;
}

static void random_write(struct model *model, unsigned page)
{
    struct model_page *m = &model->pages[page];
    uint32_t value = seed;
    bool failing = allocation_failure_countdown != 0;
    size_t copied = copy_to_space(model->space, address_of(page), &value, sizeof value);
    bool may = m->mapped && (m->protection & PROT_WRITE_BIT);
    if (!may || !failing)
        assert_int_equal(copied, may ? sizeof value : 0);
    if (!copied)
        return;
    if (m->shared) {
        object_values[m->object_page - 1] = value;
    } else {
        m->own = true;
        m->value = value;
    }
}

static void random_move(struct model *model, unsigned first, unsigned count)
{
    unsigned to = random_below(PAGES - count);
    bool good = true;
    for (unsigned i = 0; i < count; i++)
        good = good && model->pages[first + i].mapped && !model->pages[to + i].mapped;
    unsigned to_count = random_below(3) ? count : 1 + random_below(count);
    long result =
        space_move(model->space, address_of(first), count * PAGE_SIZE, address_of(to), to_count * PAGE_SIZE);
    if (result < 0)
        return;
    struct model_page moved[PAGES];
    memcpy(moved, &model->pages[first], to_count * sizeof *moved);
    memset(&model->pages[first], 0, count * sizeof *moved);
    memcpy(&model->pages[to], moved, to_count * sizeof *moved);
}

static void random_clone(struct model *from, struct model *to)
{
    if (from == to)
        return;
    int error;
    struct space *space = space_clone(from->space, model_quota, &error);
    if (!space)
        return;
    object_put(&to->space->object);
    *to = *from;
    to->space = space;
}

// -ENOMEM means holes (and done), or no memory (and nothing done).
static void random_discard(struct model *model, unsigned first, unsigned count)
{
    bool covered = true;
    for (unsigned i = first; i < first + count; i++)
        covered = covered && model->pages[i].mapped;
    if (!covered)
        allocation_failure_countdown = 0;
    long result = space_discard(model->space, address_of(first), count * PAGE_SIZE);
    if (covered && result == -ENOMEM)
        return;
    assert_int_equal(result, covered ? 0 : -ENOMEM);
    for (unsigned i = first; i < first + count; i++)
        model->pages[i].own = false;
}

static void random_operation(void)
{
    struct model *model = &models[random_below(SPACES)];
    unsigned count = 1 + random_below(random_below(4) ? 40 : 400), first = random_below(PAGES - count);
    switch (random_below(20)) {
    case 0:
    case 1: random_map(model, first, count); break;
    case 2:
        if (space_unmap(model->space, address_of(first), count * PAGE_SIZE) == 0)
            memset(&model->pages[first], 0, count * sizeof *model->pages);
        break;
    case 3: random_protect(model, first, count); break;
    case 4: random_discard(model, first, count); break;
    case 5: random_move(model, first, count); break;
    case 6: random_clone(model, &models[random_below(SPACES)]); break;
    default:
        for (unsigned i = 0; i < 10; i++)
            random_write(model, random_below(PAGES));
    }
}

static void run_model(unsigned rounds, bool failing)
{
    struct fake_usage before = fake_usage();
    model_quota = fake_quota(100000);
    object = memory_create(model_quota, OBJECT_PAGES * PAGE_SIZE, 0, NULL, 0);
    memset(object_values, 0, sizeof object_values);
    for (unsigned i = 0; i < SPACES; i++) {
        memset(&models[i], 0, sizeof models[i]);
        models[i].space = space_create(model_quota);
    }
    for (unsigned round = 0; round < rounds; round++) {
        if (failing && random_below(3) == 0)
            allocation_failure_countdown = 1 + random_below(40);
        for (unsigned i = 0; i < 10; i++)
            random_operation();
        allocation_failure_countdown = 0;
        if (round % 10 == 0)
            for (unsigned i = 0; i < SPACES; i++)
                check_model(&models[i]);
    }
    for (unsigned i = 0; i < SPACES; i++)
        object_put(&models[i].space->object);
    object_put(&object->object);
    fake_quota_end(model_quota);
    fake_check_usage(before);
}

static void model_without_failures(void **state) { run_model(1500, false); }
static void model_with_failures(void **state) { run_model(1500, true); }

int main(void)
{
    fake_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_without_failures),
        cmocka_unit_test(model_with_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
