// SPDX-License-Identifier: MIT
// poll(2), ppoll, select and pselect6 over one set of entries. ppoll and pselect6 come by way of pm, which sets the
// signal mask, forwards the call, and sees its end.

#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include <string.h>
#include "calls.h"
#include "file.h"

#define FD_LIMIT 65536

struct poll_entry {
    struct waiter waiter;
    struct client *client;
    struct file *file; // reference; NULL: bad or negative descriptor
    int fd;
    unsigned events, revents;
};

enum time_form { TIME_NONE, TIME_VAL, TIME_SPEC, TIME_SPEC64 };

struct poll_set {
    unsigned count;
    bool waiting; // the waiters are queued
    uint64_t deadline;
    enum time_form form; // how to write back what is left of the timeout
    unsigned long time_address;
    // where results go: poll's array, or select's three sets
    unsigned long user[3];
    bool select;
    unsigned fds; // select: bits
    struct poll_entry entries[];
};

static void entry_woken(struct waiter *waiter, unsigned events)
{
    park_wake(container_of(waiter, struct poll_entry, waiter)->client);
}

static struct poll_set *set_create(struct client *caller, unsigned count)
{
    struct poll_set *set = heap_alloc(sizeof(*set) + count * sizeof(set->entries[0]));
    if (!set)
        return NULL;
    set->deadline = NO_DEADLINE;
    for (unsigned i = 0; i < count; i++) {
        set->entries[i].client = caller;
        list_init(&set->entries[i].waiter.link);
    }
    set->count = count;
    return set;
}

static void set_free(struct poll_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        list_remove(&set->entries[i].waiter.link);
        if (set->entries[i].file)
            file_put(set->entries[i].file);
    }
    heap_free(set);
}

static void entry_set(struct client *caller, struct poll_entry *entry, int fd, unsigned events)
{
    entry->fd = fd;
    entry->events = events;
    entry->file = fd < 0 ? NULL : files_get(caller, fd);
    if (entry->file)
        file_get(entry->file);
}

// -> how many entries have something
static unsigned set_check(struct poll_set *set)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < set->count; i++) {
        struct poll_entry *entry = &set->entries[i];
        entry->revents = 0;
        if (entry->file)
            entry->revents = file_poll(entry->file) & (entry->events | POLLERR | POLLHUP);
        else if (entry->fd >= 0)
            entry->revents = POLLNVAL;
        ready += entry->revents != 0;
    }
    return ready;
}

static void set_queue(struct poll_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        struct poll_entry *entry = &set->entries[i];
        if (!entry->file || !entry->file->queue)
            continue;
        entry->waiter.events = entry->events;
        entry->waiter.wake = entry_woken;
        queue_add(entry->file->queue, &entry->waiter);
    }
    set->waiting = true;
}

static long write_poll(struct client *caller, const struct poll_set *set)
{
    long ready = 0;
    for (unsigned i = 0; i < set->count; i++) {
        const struct poll_entry *entry = &set->entries[i];
        uint16_t revents = (uint16_t)entry->revents;
        unsigned long to =
            set->user[0] + i * sizeof(struct linux_pollfd) + offsetof(struct linux_pollfd, revents);
        if (user_write(caller, to, &revents, sizeof(revents)) < 0)
            return -EFAULT;
        ready += revents != 0;
    }
    return ready;
}

// What each of select's sets stands for (poll(2), select(2)).
static const unsigned select_wanted[3] = { POLL_READABLE | POLLRDBAND, POLL_WRITABLE | POLLWRBAND, POLLPRI };
static const unsigned select_ready[3] = { POLL_READABLE | POLLRDBAND | POLLHUP | POLLERR,
                                          POLL_WRITABLE | POLLWRBAND | POLLERR, POLLPRI };

static size_t set_bytes(unsigned fds)
{
    return (fds + 8 * sizeof(long) - 1) / (8 * sizeof(long)) * sizeof(long);
}

static long write_select(struct client *caller, const struct poll_set *set)
{
    size_t size = set_bytes(set->fds);
    long ready = 0;
    unsigned char *bits = heap_alloc(size ? size : 1);
    if (!bits)
        return -ENOMEM;
    for (unsigned which = 0; which < 3; which++) {
        if (!set->user[which])
            continue;
        memset(bits, 0, size);
        for (unsigned i = 0; i < set->count; i++) {
            const struct poll_entry *entry = &set->entries[i];
            if (!(entry->events & select_wanted[which]) || !(entry->revents & select_ready[which]))
                continue;
            bits[entry->fd / 8] |= (unsigned char)(1u << entry->fd % 8);
            ready++;
        }
        if (user_write(caller, set->user[which], bits, size) < 0)
            ready = -EFAULT;
        if (ready < 0)
            break;
    }
    heap_free(bits);
    return ready;
}

static void write_time_left(struct client *caller, const struct poll_set *set)
{
    uint64_t now = clock_monotonic(), left = set->deadline > now ? set->deadline - now : 0;
    struct linux_time_pair64 wide = { (int64_t)(left / 1000000000), (int64_t)(left % 1000000000) };
    struct linux_time_pair narrow = { (long)wide.seconds,
                                      (long)(set->form == TIME_VAL ? wide.part / 1000 : wide.part) };
    if (set->form == TIME_NONE)
        return;
    // As Linux: a timeout in read-only memory is no error.
    if (set->form == TIME_SPEC64)
        user_write(caller, set->time_address, &wide, sizeof(wide));
    else
        user_write(caller, set->time_address, &narrow, sizeof(narrow));
}

static long set_result(struct client *caller, struct poll_set *set)
{
    long result = set->select ? write_select(caller, set) : write_poll(caller, set);
    write_time_left(caller, set);
    return result;
}

static long poll_retry(struct client *caller)
{
    struct poll_set *set = caller->parked.poll.set;
    return set_check(set) > 0 ? set_result(caller, set) : NO_REPLY;
}

static long poll_expired(struct client *caller)
{
    set_check(caller->parked.poll.set);
    return set_result(caller, caller->parked.poll.set);
}

static long poll_interrupted(struct client *caller)
{
    write_time_left(caller, caller->parked.poll.set);
    return -EINTR;
}

static void poll_release(struct client *caller) { set_free(caller->parked.poll.set); }

static const struct park_kind park_poll = {
    .retry = poll_retry,
    .expired = poll_expired,
    .interrupted = poll_interrupted,
    .release = poll_release,
    .divert = DIVERT_RESTARTNOHAND,
};

// poll has nowhere to write what is left of its time: restart_syscall goes on with it.
static long poll_kept(struct client *caller)
{
    const struct poll_set *set = caller->parked.poll.set;
    caller->poll_again = (struct poll_again){ set->user[0], set->count, set->deadline };
    return -EINTR;
}

static const struct park_kind park_poll_again = {
    .retry = poll_retry,
    .expired = poll_expired,
    .interrupted = poll_kept,
    .release = poll_release,
    .divert = DIVERT_RESTARTBLOCK,
};

// Takes over the set: answers at once or parks.
static long set_wait(struct client *caller, struct poll_set *set, const struct park_kind *kind)
{
    if (set_check(set) > 0 || set->deadline == 0) {
        long result = set_result(caller, set);
        set_free(set);
        return result;
    }
    set_queue(set);
    caller->parked.poll.set = set;
    return park(caller, kind, NULL, 0, set->deadline);
}

// The absolute deadline of a relative time in the caller's memory: 0 if it is zero. -> 0, -EFAULT, -EINVAL
static int read_timeout(struct client *caller, struct poll_set *set, unsigned long address,
                        enum time_form form)
{
    struct linux_time_pair64 time;
    struct linux_time_pair narrow;
    if (!address)
        return 0;
    if (form == TIME_SPEC64 ? user_read(caller, &time, address, sizeof(time)) < 0
                            : user_read(caller, &narrow, address, sizeof(narrow)) < 0)
        return -EFAULT;
    if (form == TIME_SPEC64 && sizeof(long) == 4)
        time.part = (int32_t)time.part;
    if (form == TIME_SPEC)
        time = (struct linux_time_pair64){ narrow.seconds, narrow.part };
    if (form == TIME_VAL) // microseconds may exceed a second (select(2) of Linux)
        time = (struct linux_time_pair64){ narrow.seconds + narrow.part / 1000000,
                                           narrow.part % 1000000 * 1000 };
    if (time.seconds < 0 || time.part < 0 || time.part >= 1000000000)
        return -EINVAL;
    set->form = form;
    set->time_address = address;
    if (time.seconds == 0 && time.part == 0)
        set->deadline = 0;
    else if (time.seconds < INT64_MAX / 2000000000)
        set->deadline = clock_monotonic() + (uint64_t)time.seconds * 1000000000 + (uint64_t)time.part;
    return 0;
}

static int read_pollfds(struct client *caller, unsigned long from, struct poll_set *set)
{
    struct linux_pollfd part[32];
    for (unsigned i = 0; i < set->count; i++) {
        unsigned index = i % 32, count = set->count - i < 32 ? set->count - i : 32;
        if (index == 0 && user_read(caller, part, from + i * sizeof(part[0]), count * sizeof(part[0])) < 0)
            return -EFAULT;
        entry_set(caller, &set->entries[i], part[index].fd, part[index].events);
    }
    set->user[0] = from;
    return 0;
}

static int create_poll(struct client *caller, unsigned long entries, unsigned count, struct poll_set **set)
{
    if (count > FD_LIMIT || (count > caller->limits.open_files && count > 256))
        return -EINVAL;
    *set = set_create(caller, count);
    if (!*set)
        return -ENOMEM;
    int error = read_pollfds(caller, entries, *set);
    if (error < 0)
        set_free(*set);
    return error;
}

static long poll_until(struct client *caller, unsigned long entries, unsigned count, uint64_t deadline)
{
    struct poll_set *set;
    int error = create_poll(caller, entries, count, &set);
    if (error < 0)
        return error;
    set->deadline = deadline;
    return set_wait(caller, set, &park_poll_again);
}

long call_poll(struct client *caller, const unsigned long args[6])
{
    int milliseconds = (int)args[2];
    uint64_t deadline = milliseconds < 0    ? NO_DEADLINE
                        : milliseconds == 0 ? 0
                                            : clock_monotonic() + (uint64_t)milliseconds * 1000000;
    return poll_until(caller, args[0], (unsigned)args[1], deadline);
}

// pm sends it here if the call that was interrupted is one of ours, and that is poll.
long call_restart_syscall(struct client *caller, const unsigned long args[6])
{
    const struct poll_again *again = &caller->poll_again;
    return poll_until(caller, again->entries, (unsigned)again->count, again->deadline);
}

static long do_ppoll(struct client *caller, const unsigned long args[6], enum time_form form)
{
    struct poll_set *set;
    int error = create_poll(caller, args[0], (unsigned)args[1], &set);
    if (error < 0)
        return error;
    error = read_timeout(caller, set, args[2], form);
    if (error == 0)
        return set_wait(caller, set, &park_poll);
    set_free(set);
    return error;
}

long call_ppoll(struct client *caller, const unsigned long args[6])
{
    return do_ppoll(caller, args, TIME_SPEC);
}

long call_ppoll_time64(struct client *caller, const unsigned long args[6])
{
    return do_ppoll(caller, args, TIME_SPEC64);
}

// --- select
static int read_sets(struct client *caller, const unsigned long args[6], unsigned fds, unsigned char *bits[3])
{
    size_t size = set_bytes(fds);
    for (unsigned which = 0; which < 3; which++) {
        if (!args[1 + which] || size == 0)
            continue;
        bits[which] = heap_alloc(size);
        if (!bits[which])
            return -ENOMEM;
        if (user_read(caller, bits[which], args[1 + which], size) < 0)
            return -EFAULT;
    }
    return 0;
}

static unsigned wanted(unsigned char *const bits[3], unsigned fd)
{
    unsigned events = 0;
    for (unsigned which = 0; which < 3; which++)
        if (bits[which] && bits[which][fd / 8] >> fd % 8 & 1)
            events |= select_wanted[which];
    return events;
}

static long fill_select(struct client *caller, unsigned fds, unsigned char *const bits[3],
                        struct poll_set **result)
{
    unsigned count = 0, at = 0;
    for (unsigned fd = 0; fd < fds; fd++)
        if (wanted(bits, fd)) {
            if (!files_get(caller, (int)fd))
                return -EBADF;
            count++;
        }
    struct poll_set *set = set_create(caller, count);
    if (!set)
        return -ENOMEM;
    for (unsigned fd = 0; fd < fds; fd++)
        if (wanted(bits, fd))
            entry_set(caller, &set->entries[at++], (int)fd, wanted(bits, fd));
    *result = set;
    return 0;
}

static long do_select(struct client *caller, const unsigned long args[6], enum time_form form)
{
    unsigned char *bits[3] = { NULL, NULL, NULL };
    struct poll_set *set = NULL;
    int count = (int)args[0];
    if (count < 0)
        return -EINVAL;
    // Linux looks at no more bits than the descriptor table has.
    unsigned fds = (unsigned)count < caller->files->size ? (unsigned)count : caller->files->size;
    long error = read_sets(caller, args, fds, bits);
    if (error == 0)
        error = fill_select(caller, fds, bits, &set);
    for (unsigned which = 0; which < 3; which++)
        heap_free(bits[which]);
    if (error < 0)
        return error;
    set->select = true;
    set->fds = fds;
    memcpy(set->user, &args[1], sizeof(set->user));
    error = read_timeout(caller, set, args[4], form);
    if (error == 0)
        return set_wait(caller, set, &park_poll);
    set_free(set);
    return error;
}

long call_select(struct client *caller, const unsigned long args[6])
{
    return do_select(caller, args, TIME_VAL);
}

long call_old_select(struct client *caller, const unsigned long args[6])
{
    unsigned long unpacked[6] = { 0 };
    if (user_read(caller, unpacked, args[0], 5 * sizeof(long)) < 0)
        return -EFAULT;
    return do_select(caller, unpacked, TIME_VAL);
}

long call_pselect6(struct client *caller, const unsigned long args[6])
{
    return do_select(caller, args, TIME_SPEC);
}

long call_pselect6_time64(struct client *caller, const unsigned long args[6])
{
    return do_select(caller, args, TIME_SPEC64);
}
