// SPDX-License-Identifier: MIT
// Tasks: creation, cloning, start, suspension and death. A task lives as long as its references; death by
// task_kill() comes first and takes it off its CPU and out of every queue and call.
#include <arch.h>
#include <arch/cpu.h>
#include <at_hand.h>
#include <errno.h>
#include <frame.h>
#include <memory.h>
#include <port.h>
#include <sched.h>
#include <task.h>

#define KERNEL_STACK_SIZE 8192u

struct list task_list = { &task_list, &task_list };
struct task *first_task;
static uint64_t tasks;

uint64_t task_count(void) { return tasks; }

static struct task *allocate(struct quota *quota, int *error)
{
    *error = -EAGAIN;
    if (!quota_charge_task(quota))
        return NULL;
    *error = -ENOMEM;
    struct task *task = kmalloc(quota, sizeof *task);
    if (!task)
        goto no_memory;
    if (call_init(&task->call, task) < 0)
        goto no_slot;
    object_init(&task->object, HANDLE_TASK);
    object_get(&quota->object);
    task->quota = quota;
    task->state = TASK_NEW;
    task->deadline = NO_DEADLINE;
    task->cpu = this_cpu();
    task->charge = &task->user_time;
    task->schedule.weight = 1024;
    task->schedule.class = SCHEDULE_FAIR;
    list_init(&task->schedule.queue);
    list_init(&task->served);
    list_append(&task_list, &task->all);
    tasks++;
    return task;
no_slot:
    kfree(quota, task, sizeof *task);
no_memory:
    quota_uncharge_task(quota);
    return NULL;
}

static void enter_space(struct task *task, struct space *space)
{
    object_get(&space->object);
    space->tasks++;
    task->space = space;
}

// The space may hold the last reference to a task (its own, say): the caller holds another.
static void leave_space(struct space *space)
{
    if (--space->tasks == 0)
        handle_table_release(space);
}

void task_set_space(struct task *task, struct space *space)
{
    struct space *old = task->space;
    enter_space(task, space);
    leave_space(old);
    object_put(&old->object);
}

static void set_owner(struct task *task, struct port *owner)
{
    if (owner)
        object_get(&owner->object);
    task->owner = owner;
}

struct task *task_create(struct space *space, struct quota *quota, struct port *owner, unsigned long label,
                         int *error)
{
    struct task *task = allocate(quota, error);
    if (!task)
        return NULL;
    enter_space(task, space);
    set_owner(task, owner);
    task->labels[0] = label;
    task->schedule.virtual_time = this_cpu()->fair_clock;
    return task;
}

// The generic part of fork's copy_thread: everything but space, labels, constants and what is new in every task.
struct task *task_clone(struct task *parent, struct space *space, struct quota *quota, unsigned flags,
                        unsigned long stack, unsigned long tls, int *error)
{
    struct task *child = allocate(quota, error);
    if (!child)
        return NULL;
    enter_space(child, space);
    set_owner(child, parent->owner);
    if (parent->routes)
        object_get(&parent->routes->object);
    child->routes = parent->routes;
    sched_inherit(child, parent);
    *error = copy_thread(child, parent, flags, stack, tls);
    if (*error < 0) {
        object_put(&child->object);
        return NULL;
    }
    if (space != parent->space)
        space_part_page(space, parent->space, arch_user_stack(parent));
    return child;
}

// The page is an object of its own, so the frame outlives whoever goes first, task or mapping.
long task_set_message_page(struct task *task, unsigned long address)
{
    struct memory *memory = memory_create(task->quota, PAGE_SIZE, MEMORY_LOW, NULL, 0);
    if (!memory)
        return -ENOMEM;
    int error = -ENOMEM;
    struct frame *frame = memory_page(memory, 0, FRAME_ZERO, &error);
    if (!frame) {
        object_put(&memory->object);
        return error;
    }
    unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_SHARED_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT |
                     MAP_POPULATE_BIT;
    long mapped = space_map(task->space, address, PAGE_SIZE, flags, memory, 0, 0, 0);
    if (IS_ERROR(mapped)) {
        object_put(&memory->object);
        return mapped;
    }
    task->page = frame_direct(frame);
    task->page_memory = memory;
    task->page_address = address;
    return 0;
}

static void end_loan(struct task *task, unsigned slot)
{
    if (task->lent[slot])
        frame_put(frame_of_direct(task->lent[slot]));
    task->lent[slot] = NULL;
}

long task_lend(struct task *task, unsigned slot, struct space *lender, unsigned long address)
{
    struct lent *lent = NULL;
    if (address) {
        lent = address % sizeof(long) ? NULL : at_hand(lender, address, sizeof *lent, true);
        if (!lent)
            return -EFAULT;
        frame_get(frame_of_direct(lent));
    }
    end_loan(task, slot);
    task->lent[slot] = lent;
    return 0;
}

long task_start(struct task *task)
{
    if (task->state == TASK_NEW) {
        sched_wake(task);
        return 0;
    }
    if (!task->suspended)
        return -EINVAL;
    sched_suspend(task, false);
    if (task->state == TASK_SUSPENDED)
        sched_wake(task);
    return 0;
}

// A task that waits in receive gets EINTR when it goes on; one in a call stops when that is answered.
long task_suspend(struct task *task)
{
    switch (task->state) {
    case TASK_DEAD: return -ESRCH;
    case TASK_NEW: return -EINVAL;
    case TASK_RUNNABLE: sched_block(task, TASK_SUSPENDED); break;
    case TASK_RECEIVING:
        sched_suspend(task, true);
        port_wake_receiver(task, -EINTR);
        break;
    }
    sched_suspend(task, true);
    return 0;
}

// From here on the task is in nobody's way: not running, not queued, in no call, serving nobody.
void task_kill(struct task *task)
{
    if (task->state == TASK_DEAD)
        return;
    if (task == first_task)
        panic("the first task was destroyed");
    object_get(&task->object);
    bool receiving = task->state == TASK_RECEIVING;
    sched_block(task, TASK_DEAD);
    if (receiving) {
        task->receiving->receiver = NULL;
        task->receiving = NULL;
    }
    timer_set(task, NO_DEADLINE);
    while (!list_empty(&task->served))
        call_server_died(list_first(&task->served, struct call, link));
    account_end_service(task);
    call_abandon(&task->call);
    task->interrupted = false;
    sched_forget(task);
    account_forget(task);
    if (task->space)
        leave_space(task->space);
    object_put(&task->object);
}

static void release(struct task *task)
{
    struct quota *quota = task->quota;
    account_forget(task);
    if (task->space) {
        arch_task_release(task);
        object_put(&task->space->object);
    }
    if (task->routes)
        object_put(&task->routes->object);
    if (task->owner)
        object_put(&task->owner->object);
    if (task->page_memory)
        object_put(&task->page_memory->object);
    if (task->kernel_stack)
        kfree(quota, task->kernel_stack, KERNEL_STACK_SIZE);
    for (unsigned i = 0; i < TASK_LENT; i++)
        end_loan(task, i);
    call_release(&task->call);
    list_remove(&task->all);
    tasks--;
    kfree(quota, task, sizeof *task);
    quota_uncharge_task(quota);
    object_put(&quota->object);
}

// The last reference went. A live task dies now; an ENDED event may keep what is left of it.
void task_destroy(struct object *object)
{
    struct task *task = container_of(object, struct task, object);
    if (task->state != TASK_DEAD) {
        object_revive(object);
        task_kill(task);
        object_put(object);
        return;
    }
    struct cpu *cpu = this_cpu();
    if (task == cpu->current) {
        assert(!cpu->dead);
        cpu->dead = task;
        return;
    }
    release(task);
}

void task_reap(struct cpu *cpu)
{
    struct task *task = cpu->dead;
    cpu->dead = NULL;
    release(task);
}

struct task *kernel_thread(void (*fn)(void *), void *argument)
{
    int error;
    struct task *task = allocate(&machine_quota, &error);
    if (!task)
        return NULL;
    task->kernel_stack = kmalloc(&machine_quota, KERNEL_STACK_SIZE);
    if (!task->kernel_stack) {
        task->state = TASK_DEAD;
        object_put(&task->object);
        return NULL;
    }
    copy_thread_kernel(task, fn, argument, (char *)task->kernel_stack + KERNEL_STACK_SIZE);
    if (!this_cpu()->idle) {
        task->state = TASK_RUNNABLE; // the idle task, which no queue ever holds
        return task;
    }
    sched_set(task, SCHEDULE_IDLE, 0);
    sched_wake(task);
    return task;
}

// The thread's stack is still in use here; sched_pick frees it after the switch away.
_Noreturn void task_exit_kernel(void)
{
    struct task *task = this_cpu()->current;
    task_kill(task);
    object_put(&task->object);
    arch_kernel_yield();
    panic("a dead kernel thread ran on");
}
