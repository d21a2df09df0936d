// SPDX-License-Identifier: MIT
// The vfs server: start-up, and what each kind of message runs.

#include <errno.h>
#include <linux/mount.h>
#include <server.h>
#include "chardev.h"
#include "cpio.h"
#include "dev.h"
#include "file.h"
#include "pm_calls.h"
#include "proc.h"
#include "shortage.h"
#include "table.h"
#include "tmpfs.h"
#include "tty.h"

#define FIBERS 16
#define FIBERS_RESERVED 4 // for pm's calls

static void trap(const struct message *message)
{
    struct client *client = client_find(message->label);
    if (!client) {
        reply_value(message->token, -ESRCH);
        return;
    }
    client->token = message->token;
    client->cancelled = message->flags & MESSAGE_CANCELLED;
    call_handler *handler = table_handler(message->number);
    if (handler)
        client_run(client, handler, message->args);
    else
        client_finish(client, -ENOSYS);
}

// The caller's record is found by its label; a token that is not of its call in hand is of an older one.
static struct client *caller_of(const struct message *message)
{
    struct client *client = client_find(message->label);
    return client && client->token == message->token ? client : NULL;
}

static void cancelled(const struct message *message)
{
    struct client *client = caller_of(message);
    if (client)
        park_cancel(client);
}

static void ended(const struct message *message)
{
    struct client *client = caller_of(message);
    if (client)
        client_end_call(client);
}

static const struct server_handlers handlers = {
    .call = pm_call,
    .trap = trap,
    .cancelled = cancelled,
    .ended = ended,
    .before_wait = park_run,
    .deadline = timers_deadline,
    .expired = timers_expire,
};

// The archive is mapped for unpacking, then given back: the files have copies.
static int unpack(void)
{
    handle_t archive = start_handle("archive");
    if (!archive)
        return -ENOENT;
    if (memory_info(archive) < 0)
        return -EINVAL;
    size_t length = (size_t)message_page->result[0];
    long address = space_map(self_space, 0xA0000000ul, length, PROT_READ_BIT, archive, 0, 0, 0);
    if (IS_ERROR(address))
        return (int)address;
    int error = cpio_unpack((const char *)address, length, root_mount->root);
    space_unmap(self_space, (unsigned long)address, length);
    handle_close(archive);
    return error;
}

int main(void)
{
    table_build();
    tmpfs_quota = start_handle("tmpfs");
    if (!tmpfs_quota)
        tmpfs_quota = self_quota;
    int error = fibers_init(FIBERS, FIBERS_RESERVED);
    if (error == 0)
        error = shortage_init();
    if (error == 0)
        error = pm_tell_init();
    if (error == 0)
        error = mount_add(&tmpfs_type, NULL, 0, "root", "mode=755");
    if (error == 0)
        error = unpack();
    if (error < 0)
        print("vfs: cannot unpack the initial archive: error %d\n", error);
    error = dev_init();
    if (error < 0)
        print("vfs: cannot make /dev: error %d\n", error);
    error = terminals_start();
    if (error == 0)
        error = ports_start();
    if (error < 0)
        print("vfs: cannot make the terminals: error %d\n", error);
    server_loop(&handlers);
}
