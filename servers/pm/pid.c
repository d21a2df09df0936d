// SPDX-License-Identifier: MIT
// The table of process identifiers: numbers go up and start again at 300, as Linux's do.
#include "pid.h"

#include "state.h"

#include <errno.h>
#include <heap.h>

#define PID_RESERVED 300

static struct pid **slot(int32_t number)
{
    struct pid **chunk = pm->pids[number / PIDS_PER_CHUNK];
    return chunk ? &chunk[number % PIDS_PER_CHUNK] : NULL;
}

static bool taken(int32_t number)
{
    struct pid **place = slot(number);
    return place && *place;
}

static int32_t free_number(void)
{
    int32_t number = pm->last_pid;
    for (int tries = 0; tries < PID_MAX; tries++) {
        number = number + 1 < PID_MAX ? number + 1 : PID_RESERVED;
        if (!taken(number))
            return number;
    }
    return 0;
}

struct pid *pid_alloc(int *error)
{
    int32_t number = free_number();
    *error = -EAGAIN;
    if (number == 0)
        return NULL;
    *error = -ENOMEM;
    struct pid ***chunk = &pm->pids[number / PIDS_PER_CHUNK];
    if (!*chunk)
        *chunk = heap_alloc(PIDS_PER_CHUNK * sizeof(struct pid *));
    struct pid *pid = *chunk ? heap_alloc(sizeof *pid) : NULL;
    if (!pid)
        return NULL;
    *pid = (struct pid){ .number = number, .references = 1 };
    list_init(&pid->group);
    list_init(&pid->session);
    *slot(number) = pid;
    pm->last_pid = number;
    return pid;
}

struct pid *pid_get(struct pid *pid)
{
    pid->references++;
    return pid;
}

void pid_put(struct pid *pid)
{
    if (!pid || --pid->references > 0)
        return;
    *slot(pid->number) = NULL;
    heap_free(pid);
}

struct pid *pid_find(long number)
{
    if (number <= 0 || number >= PID_MAX)
        return NULL;
    struct pid **place = slot((int32_t)number);
    return place ? *place : NULL;
}

struct pid *pid_next(long number)
{
    for (long n = number > 0 ? number : 1; n < PID_MAX; n++) {
        if (!pm->pids[n / PIDS_PER_CHUNK])
            n |= PIDS_PER_CHUNK - 1;
        else if (taken((int32_t)n))
            return *slot((int32_t)n);
    }
    return NULL;
}
