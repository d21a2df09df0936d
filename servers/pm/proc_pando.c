// SPDX-License-Identifier: MIT
// /proc/pando: what root tells of the servers, and restarting one. The only requests of vfs that wait for somebody:
// root answers without asking back.
#include "proc.h"

#include "state.h"
#include "thread.h"

#include <errno.h>
#include <heap.h>
#include <protocol_root.h>
#include <server.h>

#define TEXT_SIZE 1024u

static long relay_list(const struct message *request)
{
    char text[TEXT_SIZE];
    struct message message = { .number = ROOT_SERVERS };
    message.writable = (struct window){ (unsigned long)text, sizeof text };
    long length = fiber_call(pm->root, &message);
    if (length < 0)
        return length;
    size_t given = (size_t)length < request->writable.length ? (size_t)length : request->writable.length;
    if (given && copy_out(request->token, 0, text, request->writable.base, given) < (long)given)
        return -EFAULT;
    return length;
}

static long relay_restart(const struct message *request)
{
    char name[32];
    size_t length = request->readable.length;
    if (length > sizeof name)
        return -ENOENT;
    if (length && copy_in(request->token, 0, name, request->readable.base, length) < (long)length)
        return -EFAULT;
    while (length > 0 && name[length - 1] == '\n')
        length--;
    struct message message = { .number = ROOT_RESTART };
    message.readable = (struct window){ (unsigned long)name, length };
    long error = fiber_call(pm->root, &message);
    return error < 0 ? error : (long)request->readable.length;
}

static void relay(void *argument)
{
    struct message *request = argument;
    long value = request->number == PM_PROC_READ ? relay_list(request) : relay_restart(request);
    reply_value(request->token, value);
    heap_free(request);
}

long proc_pando(const struct message *message)
{
    bool listing = message->number == PM_PROC_READ && message->args[1] == PROC_PANDO_SERVERS;
    bool restarting = message->number == PM_PROC_WRITE && message->args[1] == PROC_PANDO_RESTART;
    if (!listing && !restarting)
        return -EINVAL;
    struct message *copy = heap_alloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = *message;
    if (fiber_run(relay, copy, false) == 0)
        return NO_REPLY;
    heap_free(copy);
    return -ENOMEM;
}
