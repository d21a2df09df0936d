// SPDX-License-Identifier: MIT
// The dispatch table: one row for each Linux call that vfs has built.

#include "table.h"
#include "calls.h"

static call_handler *const table[LINUX_CALL_COUNT] = {
#define X(name) [LINUX_##name] = call_##name,
    VFS_CALLS(X)
#undef X
};

static call_handler *by_number[LINUX_NUMBER_LIMIT];

void table_build(void)
{
    for (int call = 0; call < LINUX_CALL_COUNT; call++)
        if (linux_number_of(call) >= 0)
            by_number[linux_number_of(call)] = table[call];
}

call_handler *table_handler(unsigned long number)
{
    return number < LINUX_NUMBER_LIMIT ? by_number[number] : NULL;
}
