// SPDX-License-Identifier: MIT
// Kernel calls of native tasks: from trap number to handler.
#include <arch.h>
#include <calls.h>
#include <errno.h>

static call_handler *const handlers[CALL_LIMIT] = {
#define X(name, number) [number] = do_##name,
    KERNEL_CALLS(X)
#undef X
};

void kernel_call(struct task *task)
{
    unsigned long number = arch_call_number(task);
    call_handler *handler = number < CALL_LIMIT ? handlers[number] : NULL;
    if (!handler) {
        arch_set_result(task, -ENOSYS);
        return;
    }
    long result = handler(task, arch_call_arg(task, 0), arch_call_arg(task, 1), arch_call_arg(task, 2),
                          arch_call_arg(task, 3));
    if (result != NO_RESULT)
        arch_set_result(task, result);
}

long calls_give(struct task *task, struct object *object, unsigned rights)
{
    long index = handle_insert(task->space, object, rights, NULL);
    object_put(object);
    return index;
}
