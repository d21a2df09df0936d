// SPDX-License-Identifier: MIT
// Quotas. Charging walks up to the machine's quota, so a promise to a child never exceeds what its ancestors
// really have at that moment.
#include <errno.h>
#include <frame.h>
#include <inline.h>
#include <quota.h>
#include <work.h>

struct quota machine_quota = {
    .object = { .references = 1, .type = HANDLE_QUOTA },
    .frame_limit = UINT64_MAX,
    .task_limit = UINT64_MAX,
    .reserve = true,
};

struct quota *quota_create(struct quota *parent, uint64_t frame_limit, uint64_t task_limit, bool reserve)
{
    struct quota *quota = kmalloc(parent, sizeof *quota);
    if (!quota)
        return NULL;
    object_init(&quota->object, HANDLE_QUOTA);
    object_get(&parent->object);
    quota->parent = parent;
    quota->frame_limit = frame_limit;
    quota->task_limit = task_limit;
    quota->reserve = reserve && parent->reserve;
    return quota;
}

static bool try_charge(struct quota *quota, uint64_t count)
{
    struct quota *refused = quota;
    while (refused && refused->frames + count <= refused->frame_limit) {
        refused->frames += count;
        refused = refused->parent;
    }
    if (!refused)
        return true;
    for (; quota != refused; quota = quota->parent)
        quota->frames -= count;
    return false;
}

// What is dead but not yet taken apart is still charged.
static APART bool charge_hard(struct quota *quota, uint64_t count)
{
    while (work_step())
        if (try_charge(quota, count))
            return true;
    return false;
}

bool quota_charge(struct quota *quota, uint64_t count)
{
    return try_charge(quota, count) || charge_hard(quota, count);
}

void quota_uncharge(struct quota *quota, uint64_t count)
{
    for (; quota; quota = quota->parent) {
        assert(quota->frames >= count);
        quota->frames -= count;
    }
}

bool quota_charge_task(struct quota *quota)
{
    struct quota *refused = quota;
    while (refused && refused->tasks < refused->task_limit) {
        refused->tasks++;
        refused = refused->parent;
    }
    if (!refused)
        return true;
    for (; quota != refused; quota = quota->parent)
        quota->tasks--;
    return false;
}

void quota_uncharge_task(struct quota *quota)
{
    for (; quota; quota = quota->parent) {
        assert(quota->tasks > 0);
        quota->tasks--;
    }
}

void quota_destroy(struct object *object)
{
    struct quota *quota = (struct quota *)object;
    struct quota *parent = quota->parent;
    assert(parent && quota->frames == 0 && quota->tasks == 0);
    kfree(parent, quota, sizeof *quota);
    object_put(&parent->object);
}
