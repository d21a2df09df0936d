// SPDX-License-Identifier: MIT
// Shortage of frames: pm decides how it ends (whose memory it costs), vfs asks once for all calls that wait.
#include "shortage.h"

#include <server.h>
#include "client.h"
#include "pm_calls.h"

static struct list starving = { &starving, &starving };
static struct async_call question;
static unsigned long freed; // how often memory was, as pm last said

static void try_again(void)
{
    while (!list_empty(&starving)) {
        struct parked *parked = list_first(&starving, struct parked, starving);
        list_remove(&parked->starving);
        park_wake(parked->client);
    }
}

static void answered(struct async_call *async, const struct message *reply)
{
    if (reply->value >= 0)
        freed = (unsigned long)reply->value;
    try_again();
}

int shortage_init(void) { return async_init(&question, answered); }

void shortage_wait(struct client *client)
{
    if (list_empty(&client->parked.starving))
        list_append(&starving, &client->parked.starving);
    struct message message = { .number = PM_MEMORY, .args = { freed } };
    if (!question.busy && async_begin(&question, pm_port(), &message) < 0)
        try_again();
}
