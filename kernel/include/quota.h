// SPDX-License-Identifier: MIT
// Quotas: how many frames and tasks may exist on an account. Creation calls name the quota that pays; a frame
// stays charged to it until freed. A child's limits are promises within its parent's: charging a child charges
// every ancestor.
#pragma once

#include <object.h>
#include <stdbool.h>

struct quota {
    struct object object;
    struct quota *parent; // reference held; NULL for the machine's quota
    uint64_t frame_limit, frames;
    uint64_t task_limit, tasks;
    uint64_t bytes; // of kernel objects, in whole frames included in `frames` through the slab's frames
    uint64_t objects;
    bool reserve; // its frames may come from the reserve: for those who deal with a shortage
};

struct quota *quota_create(struct quota *parent, uint64_t frames, uint64_t tasks, bool reserve);
bool quota_charge(struct quota *quota, uint64_t frames); // all ancestors or none
void quota_uncharge(struct quota *quota, uint64_t frames);
bool quota_charge_task(struct quota *quota);
void quota_uncharge_task(struct quota *quota);
void quota_destroy(struct object *object);

extern struct quota machine_quota;
