// SPDX-License-Identifier: MIT
// epoll(7). An item belongs to an epoll instance and to the file it watches; edge-triggered items report only after
// their file's queue has woken them.

#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include "calls.h"
#include "file.h"
#include "poll_set.h"

#define WATCH_DEPTH 5

struct epoll {
    struct wait_queue queue;
    struct list items;
};

struct item {
    struct list link;       // epoll->items
    struct list watch_link; // file->watches
    struct waiter waiter;   // on file->queue
    struct epoll *epoll;
    struct file *file; // no reference: the item goes with the file
    int fd;
    uint32_t events;
    uint64_t data;
    bool signalled; // something happened since it was last reported
};

static void item_woken(struct waiter *waiter, unsigned events)
{
    struct item *item = container_of(waiter, struct item, waiter);
    item->signalled = true;
    queue_wake(&item->epoll->queue, POLL_READABLE);
}

static void item_free(struct item *item)
{
    list_remove(&item->link);
    list_remove(&item->watch_link);
    list_remove(&item->waiter.link);
    heap_free(item);
}

void poll_file_gone(struct file *file)
{
    list_for_each_safe(item, &file->watches, struct item, watch_link) item_free(item);
}

static unsigned item_ready(struct item *item)
{
    if (item->events & EPOLLET && !item->signalled)
        return 0;
    if (!(item->events & ~(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)))
        return 0; // a one-shot item that has fired
    return file_poll(item->file) & (item->events | POLLERR | POLLHUP);
}

static unsigned epoll_poll(struct file *file)
{
    struct epoll *epoll = file->state;
    list_for_each(item, &epoll->items, struct item, link) if (item_ready(item)) return POLL_READABLE;
    return 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->state;
    list_for_each_safe(item, &epoll->items, struct item, link) item_free(item);
    queue_clear(&epoll->queue);
    heap_free(epoll);
}

static const struct file_operations epoll_operations = {
    .poll = epoll_poll,
    .release = epoll_release,
    .stream = true,
};

static long make_epoll(struct client *caller, unsigned flags)
{
    struct epoll *epoll = heap_alloc(sizeof(*epoll));
    if (!epoll)
        return -ENOMEM;
    list_init(&epoll->items);
    queue_init(&epoll->queue);
    struct file *file = file_anonymous("anon_inode:[eventpoll]", 0600, O_RDWR, &epoll_operations);
    if (!file) {
        heap_free(epoll);
        return -ENOMEM;
    }
    file->state = epoll;
    file->queue = &epoll->queue;
    long fd = files_add(caller, file, flags & O_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

long call_epoll_create(struct client *caller, const unsigned long args[6])
{
    return (int)args[0] <= 0 ? -EINVAL : make_epoll(caller, 0);
}

long call_epoll_create1(struct client *caller, const unsigned long args[6])
{
    return args[0] & ~(unsigned long)O_CLOEXEC ? -EINVAL : make_epoll(caller, (unsigned)args[0]);
}

// Does a file (an epoll instance, perhaps) watch `epoll`, at any depth?
static bool reaches(const struct file *file, const struct epoll *epoll, unsigned depth)
{
    if (file->operations != &epoll_operations)
        return false;
    const struct epoll *inner = file->state;
    if (inner == epoll || depth == 0)
        return true;
    list_for_each(item, &inner->items, struct item,
                  link) if (reaches(item->file, epoll, depth - 1)) return true;
    return false;
}

static struct item *find(const struct epoll *epoll, int fd, const struct file *file)
{
    list_for_each(item, &epoll->items, struct item,
                  link) if (item->fd == fd && item->file == file) return item;
    return NULL;
}

static void item_set(struct item *item, const struct linux_epoll_event *event)
{
    item->events = event->events;
    item->data = event->data;
    item->signalled = true;
    item->waiter.events = event->events;
    if (item_ready(item))
        queue_wake(&item->epoll->queue, POLL_READABLE);
}

static long item_add(struct epoll *epoll, int fd, struct file *file, const struct linux_epoll_event *event)
{
    if (!file->operations->poll)
        return -EPERM; // regular files and directories
    if (reaches(file, epoll, WATCH_DEPTH))
        return -ELOOP;
    struct item *item = heap_alloc(sizeof(*item));
    if (!item)
        return -ENOMEM;
    item->epoll = epoll;
    item->file = file;
    item->fd = fd;
    item->waiter.wake = item_woken;
    list_init(&item->waiter.link);
    list_append(&epoll->items, &item->link);
    list_append(&file->watches, &item->watch_link);
    if (file->queue)
        queue_add(file->queue, &item->waiter);
    item_set(item, event);
    return 0;
}

long call_epoll_ctl(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get(caller, (int)args[0]), *target = files_get(caller, (int)args[2]);
    struct linux_epoll_event event = { 0, 0 };
    if (args[1] != EPOLL_CTL_DEL && user_read(caller, &event, args[3], sizeof(event)) < 0)
        return -EFAULT;
    if (!file || !target)
        return -EBADF;
    if (file == target || file->operations != &epoll_operations)
        return -EINVAL;
    struct epoll *epoll = file->state;
    struct item *item = find(epoll, (int)args[2], target);
    switch (args[1]) {
    case EPOLL_CTL_ADD: return item ? -EEXIST : item_add(epoll, (int)args[2], target, &event);
    case EPOLL_CTL_MOD:
        if (!item)
            return -ENOENT;
        item_set(item, &event);
        return 0;
    case EPOLL_CTL_DEL:
        if (!item)
            return -ENOENT;
        item_free(item);
        return 0;
    default: return -EINVAL;
    }
}

// Reported items go to the end of the list, so that all get their turn when there are more than asked for.
static long collect(struct client *caller, struct epoll *epoll, unsigned long to, unsigned limit)
{
    unsigned found = 0, count = 0;
    list_for_each(each, &epoll->items, struct item, link) count++;
    for (; count > 0 && found < limit; count--) {
        struct item *item = list_first(&epoll->items, struct item, link);
        unsigned events = item_ready(item);
        list_remove(&item->link);
        list_append(&epoll->items, &item->link);
        if (!events)
            continue;
        struct linux_epoll_event event = { events, item->data };
        if (user_write(caller, to + found * sizeof(event), &event, sizeof(event)) < 0)
            return found ? (long)found : -EFAULT;
        item->signalled = false;
        if (item->events & EPOLLONESHOT)
            item->events &= EPOLLONESHOT | EPOLLET;
        found++;
    }
    return (long)found;
}

// word[0]: events' address, word[1]: how many
static long epoll_retry(struct client *caller)
{
    long found = collect(caller, caller->parked.file.file->state, caller->parked.file.word[0],
                         (unsigned)caller->parked.file.word[1]);
    return found == 0 ? NO_REPLY : found;
}

static long epoll_expired(struct client *caller) { return 0; }
static void epoll_unpark(struct client *caller) { file_put(caller->parked.file.file); }

static const struct park_kind park_epoll = {
    .retry = epoll_retry,
    .expired = epoll_expired,
    .release = epoll_unpark,
    .divert = DIVERT_EINTR, // never restarted (signal(7))
};

static long do_wait(struct client *caller, const unsigned long args[6], uint64_t timeout)
{
    struct file *file = files_get(caller, (int)args[0]);
    int limit = (int)args[2];
    if (!file)
        return -EBADF;
    if (file->operations != &epoll_operations || limit <= 0)
        return -EINVAL;
    long found = collect(caller, file->state, args[1], (unsigned)limit);
    if (found != 0 || timeout == 0)
        return found;
    caller->parked.file.file = file_get(file);
    caller->parked.file.word[0] = args[1];
    caller->parked.file.word[1] = (unsigned)limit;
    uint64_t deadline = timeout == NO_DEADLINE ? NO_DEADLINE : clock_monotonic() + timeout;
    return park(caller, &park_epoll, file->queue, POLL_READABLE, deadline);
}

static uint64_t milliseconds(unsigned long value)
{
    return (int)value < 0 ? NO_DEADLINE : (uint64_t)(int)value * 1000000;
}

long call_epoll_wait(struct client *caller, const unsigned long args[6])
{
    return do_wait(caller, args, milliseconds(args[3]));
}

long call_epoll_pwait(struct client *caller, const unsigned long args[6])
{
    return do_wait(caller, args, milliseconds(args[3]));
}

long call_epoll_pwait2(struct client *caller, const unsigned long args[6])
{
    struct linux_time_pair64 time;
    if (!args[3])
        return do_wait(caller, args, NO_DEADLINE);
    if (user_read(caller, &time, args[3], sizeof(time)) < 0)
        return -EFAULT;
    if (time.seconds < 0 || time.part < 0 || time.part >= 1000000000)
        return -EINVAL;
    return do_wait(caller, args, (uint64_t)time.seconds * 1000000000 + (uint64_t)time.part);
}
