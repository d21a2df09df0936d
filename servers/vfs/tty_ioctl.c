// SPDX-License-Identifier: MIT
// ioctl_tty(2): attributes, window size, queues, flow control, sessions. Each command runs in three steps: may
// the caller (job control), is the output out (where that matters), do it.
#include <errno.h>
#include <linux/capability.h>
#include <linux/signal.h>
#include <linux/fcntl.h>
#include <string.h>
#include "tty.h"

// --- attributes in their three forms

static const uint32_t speeds[] = { 0,   50,   75,   110,  134,  150,  200,   300,
                                   600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const uint32_t high_speeds[] = { 57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
                                        1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000 };

static uint32_t speed_of(uint32_t cflag, uint32_t explicit)
{
    unsigned code = cflag & CBAUD;
    if (code == BOTHER)
        return explicit;
    if (code < sizeof(speeds) / sizeof(speeds[0]))
        return speeds[code];
    code -= BOTHER + 1;
    return code < sizeof(high_speeds) / sizeof(high_speeds[0]) ? high_speeds[code] : 38400;
}

static long read_attributes(struct client *caller, struct linux_termios2 *termios, unsigned long command,
                            unsigned long from)
{
    struct linux_termio old;
    int error;
    switch (command) {
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2: error = user_read(caller, termios, from, sizeof(*termios)); break;
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        error = user_read(caller, &old, from, sizeof(old));
        if (error < 0)
            return error;
        termios->c_iflag = (termios->c_iflag & ~0xffffu) | old.c_iflag;
        termios->c_oflag = (termios->c_oflag & ~0xffffu) | old.c_oflag;
        termios->c_cflag = (termios->c_cflag & ~0xffffu) | old.c_cflag;
        termios->c_lflag = (termios->c_lflag & ~0xffffu) | old.c_lflag;
        memcpy(termios->c_cc, old.c_cc, sizeof(old.c_cc));
        break;
    default: // the structure without speeds
        error = user_read(caller, termios, from, sizeof(struct linux_termios));
    }
    termios->c_ispeed = termios->c_ospeed = speed_of(termios->c_cflag, termios->c_ospeed);
    return error;
}

static long get_attributes(struct client *caller, const struct ldisc *ldisc, unsigned long command,
                           unsigned long to)
{
    const struct linux_termios2 *termios = &ldisc->termios;
    if (command == TCGETS2)
        return user_store(caller, to, termios, sizeof(*termios));
    if (command == TCGETS)
        return user_store(caller, to, termios, sizeof(struct linux_termios));
    struct linux_termio old = { .c_iflag = (uint16_t)termios->c_iflag,
                                .c_oflag = (uint16_t)termios->c_oflag,
                                .c_cflag = (uint16_t)termios->c_cflag,
                                .c_lflag = (uint16_t)termios->c_lflag,
                                .c_line = termios->c_line };
    memcpy(old.c_cc, termios->c_cc, sizeof(old.c_cc));
    return user_write(caller, to, &old, sizeof(old));
}

static long set_attributes(struct client *caller, struct tty *tty, unsigned long command, unsigned long from)
{
    struct linux_termios2 termios = tty->ldisc.termios;
    long error = read_attributes(caller, &termios, command, from);
    if (error < 0)
        return error;
    if (command == TCSETSF || command == TCSETSF2 || command == TCSETAF) {
        ldisc_flush_input(&tty->ldisc);
        if (tty->driver->resume)
            tty->driver->resume(tty);
    }
    ldisc_set_termios(&tty->ldisc, &termios);
    // Readers and writers look again with the new rules.
    queue_wake(&tty->queue, POLL_READABLE | POLL_WRITABLE);
    tty->driver->start(tty);
    return 0;
}

// --- the others

void tty_resize(struct tty *tty, const struct linux_winsize *size)
{
    if (memcmp(&tty->size, size, sizeof(*size)) == 0)
        return;
    tty->size = *size;
    tty_signal_group(tty, SIGWINCH);
}

static long set_size(struct client *caller, struct tty *tty, unsigned long from)
{
    struct linux_winsize size;
    int error = user_read(caller, &size, from, sizeof(size));
    if (error == 0)
        tty_resize(tty, &size);
    return error;
}

static long put_int(struct client *caller, unsigned long to, int value)
{
    return user_write(caller, to, &value, sizeof(value));
}

static long flow(struct tty *tty, unsigned long argument)
{
    const uint8_t *cc = tty->ldisc.termios.c_cc;
    uint8_t byte = cc[argument == TCIOFF ? VSTOP : VSTART];
    switch (argument) {
    case TCOOFF:
    case TCOON: tty->ldisc.held = argument == TCOOFF; break;
    case TCIOFF:
    case TCION:
        if (byte != 0)
            ldisc_echo_raw(&tty->ldisc, byte);
        break;
    default: return -EINVAL;
    }
    tty->driver->start(tty);
    return 0;
}

long tty_flush(struct tty *tty, unsigned long argument)
{
    if (argument > TCIOFLUSH)
        return -EINVAL;
    if (argument != TCOFLUSH)
        ldisc_flush_input(&tty->ldisc);
    if (argument != TCIFLUSH)
        ldisc_flush_output(&tty->ldisc);
    if (tty->driver->resume)
        tty->driver->resume(tty);
    tty->driver->start(tty);
    tty_output_done(tty);
    return 0;
}

static long simulate_input(struct client *caller, struct tty *tty, unsigned long from)
{
    uint8_t byte;
    if (tty_of(caller) != tty && !client_capable(caller, CAP_SYS_ADMIN))
        return -EPERM;
    int error = user_read(caller, &byte, from, 1);
    if (error < 0)
        return error;
    ldisc_receive(&tty->ldisc, &byte, 1);
    tty_receive_done(tty);
    return 0;
}

static long set_group(struct client *caller, struct tty *tty, unsigned long from)
{
    int group;
    int error = user_read(caller, &group, from, sizeof(group));
    return error < 0 ? error : tty_set_group(caller, tty, group);
}

static long set_discipline(struct client *caller, unsigned long from)
{
    int number;
    int error = user_read(caller, &number, from, sizeof(number));
    return error < 0 ? error : number == 0 ? 0 : -EINVAL;
}

static long hang_up(struct client *caller, struct tty *tty)
{
    if (!client_capable(caller, CAP_SYS_ADMIN))
        return -EPERM;
    tty_hangup(tty);
    return 0;
}

long tty_common_ioctl(struct client *caller, struct tty *tty, unsigned long command, unsigned long argument)
{
    switch (command) {
    case TCGETS:
    case TCGETS2:
    case TCGETA: return get_attributes(caller, &tty->ldisc, command, argument);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCSETA:
    case TCSETAW:
    case TCSETAF: return set_attributes(caller, tty, command, argument);
    case TIOCGWINSZ: return user_write(caller, argument, &tty->size, sizeof(tty->size));
    case TIOCSWINSZ: return set_size(caller, tty, argument);
    case TIOCSPGRP: return set_group(caller, tty, argument);
    case TIOCGSID: return tty->session ? put_int(caller, argument, tty->session) : -ENOTTY;
    case TIOCGPGRP: return put_int(caller, argument, tty->group);
    case TIOCGDEV: return put_int(caller, argument, (int)tty->device);
    case TIOCEXCL:
    case TIOCNXCL: tty->exclusive = command == TIOCEXCL; return 0;
    case TIOCGEXCL: return put_int(caller, argument, tty->exclusive);
    case TIOCGETD: return put_int(caller, argument, 0);
    case TIOCSETD: return set_discipline(caller, argument);
    default: return -ENOTTY;
    }
}

static long act(struct client *caller, struct file *file, struct tty *tty, unsigned long command,
                unsigned long argument)
{
    switch (command) {
    case TIOCGPGRP:
    case TIOCGSID: return tty_of(caller) == tty ? tty_common_ioctl(caller, tty, command, argument) : -ENOTTY;
    case TIOCSCTTY: return tty_set_controlling(caller, tty, file, argument);
    case TIOCNOTTY: return tty_drop_controlling(caller, tty);
    case TIOCOUTQ: return put_int(caller, argument, (int)ldisc_output_count(&tty->ldisc));
    case FIONREAD: return put_int(caller, argument, (int)ldisc_input_count(&tty->ldisc));
    case TIOCSTI: return simulate_input(caller, tty, argument);
    case TCXONC: return flow(tty, argument);
    case TCFLSH: return tty_flush(tty, argument);
    case TCSBRK: // waited for the output before; there is no line on which to send a break
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK: return 0;
    case TIOCGSOFTCAR: return put_int(caller, argument, !!(tty->ldisc.termios.c_cflag & CLOCAL));
    case TIOCVHANGUP: return hang_up(caller, tty);
    default: return tty_common_ioctl(caller, tty, command, argument);
    }
}

// --- who must be in the foreground, and what waits for the output

static bool changes(unsigned long command)
{
    switch (command) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
    case TCXONC:
    case TCFLSH:
    case TCSBRK:
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
    case TIOCSETD:
    case TIOCSPGRP: return true;
    default: return false;
    }
}

static bool waits_for_output(unsigned long command)
{
    return command == TCSETSW || command == TCSETSF || command == TCSETSW2 || command == TCSETSF2 ||
           command == TCSETAW || command == TCSETAF || command == TCSBRK || command == TCSBRKP;
}

static bool drained(struct tty *tty)
{
    return !tty->driver->drained || (ldisc_output_count(&tty->ldisc) == 0 && tty->driver->drained(tty));
}

static long drain_retry(struct client *caller)
{
    struct file *file = caller->parked.file.file;
    struct tty *tty = ((struct tty_file *)file->state)->tty;
    if (tty_hung_up(file))
        return -EIO;
    return drained(tty) ? act(caller, file, tty, caller->parked.file.word[0], caller->parked.file.word[1])
                        : NO_REPLY;
}

static void drain_release(struct client *caller) { file_put(caller->parked.file.file); }

static const struct park_kind park_drain = {
    .retry = drain_retry,
    .release = drain_release,
    .divert = DIVERT_RESTARTSYS,
};

long tty_ioctl(struct client *caller, struct file *file, unsigned long command, unsigned long argument)
{
    struct tty *tty = ((struct tty_file *)file->state)->tty;
    if (tty_hung_up(file))
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    int error = changes(command) ? tty_check(caller, tty, SIGTTOU) : 0;
    if (error == -EIO && command == TIOCSPGRP)
        return -ENOTTY;
    if (error < 0)
        return error;
    if (!waits_for_output(command) || drained(tty))
        return act(caller, file, tty, command, argument);
    caller->parked.file.file = file_get(file);
    caller->parked.file.word[0] = command;
    caller->parked.file.word[1] = argument;
    return park(caller, &park_drain, &tty->queue, POLL_WRITABLE, NO_DEADLINE);
}
