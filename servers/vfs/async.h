// SPDX-License-Identifier: MIT
// O_ASYNC: the owner of an open file gets a signal when the file becomes readable or writable (fcntl(2)).
#pragma once

#include <stdbool.h>
#include "file.h"

enum async_reason { ASYNC_IN = 1, ASYNC_OUT = 2, ASYNC_HUP = 6 }; // POLL_* of sigaction(2)'s si_code

// Turns the signals on or off. -> 0, -ENOTTY: a file that never sends any, -ENOMEM, -EFIBER
long async_set(struct client *caller, struct file *file, int fd, bool on);
// F_SETOWN ... F_GETOWNER_UIDS. -EINVAL: none of these
long async_fcntl(struct client *caller, struct file *file, unsigned command, unsigned long argument);
// FIOSETOWN ... SIOCGPGRP of sockets. -ENOTTY: none of these
long async_ioctl(struct client *caller, struct file *file, unsigned long command, unsigned long argument);
void async_release(struct file *file); // its last reference went

// For file_operations.async: always allowed; and what makes somebody the owner (a group, 0: the caller's process)
// if nobody is yet.
long async_any(struct client *caller, struct file *file, bool on);
long async_own(struct client *caller, struct file *file, int group);

// Signals the owners of files on the queue for which `to` holds; NULL: of all. Never waits.
void async_send(struct wait_queue *queue, enum async_reason reason, bool (*to)(const struct file *file));
static inline void async_notify(struct wait_queue *queue, enum async_reason reason,
                                bool (*to)(const struct file *file))
{
    if (queue->asyncs)
        async_send(queue, reason, to);
}
void async_hangup(struct wait_queue *queue, bool (*of)(const struct file *file)); // turns them off for good
