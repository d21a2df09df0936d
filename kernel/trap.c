// SPDX-License-Identifier: MIT
// Traps of user tasks: routing, faults, diverts, and the way back to user mode. A task is in one call at a time;
// task->phase says where a traced trap is, task->interrupted that a divert must come before user mode.
#include <arch.h>
#include <arch/cpu.h>
#include <calls.h>
#include <errno.h>
#include <log.h>
#include <memory.h>
#include <port.h>
#include <sched.h>
#include <task.h>
#include <trap.h>

void task_orphaned(struct task *task)
{
    log_print("task %llu stops at pc %lx: call kind %u, number %lu, address %lx, and nobody owns it\n",
              (unsigned long long)task->object.identity, arch_user_pc(task), task->call.kind,
              task->call.number, task->call.args[0]);
    if (task == first_task)
        panic("the first task died: fault %lu at address %lx, pc %lx", task->call.number, task->call.args[0],
              arch_user_pc(task));
    sched_suspend(task, true);
    sched_block(task, TASK_SUSPENDED);
}

// Sends what stands in task->call to the owner.
static void call_owner(struct task *task, unsigned kind)
{
    task->call.kind = kind;
    task->call.label = task->labels[0];
    if (!task->owner) {
        task_orphaned(task);
        return;
    }
    sched_block(task, TASK_CALLING);
    call_send(&task->call, task->owner);
}

void task_divert(struct task *task, unsigned long reason, long value)
{
    struct call *call = &task->call;
    call->number = reason;
    call->args[0] = (unsigned long)value;
    call->args[1] = arch_call_number(task);
    call->args[2] = call->args[3] = call->args[4] = call->args[5] = 0;
    call_owner(task, MESSAGE_DIVERT);
}

void task_fault(struct task *task, unsigned kind, unsigned long address, unsigned access, unsigned long trap,
                unsigned long error)
{
    struct call *call = &task->call;
    call->number = kind;
    call->args[0] = address;
    call->args[1] = arch_user_pc(task);
    call->args[2] = access;
    call->args[3] = trap;
    call->args[4] = error;
    call->args[5] = 0;
    call_owner(task, MESSAGE_FAULT);
}

struct task *trap_finish(struct task *task, long value)
{
    if (task->phase == PHASE_CALL) {
        task->phase = PHASE_EXIT;
        task_divert(task, DIVERT_EXIT, value);
        return NULL;
    }
    task->phase = PHASE_NONE;
    if (task->interrupted) {
        task->interrupted = false;
        task_divert(task, DIVERT_INTERRUPT, value);
        return NULL;
    }
    return task;
}

// The kernel itself answers a trap; the task may be current or held.
static void answer(struct task *task, long value)
{
    arch_set_result(task, value);
    if (task->phase == PHASE_NONE && task->state == TASK_RUNNABLE)
        return; // goes on as it is; trap_leave sees to `interrupted`
    task = trap_finish(task, value);
    if (task && task->state != TASK_RUNNABLE)
        sched_wake(task);
}

void trap_route(struct task *task)
{
    unsigned long number = arch_call_number(task);
    const struct route *route = routes_find(task->routes, number);
    if (route->port) {
        struct call *call = &task->call;
        call->kind = MESSAGE_TRAP;
        call->label = task->labels[route->slot];
        call->number = number;
        sched_block(task, TASK_CALLING);
        call_send(call, route->port);
        // A traced task can have been interrupted before its call began: the receiver then must not let it wait.
        if (task->interrupted && call->kind == MESSAGE_TRAP && call->state != CALL_IDLE &&
            call->port != task->owner)
            call_cancel(call);
        return;
    }
    if (route->kind == ROUTE_CONSTANT)
        answer(task, task->constants[route->slot]);
    else // a traced task that yields has lost its turn already (else see fast.c)
        answer(task, route->kind == ROUTE_YIELD ? 0 : -ENOSYS);
}

void trap_generally(struct task *task)
{
    if (!task->routes) {
        kernel_call(task);
    } else if (task->trace & TRACE_CALLS) {
        account_to(this_cpu(), &task->system_time);
        task->phase = PHASE_ENTER;
        task_divert(task, DIVERT_ENTER, (long)arch_call_number(task));
    } else {
        account_to(this_cpu(), &task->system_time);
        trap_route(task);
    }
    trap_leave();
}

// A page that only its pager can bring: the task waits for the answer to MESSAGE_PAGE and tries again.
static void call_pager(struct task *task, struct memory *memory, uint64_t page, unsigned long address,
                       unsigned access)
{
    struct call *call = &task->call;
    call->kind = MESSAGE_PAGE;
    call->label = memory->pager_badge;
    call->number = address;
    call->args[0] = (unsigned long)page;
    call->args[1] = 1;
    call->args[2] = access;
    call->args[3] = call->args[4] = call->args[5] = 0;
    sched_block(task, TASK_FAULTING);
    call_send(call, memory->pager);
}

void trap_page_fault(struct task *task, unsigned long address, unsigned access)
{
    account_to(this_cpu(), &task->system_time);
    struct memory *memory;
    uint64_t page;
    switch (space_fault(task->space, address, access, &memory, &page)) {
    case 0: break;
    case -EINPROGRESS: call_pager(task, memory, page, address, access); break;
    case -EACCES: task_fault(task, FAULT_PROTECTION, address, access, 0, 0); break;
    case -ERANGE: task_fault(task, FAULT_BUS, address, access, 0, 0); break;
    case -ENOMEM: task_fault(task, FAULT_MEMORY, address, access, 0, 0); break;
    default: task_fault(task, FAULT_PAGE, address, access, 0, 0); break;
    }
}

void trap_exception(struct task *task, unsigned kind, unsigned long address, unsigned long trap,
                    unsigned long error)
{
    account_to(this_cpu(), &task->system_time);
    task_fault(task, kind, address, 0, trap, error);
}

void trap_timer(void) { sched_timer(); }

void trap_leave(void)
{
    struct cpu *cpu = this_cpu();
    for (;;) {
        if (cpu->reschedule)
            sched_pick();
        struct task *task = cpu->current;
        if (__builtin_expect(!task->interrupted, 1)) {
            account_to(cpu, task->charge);
            return;
        }
        task->interrupted = false;
        task_divert(task, DIVERT_INTERRUPT, 0);
    }
}

// A queued trap is taken back at once. An open one goes on: a foreign receiver is asked to end it, the owner
// knows; its answer is stored, and the divert follows before user mode.
long task_interrupt(struct task *task)
{
    if (!task->routes)
        return -EINVAL;
    if (task->state == TASK_DEAD)
        return -ESRCH;
    struct call *call = &task->call;
    if (call->kind == MESSAGE_TRAP && call->state == CALL_QUEUED) {
        call_close(call);
        task->phase = PHASE_NONE;
        task_divert(task, DIVERT_NOT_BEGUN, 0);
        return 0;
    }
    task->interrupted = true;
    if (call->kind == MESSAGE_TRAP && call->state == CALL_OPEN && call->port != task->owner)
        call_cancel(call);
    return 0;
}
