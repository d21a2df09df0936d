// SPDX-License-Identifier: MIT
// pidfd files: they hold pm's label and become readable when pm says that the process has ended.

#include "pidfd.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include "file.h"

struct pidfd {
    struct list link;
    struct wait_queue queue;
    unsigned long pm_label;
    int pid;
    bool ended;
};
static struct list pidfds = { &pidfds, &pidfds };

static unsigned pidfd_poll(struct file *file)
{
    return ((struct pidfd *)file->state)->ended ? POLL_READABLE : 0;
}

static void pidfd_release(struct file *file)
{
    struct pidfd *pidfd = file->state;
    list_remove(&pidfd->link);
    queue_clear(&pidfd->queue);
    heap_free(pidfd);
}

static const struct file_operations pidfd_operations = { .poll = pidfd_poll,
                                                         .release = pidfd_release,
                                                         .stream = true };

long pidfd_create(struct client *caller, unsigned long pm_label, int pid, unsigned flags)
{
    struct pidfd *pidfd = heap_alloc(sizeof(*pidfd));
    if (!pidfd)
        return -ENOMEM;
    struct file *file =
        file_anonymous("anon_inode:[pidfd]", 0600, O_RDWR | (flags & O_NONBLOCK), &pidfd_operations);
    if (!file) {
        heap_free(pidfd);
        return -ENOMEM;
    }
    queue_init(&pidfd->queue);
    pidfd->pm_label = pm_label;
    pidfd->pid = pid;
    list_append(&pidfds, &pidfd->link);
    file->state = pidfd;
    file->queue = &pidfd->queue;
    long fd = files_add(caller, file, true, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

void pidfd_ready(unsigned long pm_label)
{
    list_for_each(pidfd, &pidfds, struct pidfd, link) if (pidfd->pm_label == pm_label)
    {
        pidfd->ended = true;
        queue_wake(&pidfd->queue, POLL_READABLE);
    }
}

long pidfd_target(struct client *caller, int fd, unsigned long *pm_label, unsigned long *pid)
{
    struct file *file = files_get(caller, fd);
    if (!file || file->operations != &pidfd_operations)
        return -EBADF;
    const struct pidfd *pidfd = file->state;
    *pm_label = pidfd->pm_label;
    *pid = (unsigned long)pidfd->pid;
    return 0;
}
