// SPDX-License-Identifier: MIT
// The fake machine: RAM from 1 MiB to 32 MiB, half of it above the direct map, with a reserved hole.
#pragma once

#include <frame.h>
#include <quota.h>

void fake_start(void); // once per test program
struct quota *fake_quota(uint64_t limit);
void fake_quota_end(struct quota *quota); // checks that nothing is charged to it any more

struct fake_usage {
    uint64_t frames, bytes, objects;
};
struct fake_usage fake_usage(void);
void fake_check_usage(struct fake_usage before); // work done, nothing leaked, no window open
