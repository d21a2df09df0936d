// SPDX-License-Identifier: MIT
// What happens to a task at its traps: routes, diverts and faults. trap.c; entered from the architecture
// through arch.h's trap_* functions.
#pragma once

struct task;
struct call;
struct message;

// Hands the task to its owner. It must be off the CPU's queues or current; its call must be idle.
void task_divert(struct task *task, unsigned long reason, long value);
void task_fault(struct task *task, unsigned kind, unsigned long address, unsigned access, unsigned long trap,
                unsigned long error);
// Its owner is gone, or it never had one: it stops for good. The end of the first task is the system's.
void task_orphaned(struct task *task);
long task_interrupt(struct task *task);
void trap_generally(struct task *task); // a trap or kernel call that fast.c leaves; ends with trap_leave()
void trap_route(struct task *task);     // sends the trap in its frame where the routes say
// After an answer: -> task if it can run now, NULL if it was diverted. value is what a divert tells.
struct task *trap_finish(struct task *task, long value);

// reply.c: REPLY_STATE. -> 0; -EPERM, -EINVAL with nothing changed
long reply_state(struct task *server, struct task *caller, const struct message *message);
// answers message->token for `server`. *ready is a caller that may run now, not woken yet.
long call_reply(struct task *server, const struct message *message, struct task **ready);
