// SPDX-License-Identifier: MIT
// eventfd(2) and timerfd_create(2) and its calls.

#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include "calls.h"
#include "file.h"

#define EFD_SEMAPHORE 1u
#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9

// A new file with state for the caller. -> descriptor, or an error; state is freed then
static long install(struct client *caller, const char *name, unsigned flags,
                    const struct file_operations *operations, void *state, struct wait_queue *queue)
{
    struct file *file = file_anonymous(name, 0600, O_RDWR | (flags & O_NONBLOCK), operations);
    if (!file) {
        heap_free(state);
        return -ENOMEM;
    }
    file->state = state;
    file->queue = queue;
    long fd = files_add(caller, file, flags & O_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

// --- eventfd
struct event {
    struct wait_queue queue;
    uint64_t count;
    bool semaphore;
};

static long event_read(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    struct event *event = file->state;
    if (transfer->left < sizeof(uint64_t))
        return -EINVAL;
    if (event->count == 0)
        return -EAGAIN;
    uint64_t value = event->semaphore ? 1 : event->count;
    if (transfer_out(transfer, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    event->count -= value;
    queue_wake(&event->queue, POLL_WRITABLE);
    return 0;
}

static long event_write(struct client *caller, struct file *file, struct transfer *transfer,
                        uint64_t *position)
{
    struct event *event = file->state;
    struct transfer start = *transfer; // a parked writer starts over
    uint64_t value;
    if (transfer->left < sizeof(value))
        return -EINVAL;
    if (transfer_in(transfer, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX || UINT64_MAX - 1 - event->count < value) {
        *transfer = start;
        return value == UINT64_MAX ? -EINVAL : -EAGAIN;
    }
    event->count += value;
    queue_wake(&event->queue, POLL_READABLE);
    return 0;
}

static unsigned event_poll(struct file *file)
{
    const struct event *event = file->state;
    return (event->count > 0 ? POLL_READABLE : 0) | (event->count < UINT64_MAX - 1 ? POLL_WRITABLE : 0);
}

static void event_release(struct file *file)
{
    struct event *event = file->state;
    queue_clear(&event->queue);
    heap_free(event);
}

static const struct file_operations event_operations = {
    .read = event_read,
    .write = event_write,
    .poll = event_poll,
    .release = event_release,
    .stream = true,
};

static long make_event(struct client *caller, unsigned count, unsigned flags)
{
    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    struct event *event = heap_alloc(sizeof(*event));
    if (!event)
        return -ENOMEM;
    queue_init(&event->queue);
    event->count = count;
    event->semaphore = flags & EFD_SEMAPHORE;
    return install(caller, "anon_inode:[eventfd]", flags, &event_operations, event, &event->queue);
}

long call_eventfd(struct client *caller, const unsigned long args[6])
{
    return make_event(caller, (unsigned)args[0], 0);
}

long call_eventfd2(struct client *caller, const unsigned long args[6])
{
    return make_event(caller, (unsigned)args[0], (unsigned)args[1]);
}

// --- timerfd
struct clock_timer {
    struct wait_queue queue;
    struct timer timer;
    uint64_t interval, expirations;
    bool realtime;
};

static void timer_fired(struct timer *timer)
{
    struct clock_timer *clock = container_of(timer, struct clock_timer, timer);
    clock->expirations++;
    if (clock->interval) {
        uint64_t now = clock_monotonic(),
                 late = now > timer->deadline ? (now - timer->deadline) / clock->interval : 0;
        clock->expirations += late;
        timer_set(timer, timer->deadline + (late + 1) * clock->interval);
    }
    queue_wake(&clock->queue, POLL_READABLE);
}

static long timer_read(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    struct clock_timer *clock = file->state;
    if (transfer->left < sizeof(uint64_t))
        return -EINVAL;
    if (clock->expirations == 0)
        return -EAGAIN;
    if (transfer_out(transfer, &clock->expirations, sizeof(uint64_t)) != sizeof(uint64_t))
        return -EFAULT;
    clock->expirations = 0;
    return 0;
}

static unsigned timer_poll(struct file *file)
{
    return ((struct clock_timer *)file->state)->expirations ? POLL_READABLE : 0;
}

static void timer_release(struct file *file)
{
    struct clock_timer *clock = file->state;
    timer_cancel(&clock->timer);
    queue_clear(&clock->queue);
    heap_free(clock);
}

static const struct file_operations timer_operations = {
    .read = timer_read,
    .poll = timer_poll,
    .release = timer_release,
    .stream = true,
};

long call_timerfd_create(struct client *caller, const unsigned long args[6])
{
    unsigned clock_id = (unsigned)args[0], flags = (unsigned)args[1];
    if (flags & ~(O_CLOEXEC | O_NONBLOCK) ||
        (clock_id != CLOCK_REALTIME && clock_id != CLOCK_MONOTONIC && clock_id != CLOCK_BOOTTIME &&
         clock_id != CLOCK_REALTIME_ALARM && clock_id != CLOCK_BOOTTIME_ALARM))
        return -EINVAL;
    struct clock_timer *clock = heap_alloc(sizeof(*clock));
    if (!clock)
        return -ENOMEM;
    queue_init(&clock->queue);
    clock->timer.fire = timer_fired;
    clock->realtime = clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_ALARM;
    return install(caller, "anon_inode:[timerfd]", flags, &timer_operations, clock, &clock->queue);
}

struct setting {
    uint64_t interval, value; // ns
};

static bool to_ns(const struct linux_time_pair64 *time, uint64_t *ns)
{
    if (time->seconds < 0 || time->part < 0 || time->part >= 1000000000)
        return false;
    int64_t seconds = time->seconds < INT64_MAX / 2000000000 ? time->seconds : INT64_MAX / 2000000000;
    *ns = (uint64_t)seconds * 1000000000 + (uint64_t)time->part;
    return true;
}

static int read_setting(struct client *caller, unsigned long from, bool wide, struct setting *setting)
{
    struct linux_time_pair64 pair[2];
    struct linux_time_pair narrow[2];
    if (wide ? user_read(caller, pair, from, sizeof(pair)) < 0
             : user_read(caller, narrow, from, sizeof(narrow)) < 0)
        return -EFAULT;
    for (unsigned i = 0; i < 2 && !wide; i++)
        pair[i] = (struct linux_time_pair64){ narrow[i].seconds, narrow[i].part };
    return to_ns(&pair[0], &setting->interval) && to_ns(&pair[1], &setting->value) ? 0 : -EINVAL;
}

static int write_setting(struct client *caller, unsigned long to, bool wide, const struct clock_timer *clock)
{
    uint64_t now = clock_monotonic(), left = 0;
    if (clock->timer.armed)
        left = clock->timer.deadline > now ? clock->timer.deadline - now : 1;
    uint64_t ns[2] = { clock->interval, left };
    struct linux_time_pair64 pair[2];
    struct linux_time_pair narrow[2];
    for (unsigned i = 0; i < 2; i++) {
        pair[i] = (struct linux_time_pair64){ (int64_t)(ns[i] / 1000000000), (int64_t)(ns[i] % 1000000000) };
        narrow[i] = (struct linux_time_pair){ (long)pair[i].seconds, (long)pair[i].part };
    }
    return wide ? user_write(caller, to, pair, sizeof(pair)) : user_write(caller, to, narrow, sizeof(narrow));
}

static struct clock_timer *timer_of(struct client *caller, unsigned long fd, long *error)
{
    struct file *file = files_get(caller, (int)fd);
    *error = !file ? -EBADF : file->operations != &timer_operations ? -EINVAL : 0;
    return *error == 0 ? file->state : NULL;
}

static long set_timer(struct client *caller, const unsigned long args[6], bool wide)
{
    long error;
    struct setting setting;
    struct clock_timer *clock = timer_of(caller, args[0], &error);
    if (!clock)
        return error;
    if (args[1] & ~(unsigned long)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    error = read_setting(caller, args[2], wide, &setting);
    if (error == 0 && args[3])
        error = write_setting(caller, args[3], wide, clock);
    if (error < 0)
        return error;
    uint64_t now = clock_monotonic(), deadline = setting.value;
    if (!(args[1] & TFD_TIMER_ABSTIME))
        deadline += now;
    else if (clock->realtime) { // absolute wall clock time, turned into monotonic time now
        uint64_t wall = clock_realtime();
        deadline = deadline > wall ? now + (deadline - wall) : now;
    }
    clock->interval = setting.interval;
    clock->expirations = 0;
    timer_set(&clock->timer, setting.value ? deadline : NO_DEADLINE);
    return 0;
}

static long get_timer(struct client *caller, const unsigned long args[6], bool wide)
{
    long error;
    struct clock_timer *clock = timer_of(caller, args[0], &error);
    return clock ? write_setting(caller, args[1], wide, clock) : error;
}

long call_timerfd_settime(struct client *caller, const unsigned long args[6])
{
    return set_timer(caller, args, false);
}
long call_timerfd_settime64(struct client *caller, const unsigned long args[6])
{
    return set_timer(caller, args, true);
}
long call_timerfd_gettime(struct client *caller, const unsigned long args[6])
{
    return get_timer(caller, args, false);
}
long call_timerfd_gettime64(struct client *caller, const unsigned long args[6])
{
    return get_timer(caller, args, true);
}
