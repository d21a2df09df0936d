// SPDX-License-Identifier: MIT
// The timer queue: a tree by deadline.
#include "timer.h"

#include "itimer.h"
#include "state.h"
#include "thread.h"

void timer_arm(struct timer *timer, enum timer_kind kind, uint64_t deadline)
{
    timer_cancel(timer);
    timer->kind = kind;
    timer->deadline = deadline;
    timer->armed = true;
    struct rbtree_node **place = &pm->timers.root;
    struct rbtree_node *parent = NULL;
    while (*place) {
        parent = *place;
        struct timer *other = container_of(parent, struct timer, node);
        place = deadline < other->deadline ? &parent->left : &parent->right;
    }
    rbtree_insert(&pm->timers, parent, place, &timer->node);
}

void timer_cancel(struct timer *timer)
{
    if (!timer->armed)
        return;
    rbtree_remove(&pm->timers, &timer->node);
    timer->armed = false;
}

static struct timer *first(void)
{
    struct rbtree_node *node = pm->timers.first;
    return node ? container_of(node, struct timer, node) : NULL;
}

uint64_t timer_deadline(void)
{
    struct timer *timer = first();
    return timer ? timer->deadline : NO_DEADLINE;
}

static void expire(struct timer *timer)
{
    switch (timer->kind) {
    case TIMER_PARK: park_expired(container_of(timer, struct thread, park.timer)); break;
    case TIMER_INTERVAL: interval_timer_expired(container_of(timer, struct interval_timer, timer)); break;
    case TIMER_CPU: cpu_timer_expired(container_of(timer, struct process, cpu_timer)); break;
    case TIMER_POSIX: posix_timer_expired(timer); break;
    }
}

void timers_expire(void)
{
    uint64_t now = clock_monotonic();
    struct timer *timer;
    while ((timer = first()) && timer->deadline <= now) {
        timer_cancel(timer);
        expire(timer);
    }
}
