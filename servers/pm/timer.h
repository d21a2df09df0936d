// SPDX-License-Identifier: MIT
// The timer queue: what is to happen at a monotonic time. One kernel deadline, of the earliest, drives it.
#pragma once

#include <rbtree.h>
#include <stdbool.h>
#include <stdint.h>

enum timer_kind { TIMER_PARK, TIMER_INTERVAL, TIMER_CPU, TIMER_POSIX }; // what contains it (timer_expire)

struct timer {
    struct rbtree_node node;
    uint64_t deadline; // monotonic ns
    enum timer_kind kind;
    bool armed;
};

void timer_arm(struct timer *timer, enum timer_kind kind, uint64_t deadline);
void timer_cancel(struct timer *timer);
uint64_t timer_deadline(void); // NO_DEADLINE if none
void timers_expire(void);
