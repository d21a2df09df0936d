// SPDX-License-Identifier: MIT
// Kernel calls of native tasks: one handler a call, do_<name>, with the task and the four register arguments.
// The files calls_*.c hold them by object; dispatch.c has the table.
#pragma once

#include <abi/call.h>
#include <handle.h>
#include <task.h>

// Returned by a handler that set the result itself, or whose task waits for it.
#define NO_RESULT (-8191l)

typedef long call_handler(struct task *task, unsigned long a, unsigned long b, unsigned long c,
                          unsigned long d);

#define X(name, number) call_handler do_##name;
KERNEL_CALLS(X)
#undef X

void kernel_call(struct task *task); // the trap of a native task

// Defines `struct type *name` from handle `index`, or returns the error from the handler.
#define FIND(struct_type, name, index, type, rights)                                                         \
    struct handle *name##_handle = handle_find(&task->space->handles, (handle_t)(index), type, rights);      \
    if (!name##_handle)                                                                                      \
        return handle_error(task->space, (handle_t)(index), type, rights);                                   \
    struct struct_type *name = (struct struct_type *)name##_handle->object

// Inserts a fresh object with all rights and drops the creator's reference. -> index or error
long calls_give(struct task *task, struct object *object, unsigned rights);
