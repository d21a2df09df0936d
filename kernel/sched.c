// SPDX-License-Identifier: MIT
// The scheduler. Fixed priorities come first, then the fair class by virtual time, then idlers, then the idle
// task. The running task stands in no queue. A blocked task that calls, or answers, hands the CPU over directly
// where that is what picking would find anyway.
#include <arch.h>
#include <arch/cpu.h>
#include <inline.h>
#include <sched.h>
#include <task.h>

#define SLICE 4000000u             // ns, for fair and round-robin tasks with competition
#define WAKE_ADVANTAGE (SLICE / 2) // virtual ns that a sleeper may be behind the others when it wakes
#define WEIGHT_NORMAL 1024u

struct cpu boot_cpu;

static struct task *fair_first(struct cpu *cpu)
{
    return cpu->fair.first ? container_of(cpu->fair.first, struct task, schedule.node) : NULL;
}

// Brings virtual time up to what the task's counters say, its servers' work for it included.
static void update_virtual_time(struct cpu *cpu, struct task *task)
{
    account_switch(cpu, cpu->account);
    struct schedule *schedule = &task->schedule;
    uint64_t total = task->user_time + task->system_time;
    uint64_t used = arch_cycles_to_ns(total - schedule->consumed);
    schedule->consumed = total;
    if (schedule->weight != WEIGHT_NORMAL)
        used = used * WEIGHT_NORMAL / schedule->weight;
    schedule->virtual_time += used;
}

static void fair_insert(struct cpu *cpu, struct task *task)
{
    struct rbtree_node **place = &cpu->fair.root, *parent = NULL;
    uint64_t key = task->schedule.virtual_time;
    while (*place) {
        parent = *place;
        place = key < container_of(parent, struct task, schedule.node)->schedule.virtual_time
                    ? &parent->left
                    : &parent->right;
    }
    rbtree_insert(&cpu->fair, parent, place, &task->schedule.node);
}

// Makes sure that the timer ends the running slice, now that somebody competes for it.
static void limit_slice(struct cpu *cpu, struct task *runner)
{
    if (!runner->schedule.slice_end)
        runner->schedule.slice_end = arch_clock() + SLICE;
    timer_arm(cpu, runner->schedule.slice_end);
}

static void enqueue_fair(struct cpu *cpu, struct task *task)
{
    update_virtual_time(cpu, task);
    struct schedule *schedule = &task->schedule;
    uint64_t least = cpu->fair_clock > WAKE_ADVANTAGE ? cpu->fair_clock - WAKE_ADVANTAGE : 0;
    if (schedule->virtual_time < least)
        schedule->virtual_time = least;
    fair_insert(cpu, task);
    if (cpu->fair_current && cpu->fair_current != task)
        limit_slice(cpu, cpu->fair_current);
}

static void enqueue(struct cpu *cpu, struct task *task, bool front)
{
    struct schedule *schedule = &task->schedule;
    assert(!schedule->queued);
    schedule->queued = true;
    if (cpu->fair_current == task)
        cpu->fair_current = NULL;
    switch (schedule->class) {
    case SCHEDULE_FAIR: enqueue_fair(cpu, task); break;
    case SCHEDULE_IDLE: list_append(&cpu->idlers, &schedule->queue); break;
    default:
        if (front)
            list_prepend(&cpu->fixed[schedule->priority], &schedule->queue);
        else
            list_append(&cpu->fixed[schedule->priority], &schedule->queue);
        cpu->ready |= 1ull << schedule->priority;
        if (schedule->priority > cpu->top)
            cpu->top = schedule->priority;
    }
}

static void dequeue(struct cpu *cpu, struct task *task)
{
    struct schedule *schedule = &task->schedule;
    assert(schedule->queued);
    schedule->queued = false;
    if (schedule->class == SCHEDULE_FAIR) {
        rbtree_remove(&cpu->fair, &schedule->node);
        return;
    }
    list_remove(&schedule->queue);
    if (schedule->class != SCHEDULE_IDLE && list_empty(&cpu->fixed[schedule->priority])) {
        cpu->ready &= ~(1ull << schedule->priority);
        cpu->top = cpu->ready ? (uint8_t)(63 - __builtin_clzll(cpu->ready)) : 0;
    }
}

static bool is_fixed(const struct task *task) { return task->schedule.priority > 0; }

// Should `task`, just woken, take the CPU from the running one? A fair sleeper does if it is clearly behind.
static bool preempts(struct cpu *cpu, const struct task *task)
{
    struct task *current = cpu->current;
    if (current == cpu->idle)
        return true;
    if (is_fixed(task) || is_fixed(current))
        return task->schedule.priority > current->schedule.priority;
    if (task->schedule.class == SCHEDULE_IDLE || current->schedule.class == SCHEDULE_IDLE)
        return task->schedule.class != SCHEDULE_IDLE;
    update_virtual_time(cpu, current);
    return task->schedule.virtual_time + WAKE_ADVANTAGE < current->schedule.virtual_time;
}

static void limit_round(struct cpu *cpu, const struct task *task)
{
    struct task *current = cpu->current;
    if (current->schedule.class == SCHEDULE_ROUND && current->schedule.priority == task->schedule.priority)
        limit_slice(cpu, current);
}

APART void sched_wake(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (task->suspended) {
        task->state = TASK_SUSPENDED;
        return;
    }
    task->state = TASK_RUNNABLE;
    if (task == cpu->current)
        return; // it had only just blocked; sched_pick will find it runnable
    enqueue(cpu, task, false);
    if (preempts(cpu, task))
        cpu->reschedule = true;
    else
        limit_round(cpu, task);
}

void sched_block(struct task *task, unsigned state)
{
    struct cpu *cpu = this_cpu();
    if (task == cpu->current)
        cpu->reschedule = true;
    if (task->schedule.queued)
        dequeue(cpu, task);
    task->state = (uint8_t)state;
}

static void switch_to(struct cpu *cpu, struct task *next)
{
    struct task *previous = cpu->current;
    cpu->reschedule = false;
    cpu->current = next;
    cpu->switches++;
    next->switches++;
    arch_switch(previous, next);
}

// A task of no fixed priority can go on directly where nobody else is ready, or with the slice that it began.
static bool fair_may_go_on(const struct cpu *cpu, const struct task *task)
{
    return !cpu->top && !task->suspended && task->schedule.class == SCHEDULE_FAIR &&
           (!cpu->fair.first || cpu->fair_current == task);
}

static void hand_over_slowly(struct cpu *cpu, struct task *task)
{
    if (cpu->current->state == TASK_RUNNABLE || !fair_may_go_on(cpu, task)) {
        sched_wake(task);
        return;
    }
    task->state = TASK_RUNNABLE;
    if (cpu->fair_current != task) {
        cpu->fair_current = task;
        task->schedule.slice_end = 0;
    }
    switch_to(cpu, task);
}

void sched_hand_over(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (cpu->current->state == TASK_RUNNABLE || task->schedule.direct <= cpu->top) {
        hand_over_slowly(cpu, task);
        return;
    }
    task->state = TASK_RUNNABLE;
    switch_to(cpu, task);
}

static struct task *best(struct cpu *cpu)
{
    if (cpu->top)
        return list_first(&cpu->fixed[cpu->top], struct task, schedule.queue);
    struct task *fair = fair_first(cpu);
    if (fair)
        return fair;
    return list_empty(&cpu->idlers) ? cpu->idle : list_first(&cpu->idlers, struct task, schedule.queue);
}

static void begin_slice(struct cpu *cpu, struct task *task)
{
    struct schedule *schedule = &task->schedule;
    schedule->slice_end = 0;
    if (schedule->class == SCHEDULE_FAIR) {
        cpu->fair_current = task;
        if (schedule->virtual_time > cpu->fair_clock)
            cpu->fair_clock = schedule->virtual_time;
        if (cpu->fair.first)
            limit_slice(cpu, task);
    } else if (schedule->class == SCHEDULE_ROUND && (cpu->ready & 1ull << schedule->priority)) {
        limit_slice(cpu, task);
    }
}

APART void sched_pick(void)
{
    struct cpu *cpu = this_cpu();
    struct task *previous = cpu->current;
    cpu->reschedule = false;
    if (previous->state == TASK_RUNNABLE && previous != cpu->idle && !previous->schedule.queued)
        enqueue(cpu, previous, previous->schedule.class == SCHEDULE_FIXED);
    struct task *next = best(cpu);
    if (next != cpu->idle) {
        dequeue(cpu, next);
        begin_slice(cpu, next);
    } else {
        cpu->fair_current = NULL;
    }
    if (next != previous)
        switch_to(cpu, next);
    if (cpu->dead)
        task_reap(cpu);
}

// Behind the first of those who wait: everybody else's order stays, so mostly the two just change places.
static void yield_fairly(struct cpu *cpu, struct task *task)
{
    struct schedule *schedule = &task->schedule;
    struct task *other = fair_first(cpu);
    struct rbtree_node *next = rbtree_next(cpu->fair.first);
    uint64_t least = other->schedule.virtual_time + 1;
    update_virtual_time(cpu, task);
    if (schedule->virtual_time < least)
        schedule->virtual_time = least;
    schedule->queued = true;
    cpu->fair_current = NULL;
    if (cpu->top || cpu->reschedule || task != cpu->current ||
        (next &&
         container_of(next, struct task, schedule.node)->schedule.virtual_time < schedule->virtual_time)) {
        fair_insert(cpu, task);
        cpu->reschedule = true;
        return;
    }
    rbtree_replace(&cpu->fair, cpu->fair.first, &schedule->node);
    other->schedule.queued = false;
    begin_slice(cpu, other);
    switch_to(cpu, other);
}

void sched_yield(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (task->schedule.class != SCHEDULE_FAIR) {
        enqueue(cpu, task, false);
        cpu->reschedule = true;
    } else if (cpu->fair.first) {
        yield_fairly(cpu, task);
    }
}

void sched_timer(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t now = arch_clock();
    cpu->armed = NO_DEADLINE;
    timer_expire(cpu, now);
    struct task *runner = cpu->fair_current;
    if (cpu->current->schedule.class == SCHEDULE_ROUND)
        runner = cpu->current;
    if (!runner || !runner->schedule.slice_end)
        return;
    if (now < runner->schedule.slice_end) {
        timer_arm(cpu, runner->schedule.slice_end);
        return;
    }
    // While a server works for a fair task the slice's end waits: its answer then goes through the queue.
    runner->schedule.slice_end = 0;
    if (runner == cpu->current)
        cpu->reschedule = true;
    else
        cpu->fair_current = NULL;
}

static void set_direct(struct task *task)
{
    task->schedule.direct = task->suspended ? 0 : task->schedule.priority;
}

void sched_suspend(struct task *task, bool suspended)
{
    task->suspended = suspended;
    set_direct(task);
}

void sched_set(struct task *task, unsigned class, unsigned value)
{
    struct cpu *cpu = this_cpu();
    struct schedule *schedule = &task->schedule;
    bool queued = schedule->queued;
    if (queued)
        dequeue(cpu, task);
    if (cpu->fair_current == task)
        cpu->fair_current = NULL;
    schedule->class = (uint8_t)class;
    bool fixed = class == SCHEDULE_FIXED || class == SCHEDULE_ROUND;
    schedule->priority = fixed ? (uint8_t)value : 0;
    schedule->weight = class == SCHEDULE_FAIR ? value : WEIGHT_NORMAL;
    set_direct(task);
    schedule->slice_end = 0;
    if (queued)
        enqueue(cpu, task, false);
    cpu->reschedule = true;
}

void sched_inherit(struct task *child, const struct task *parent)
{
    const struct schedule *from = &parent->schedule;
    child->schedule.class = from->class;
    child->schedule.priority = from->priority;
    child->schedule.weight = from->weight;
    child->schedule.virtual_time = from->virtual_time;
    set_direct(child);
}

void sched_forget(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (cpu->fair_current == task)
        cpu->fair_current = NULL;
}

void sched_init(void)
{
    struct cpu *cpu = this_cpu();
    for (unsigned i = 0; i < PRIORITIES; i++)
        list_init(&cpu->fixed[i]);
    list_init(&cpu->idlers);
    cpu->armed = NO_DEADLINE;
    cpu->accounted = arch_cycles();
    cpu->account = &cpu->kernel_time;
}
