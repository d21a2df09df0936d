// SPDX-License-Identifier: MIT
// The terminal on the console driver's UART: /dev/ttyS0 and /dev/console; and /dev/tty, whichever the caller's is.
#include <errno.h>
#include <protocol_device.h>
#include <string.h>
#include "dev.h"
#include "device_link.h"
#include "pty.h"
#include "tty.h"

#define CONSOLE_BUFFER 1024u

static struct {
    struct tty tty;
    struct device_link link;
    bool present;
} console;

static void feed(void)
{
    struct device_link *link = &console.link;
    size_t before = link->taken;
    link->taken += ldisc_receive(&console.tty.ldisc, link->input + link->taken, link->received - link->taken);
    if (link->taken > before)
        tty_receive_done(&console.tty);
    device_link_read(link);
}

static void arrived(struct device_link *link) { feed(); }

static void resume(struct tty *tty) { feed(); }

static void start(struct tty *tty)
{
    struct device_link *link = &console.link;
    link->filled += ldisc_output(&tty->ldisc, link->filling + link->filled, device_link_room(link));
    device_link_send(link);
}

static void left(struct device_link *link)
{
    start(&console.tty);
    tty_output_done(&console.tty);
}

static bool drained(struct tty *tty) { return device_link_idle(&console.link); }

static const struct tty_driver driver = { .start = start, .resume = resume, .drained = drained };

// The driver's answer decides what a terminal's size is before anybody sets it.
static void find_size(void)
{
    struct message message = { .number = DEVICE_SIZE };
    long error = fiber_call(console.link.port, &message);
    bool known = error == 0 && message.args[0] > 0 && message.args[1] > 0;
    console.tty.size.ws_row = known ? (uint16_t)message.args[0] : 24;
    console.tty.size.ws_col = known ? (uint16_t)message.args[1] : 80;
}

static int console_start(void)
{
    handle_t port = start_handle("console");
    if (!port)
        return 0;
    int error = device_link_init(&console.link, port, 0, CONSOLE_BUFFER);
    if (error < 0)
        return error;
    console.link.arrived = arrived;
    console.link.left = left;
    tty_init(&console.tty, &driver, DEVICE(TTY_MAJOR, 64), B115200 | CS8 | CREAD | HUPCL | CLOCAL, 115200);
    console.present = true;
    find_size();
    device_link_read(&console.link);
    return 0;
}

// Held or stopped output is not waited for.
void console_sync(void)
{
    if (!console.present)
        return;
    const struct ldisc *ldisc = &console.tty.ldisc;
    while (!device_link_idle(&console.link) ||
           (ldisc_output_count(ldisc) > 0 && !ldisc->stopped && !ldisc->held))
        device_link_await(&console.tty.queue);
    struct message message = { .number = DEVICE_DRAIN };
    fiber_call(console.link.port, &message);
}

static int open_own(struct client *caller, struct file *file)
{
    struct tty *tty = tty_of(caller);
    return tty ? tty_open(caller, file, tty, false) : -ENXIO;
}

static int terminal_open(struct client *caller, struct file *file)
{
    switch (file->inode->rdev) {
    case DEVICE(5, 0): return open_own(caller, file);
    case DEVICE(5, 1): return console.present ? tty_open(caller, file, &console.tty, true) : -ENXIO;
    case DEVICE(5, 2): return ptmx_open(caller, file);
    case DEVICE(4, 64): return console.present ? tty_open(caller, file, &console.tty, false) : -ENXIO;
    default: return DEVICE_MAJOR(file->inode->rdev) == PTS_MAJOR ? pts_open(caller, file) : -ENXIO;
    }
}

int terminals_start(void)
{
    static struct device_class classes[] = {
        { .major = TTY_MAJOR, .open = terminal_open },
        { .major = TTYAUX_MAJOR, .open = terminal_open },
        { .major = PTS_MAJOR, .open = terminal_open },
    };
    for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        device_register(&classes[i]);
    int error = console_start();
    if (error == 0 && console.present)
        error = device_node("ttyS0", S_IFCHR | 0660, DEVICE(TTY_MAJOR, 64), TTY_GROUP);
    return error;
}
