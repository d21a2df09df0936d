// SPDX-License-Identifier: MIT
// Linux's call table seen from a trap number.
#include <linux_calls.h>
#include <stddef.h>

struct row {
    int16_t number;
    uint8_t server;
    const char *name;
};

static const struct row rows[LINUX_CALL_COUNT] = {
#define X(call, i386, riscv64, server)                                                                       \
    [LINUX_##call] = { LINUX_NUMBER(i386, riscv64), LINUX_SERVER_##server, #call },
    LINUX_CALLS(X)
#undef X
};

// Trap number -> call + 1; 0: none. Filled at first use.
static uint16_t by_number[LINUX_NUMBER_LIMIT];

static void fill(void)
{
    for (int call = 0; call < LINUX_CALL_COUNT; call++)
        if (rows[call].number >= 0)
            by_number[rows[call].number] = (uint16_t)(call + 1);
}

enum linux_call linux_call_of(unsigned long number)
{
    if (by_number[LINUX_NUMBER(0, 128)] == 0) // restart_syscall, which every architecture has
        fill();
    if (number >= LINUX_NUMBER_LIMIT || by_number[number] == 0)
        return LINUX_CALL_COUNT;
    return by_number[number] - 1;
}

enum linux_server linux_server_of(enum linux_call call)
{
    return call < LINUX_CALL_COUNT && rows[call].number >= 0 ? rows[call].server : LINUX_SERVER_NONE;
}

long linux_number_of(enum linux_call call) { return call < LINUX_CALL_COUNT ? rows[call].number : -1; }

const char *linux_call_name(enum linux_call call) { return call < LINUX_CALL_COUNT ? rows[call].name : NULL; }
