// SPDX-License-Identifier: MIT
// The dispatch table: one row for each Linux call that vfs has built.

#include "table.h"
#include "calls.h"

static call_handler *const table[LINUX_CALL_COUNT] = {
#define X(name) [LINUX_##name] = call_##name,
    VFS_CALLS(X)
#undef X
};

call_handler *table_handler(unsigned long number)
{
    enum linux_call call = linux_call_of(number);
    return call < LINUX_CALL_COUNT ? table[call] : NULL;
}
