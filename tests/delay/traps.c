// SPDX-License-Identifier: MIT
// Traps of Linux programs on their way to vfs. One that is cancelled while it is held is answered early, as never
// begun, or goes on to vfs, which then hears of the cancel: as the seed says.
#include "delay.h"

#include <errno.h>
#include <heap.h>
#include <linux_calls.h>
#include <protocol_pm_vfs.h>
#include <string.h>

#define BUCKETS 64u

static struct list traps[BUCKETS]; // by token

void traps_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&traps[i]);
}

static struct trap *trap_find(token_t token)
{
    list_for_each(trap, &traps[token % BUCKETS], struct trap, link) if (trap->token == token) return trap;
    return NULL;
}

void trap_free(struct trap *trap)
{
    held_drop(&trap->held);
    list_remove(&trap->link);
    totals.held--;
    heap_free(trap);
}

static void pass_on(struct held *held)
{
    struct trap *trap = container_of(held, struct trap, held);
    token_t token = trap->token;
    trap_free(trap);
    totals.passed++;
    forward(token, vfs, LABEL_VFS); // fails if the task died; its ENDED is on the way
}

void trap_begin(const struct message *message)
{
    struct trap *trap = heap_alloc(sizeof(*trap));
    if (!trap) {
        reply_value(message->token, -ENOMEM);
        return;
    }
    trap->token = message->token;
    trap->number = message->number;
    memcpy(trap->args, message->args, sizeof(trap->args));
    list_append(&traps[trap->token % BUCKETS], &trap->link);
    held_init(&trap->held, pass_on);
    totals.held++;
    trap->device = device_takes(message);
    if (trap->device)
        device_begin(trap);
    else
        hold(&trap->held);
}

// A call that pm forwarded has begun there already: vfs must look whether it can be answered before it is ended.
static bool begun(const struct trap *trap)
{
    return linux_server_of(linux_call_of(trap->number)) == LINUX_SERVER_PM;
}

void trap_cancelled(token_t token)
{
    struct trap *trap = trap_find(token);
    if (!trap)
        return;
    if (trap->device) {
        device_cancelled(trap);
        return;
    }
    if (begun(trap) || chance(2)) {
        totals.late++;
        return; // goes on when it is due
    }
    totals.early++;
    reply_divert(token, DIVERT_RESTARTNOINTR, -EINTR);
    trap_free(trap);
}

void trap_ended(token_t token)
{
    struct trap *trap = trap_find(token);
    if (!trap)
        return;
    totals.ended++;
    trap_free(trap);
}
