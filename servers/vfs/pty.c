// SPDX-License-Identifier: MIT
// Pseudo-terminals (pty(7)). The slave is a terminal whose device is the master: what its line discipline puts out
// the master reads, what the master writes is its input. Master files are not terminals of their own.
#include "pty.h"

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <string.h>
#include "async.h"

#define CHUNK 512u

static struct pty **ptys;
static unsigned pty_slots;

struct pty *pty_find(unsigned number) { return number < pty_slots ? ptys[number] : NULL; }

struct pty *pty_next(unsigned *number)
{
    while (*number < pty_slots && !ptys[*number])
        ++*number;
    return pty_find(*number);
}

// -> the lowest free number, -ENOSPC, -ENOMEM
static int free_number(void)
{
    unsigned number = 0;
    while (number < pty_slots && ptys[number])
        number++;
    if (number < pty_slots)
        return (int)number;
    if (number >= PTY_LIMIT)
        return -ENOSPC;
    unsigned slots = pty_slots ? pty_slots * 2 : 16;
    struct pty **grown = heap_resize(ptys, slots * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    memset(grown + pty_slots, 0, (slots - pty_slots) * sizeof(*grown));
    ptys = grown;
    pty_slots = slots;
    return (int)number;
}

// --- below the slave

static struct pty *pty_of(struct tty *tty) { return container_of(tty, struct pty, slave); }

static unsigned output_waiting(const struct pty *pty)
{
    const struct ldisc *ldisc = &pty->slave.ldisc;
    return ldisc->stopped || ldisc->held ? 0 : ldisc_output_count(ldisc);
}

static void slave_start(struct tty *tty)
{
    struct pty *pty = pty_of(tty);
    queue_wake(&pty->queue, POLL_READABLE);
    if (output_waiting(pty) > 0 && pty->output_told != tty->ldisc.output_head) {
        pty->output_told = tty->ldisc.output_head;
        async_notify(&pty->queue, ASYNC_IN, NULL);
    }
}

static void feed(struct pty *pty)
{
    if (pty->taken == pty->pending)
        return;
    size_t got = ldisc_receive(&pty->slave.ldisc, pty->buffer + pty->taken, pty->pending - pty->taken);
    if (got == 0)
        return;
    pty->taken += (unsigned)got;
    tty_receive_done(&pty->slave);
    if (pty->taken < pty->pending)
        return;
    queue_wake(&pty->queue, POLL_WRITABLE);
    if (pty->full)
        async_notify(&pty->queue, ASYNC_OUT, NULL);
    pty->full = false;
}

static void slave_resume(struct tty *tty) { feed(pty_of(tty)); }

static void pty_free(struct pty *pty)
{
    tty_gone(&pty->slave);
    heap_free(pty);
}

static void slave_idle(struct tty *tty)
{
    struct pty *pty = pty_of(tty);
    if (pty->master_closed) {
        pty_free(pty);
        return;
    }
    pty->slave_closed = true;
    queue_wake(&pty->queue, POLL_READABLE | POLLHUP);
}

static const struct tty_driver driver = {
    .start = slave_start,
    .resume = slave_resume,
    .idle = slave_idle,
    .pty = true,
};

int pts_open(struct client *caller, struct file *file)
{
    struct pty *pty = pty_find(DEVICE_MINOR(file->inode->rdev));
    if (!pty || pty->locked)
        return -EIO;
    int error = tty_open(caller, file, &pty->slave, false);
    if (error == 0)
        pty->slave_closed = false;
    return error;
}

// --- the master

// Packet mode tells of events by a byte of its own. -> true: it was moved
static bool read_event(struct pty *pty, struct transfer *transfer)
{
    uint8_t *events = &pty->slave.ldisc.packet_events;
    if (!pty->packet || *events == 0)
        return false;
    transfer_out(transfer, events, 1);
    *events = 0;
    return true;
}

static long master_read(struct client *caller, struct file *file, struct transfer *transfer,
                        uint64_t *position)
{
    struct pty *pty = file->state;
    uint8_t chunk[CHUNK];
    long error = 0;
    if (transfer_prepare(transfer, 1) < 0)
        return -EFAULT;
    if (transfer->left == 0 || read_event(pty, transfer))
        return transfer->left > 0 && transfer->done == 0 ? -EFAULT : 0;
    while (transfer->left > 0 && error == 0) {
        size_t header = pty->packet && transfer->done == 0;
        size_t wanted = transfer->left < CHUNK ? transfer->left : CHUNK;
        chunk[0] = TIOCPKT_DATA;
        if (transfer_prepare(transfer, wanted) < 0)
            return -EFAULT;
        size_t length = ldisc_output(&pty->slave.ldisc, chunk + header, wanted - header);
        if (length == 0)
            break;
        length += header;
        if (transfer_out(transfer, chunk, length) < (long)length)
            error = -EFAULT;
    }
    if (transfer->done > 0 || error < 0) {
        tty_output_done(&pty->slave);
        return error;
    }
    return pty->slave_closed ? -EIO : -EAGAIN;
}

static long master_write(struct client *caller, struct file *file, struct transfer *transfer,
                         uint64_t *position)
{
    struct pty *pty = file->state;
    if (pty->slave_closed)
        return -EIO;
    while (transfer->left > 0) {
        feed(pty);
        if (pty->taken < pty->pending) {
            pty->full = true;
            return -EAGAIN;
        }
        size_t length = transfer->left < sizeof(pty->buffer) ? transfer->left : sizeof(pty->buffer);
        long got = transfer_in(transfer, pty->buffer, length);
        if (got <= 0)
            return got < 0 ? got : -EFAULT;
        pty->taken = 0;
        pty->pending = (unsigned)got;
        feed(pty);
    }
    return 0;
}

static unsigned master_poll(struct file *file)
{
    struct pty *pty = file->state;
    unsigned events = output_waiting(pty) > 0 ? POLL_READABLE : 0;
    if (pty->packet && pty->slave.ldisc.packet_events)
        events |= POLL_READABLE | POLLPRI;
    if (pty->slave_closed)
        events |= POLLHUP;
    if (pty->taken == pty->pending)
        events |= POLL_WRITABLE;
    return events;
}

static long put_int(struct client *caller, unsigned long to, int value)
{
    return user_write(caller, to, &value, sizeof(value));
}

static long open_peer(struct client *caller, struct pty *pty, unsigned flags)
{
    struct file *file;
    if (flags & ~(O_ACCMODE | O_NOCTTY | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = devpts_open_slave(caller, pty, flags, &file);
    if (error < 0)
        return error;
    long fd = files_add(caller, file, flags & O_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

static long set_flag(struct client *caller, unsigned long from, bool *flag)
{
    int value;
    int error = user_read(caller, &value, from, sizeof(value));
    if (error == 0)
        *flag = value != 0;
    return error;
}

static long master_ioctl(struct client *caller, struct file *file, unsigned long command,
                         unsigned long argument)
{
    struct pty *pty = file->state;
    long error;
    switch (command) {
    case TIOCGPTN: return put_int(caller, argument, (int)pty->number);
    case TIOCSPTLCK: return set_flag(caller, argument, &pty->locked);
    case TIOCGPTLCK: return put_int(caller, argument, pty->locked);
    case TIOCGPTPEER: return open_peer(caller, pty, (unsigned)argument);
    case TIOCPKT:
        error = set_flag(caller, argument, &pty->packet);
        pty->slave.ldisc.packet_events = 0;
        return error;
    case TIOCGPKT: return put_int(caller, argument, pty->packet);
    case TIOCSIG:
        if (argument == 0 || argument > SIGNALS)
            return -EINVAL;
        tty_signal_group(&pty->slave, (int)argument);
        return 0;
    case FIONREAD: return put_int(caller, argument, (int)output_waiting(pty));
    case TIOCOUTQ: return put_int(caller, argument, (int)(pty->pending - pty->taken));
    case TCFLSH:
        return tty_flush(&pty->slave, argument == TCIFLUSH   ? TCOFLUSH
                                      : argument == TCOFLUSH ? TCIFLUSH
                                                             : argument);
    default: return tty_common_ioctl(caller, &pty->slave, command, argument);
    }
}

static long master_async(struct client *caller, struct file *file, bool on)
{
    return on ? async_own(caller, file, 0) : 0;
}

static void master_release(struct file *file)
{
    struct pty *pty = file->state;
    ptys[pty->number] = NULL;
    queue_clear(&pty->queue);
    inode_put(pty->inode);
    pty->master_closed = true;
    tty_hangup(&pty->slave);
    if (pty->slave.opens == 0)
        pty_free(pty);
}

static const struct file_operations master_operations = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
    .async = master_async,
    .stream = true,
};

int ptmx_open(struct client *caller, struct file *file)
{
    int number = free_number();
    if (number < 0)
        return number;
    struct pty *pty = heap_alloc(sizeof(*pty));
    if (!pty)
        return -ENOMEM;
    pty->number = (unsigned)number;
    pty->inode = devpts_inode(caller, pty->number);
    if (!pty->inode) {
        heap_free(pty);
        return -ENOMEM;
    }
    tty_init(&pty->slave, &driver, pty->inode->rdev, B38400 | CS8 | CREAD, 38400);
    queue_init(&pty->queue);
    pty->locked = true;
    ptys[number] = pty;
    file->state = pty;
    file->operations = &master_operations;
    file->queue = &pty->queue;
    return 0;
}
