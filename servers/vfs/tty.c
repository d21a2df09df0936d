// SPDX-License-Identifier: MIT
// Terminals as files: opening, reading with VMIN and VTIME, writing, polling, hang-up. Bytes are edited by the
// line discipline; who may read and write is decided in tty_job.c.
#include "async.h"
#include "tty.h"

#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <string.h>

#define CHUNK 512u
#define TENTH_OF_SECOND 100000000ull
#define WRITABLE_ROOM 256u // poll says writable from here on

static struct list ttys = { &ttys, &ttys };

static void timer_fired(struct timer *timer)
{
    struct tty *tty = container_of(timer, struct tty, timer);
    tty->timed_out = true;
    queue_wake(&tty->queue, POLL_READABLE);
}

static void input_signal(struct ldisc *ldisc, int signal)
{
    tty_signal_group(container_of(ldisc, struct tty, ldisc), signal);
}

void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t device, unsigned cflag,
              unsigned speed)
{
    tty->driver = driver;
    tty->device = device;
    ldisc_init(&tty->ldisc);
    tty->initial = ldisc_default_termios;
    tty->initial.c_cflag = cflag;
    tty->initial.c_ispeed = tty->initial.c_ospeed = speed;
    tty->ldisc.termios = tty->initial;
    tty->ldisc.signal = input_signal;
    queue_init(&tty->queue);
    tty->timer.fire = timer_fired;
    list_append(&ttys, &tty->link);
}

void tty_gone(struct tty *tty)
{
    timer_cancel(&tty->timer);
    queue_clear(&tty->queue);
    list_remove(&tty->link);
}

struct tty *tty_of(const struct client *client)
{
    list_for_each(tty, &ttys, struct tty,
                  link) if (client->terminal && tty->control == client->terminal) return tty;
    return NULL;
}

struct tty *tty_of_session(int session)
{
    list_for_each(tty, &ttys, struct tty, link) if (session != 0 && tty->session == session) return tty;
    return NULL;
}

int tty_open(struct client *caller, struct file *file, struct tty *tty, bool console)
{
    if (tty->exclusive && !client_capable(caller, CAP_SYS_ADMIN))
        return -EBUSY;
    struct tty_file *state = heap_alloc(sizeof(*state));
    if (!state)
        return -ENOMEM;
    *state = (struct tty_file){ tty, tty->hangups, console };
    file->state = state;
    file->operations = &tty_file_operations;
    file->queue = &tty->queue;
    tty->opens++;
    if (!console)
        tty_opened(caller, tty, file);
    return 0;
}

static void tty_release(struct file *file)
{
    struct tty_file *state = file->state;
    struct tty *tty = state->tty;
    heap_free(state);
    if (--tty->opens > 0)
        return;
    tty->exclusive = false;
    if (tty->driver->idle)
        tty->driver->idle(tty);
}

static struct tty *tty_of_file(const struct file *file) { return ((struct tty_file *)file->state)->tty; }

// --- reading

static void arm_timer(struct tty *tty)
{
    uint8_t tenths = tty->ldisc.termios.c_cc[VTIME];
    tty->timed_out = false;
    timer_set(&tty->timer, clock_monotonic() + tenths * TENTH_OF_SECOND);
}

// VTIME counts from the start of a read if VMIN is 0, otherwise from the last byte.
static void read_started(struct tty *tty)
{
    const uint8_t *cc = tty->ldisc.termios.c_cc;
    if (ldisc_canonical(&tty->ldisc) || cc[VTIME] == 0)
        return;
    if (cc[VMIN] == 0 || ldisc_readable(&tty->ldisc, 1))
        arm_timer(tty);
}

// Does a read that wants `left` bytes end now?
static bool read_satisfied(struct tty *tty, size_t left)
{
    const uint8_t *cc = tty->ldisc.termios.c_cc;
    if (ldisc_canonical(&tty->ldisc))
        return ldisc_readable(&tty->ldisc, 1);
    if (cc[VMIN] == 0)
        return ldisc_readable(&tty->ldisc, 1) || cc[VTIME] == 0 || tty->timed_out;
    unsigned least = cc[VMIN] < left ? cc[VMIN] : (unsigned)left;
    if (ldisc_readable(&tty->ldisc, least))
        return true;
    return cc[VTIME] != 0 && tty->timed_out && ldisc_readable(&tty->ldisc, 1);
}

static long move_input(struct tty *tty, struct transfer *transfer)
{
    uint8_t chunk[CHUNK];
    bool end = false;
    while (transfer->left > 0 && !end && ldisc_readable(&tty->ldisc, 1)) {
        size_t length = transfer->left < CHUNK ? transfer->left : CHUNK;
        if (transfer_prepare(transfer, length) < 0)
            return -EFAULT;
        length = ldisc_read(&tty->ldisc, chunk, length, &end);
        if (length > 0 && transfer_out(transfer, chunk, length) < (long)length)
            return -EFAULT;
    }
    if (!end && transfer->left == 0)
        ldisc_skip_end_of_file(&tty->ldisc);
    return 0;
}

static long tty_read(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    struct tty *tty = tty_of_file(file);
    if (tty_hung_up(file) || transfer->left == 0)
        return 0;
    if (!transfer->started) {
        int error = tty_check(caller, tty, SIGTTIN);
        if (error < 0)
            return error;
        transfer->started = true;
        read_started(tty);
    }
    if (!read_satisfied(tty, transfer->left))
        return -EAGAIN;
    timer_cancel(&tty->timer);
    long error = move_input(tty, transfer);
    if (tty->driver->resume)
        tty->driver->resume(tty);
    return error;
}

// One signal a line, or for whatever came at a time.
static void tell_owners(struct tty *tty)
{
    if (!ldisc_canonical(&tty->ldisc) && ldisc_readable(&tty->ldisc, 1))
        async_notify(&tty->queue, ASYNC_IN, NULL);
    for (; tty->lines_told != tty->ldisc.lines; tty->lines_told++)
        async_notify(&tty->queue, ASYNC_IN, NULL);
}

void tty_receive_done(struct tty *tty)
{
    const uint8_t *cc = tty->ldisc.termios.c_cc;
    if (!ldisc_canonical(&tty->ldisc) && cc[VMIN] > 0 && cc[VTIME] > 0)
        arm_timer(tty);
    if (ldisc_readable(&tty->ldisc, 1))
        queue_wake(&tty->queue, POLL_READABLE);
    tell_owners(tty);
    if (ldisc_output_count(&tty->ldisc) > 0)
        tty->driver->start(tty);
}

// --- writing

// How many bytes surely find room after output processing.
static size_t room_for(const struct tty *tty)
{
    unsigned flags = tty->ldisc.termios.c_oflag, room = ldisc_write_room(&tty->ldisc);
    if (!(flags & OPOST))
        return room;
    return (flags & TABDLY) == XTABS ? room / 8 : room / 2;
}

// -> bytes, -EAGAIN: no room, or -EFAULT
static long write_chunk(struct tty *tty, struct transfer *transfer)
{
    uint8_t chunk[CHUNK];
    if (room_for(tty) == 0)
        tty->driver->start(tty); // may make room at once
    size_t length = room_for(tty) < CHUNK ? room_for(tty) : CHUNK;
    if (length == 0)
        return -EAGAIN;
    long taken = transfer_in(transfer, chunk, length);
    if (taken > 0)
        ldisc_write(&tty->ldisc, chunk, (size_t)taken);
    return taken;
}

static long tty_write(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    struct tty *tty = tty_of_file(file);
    if (tty_hung_up(file))
        return -EIO;
    if (!transfer->started) {
        int error = tty->ldisc.termios.c_lflag & TOSTOP ? tty_check(caller, tty, SIGTTOU) : 0;
        if (error < 0)
            return error;
        transfer->started = true;
    }
    long result = 0;
    while (transfer->left > 0 && result >= 0)
        result = write_chunk(tty, transfer);
    tty->full = transfer->left > 0 && tty->queue.asyncs;
    tty->driver->start(tty);
    return result < 0 ? result : 0;
}

void tty_output_done(struct tty *tty)
{
    if (ldisc_write_room(&tty->ldisc) < WRITABLE_ROOM)
        return;
    queue_wake(&tty->queue, POLL_WRITABLE);
    if (tty->full)
        async_notify(&tty->queue, ASYNC_OUT, NULL);
    tty->full = false;
}

// --- the rest

static unsigned tty_poll(struct file *file)
{
    struct tty *tty = tty_of_file(file);
    if (tty_hung_up(file))
        return POLL_READABLE | POLL_WRITABLE | POLLERR | POLLHUP;
    const uint8_t *cc = tty->ldisc.termios.c_cc;
    unsigned least = cc[VTIME] == 0 && cc[VMIN] > 0 ? cc[VMIN] : 1;
    unsigned events = ldisc_readable(&tty->ldisc, least) ? POLL_READABLE : 0;
    if (ldisc_write_room(&tty->ldisc) >= WRITABLE_ROOM)
        events |= POLL_WRITABLE;
    return events;
}

void tty_hangup(struct tty *tty)
{
    tty_leave_session(tty);
    tty->hangups++;
    async_hangup(&tty->queue, tty_hung_up);
    ldisc_flush_input(&tty->ldisc);
    ldisc_flush_output(&tty->ldisc);
    ldisc_start(&tty->ldisc);
    tty->ldisc.held = false;
    ldisc_set_termios(&tty->ldisc, &tty->initial);
    queue_wake(&tty->queue, POLL_READABLE | POLL_WRITABLE | POLLERR | POLLHUP);
}

// Owner is the foreground group, unless there is one or none.
static long tty_async(struct client *caller, struct file *file, bool on)
{
    if (tty_hung_up(file))
        return -ENOTTY;
    return on ? async_own(caller, file, tty_of_file(file)->group) : 0;
}

const struct file_operations tty_file_operations = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
    .async = tty_async,
    .stream = true,
};
