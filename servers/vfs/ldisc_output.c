// SPDX-License-Identifier: MIT
// Line discipline, the way out: output processing (OPOST) with its column count, and echoes. Echoes and written
// bytes share one queue, so they come out in the order in which they were made.
#include "ldisc.h"

#include <string.h>

bool ldisc_control(uint8_t byte) { return byte < 32 || byte == 127; }

bool ldisc_continues(const struct ldisc *ldisc, uint8_t byte)
{
    return (ldisc->termios.c_iflag & IUTF8) && (byte & 0xc0) == 0x80;
}

static void put(struct ldisc *ldisc, uint8_t byte)
{
    ldisc->output[ldisc->output_head++ % LDISC_OUTPUT] = byte;
}

// A tab as the column demands. -> bytes put, or -1: no room
static int process_tab(struct ldisc *ldisc, unsigned room)
{
    unsigned spaces = 8 - (ldisc->column & 7);
    if ((ldisc->termios.c_oflag & TABDLY) != XTABS) {
        ldisc->column += spaces;
        put(ldisc, '\t');
        return 1;
    }
    if (room < spaces)
        return -1;
    ldisc->column += spaces;
    for (unsigned i = 0; i < spaces; i++)
        put(ldisc, ' ');
    return (int)spaces;
}

static int process_newline(struct ldisc *ldisc, unsigned room)
{
    unsigned flags = ldisc->termios.c_oflag;
    if (flags & ONLRET)
        ldisc->column = 0;
    if (flags & ONLCR) {
        if (room < 2)
            return -1;
        ldisc->column = 0;
        put(ldisc, '\r');
    }
    ldisc->line_column = ldisc->column;
    put(ldisc, '\n');
    return 1;
}

static int process_return(struct ldisc *ldisc)
{
    unsigned flags = ldisc->termios.c_oflag;
    if ((flags & ONOCR) && ldisc->column == 0)
        return 0;
    if (flags & OCRNL) {
        if (flags & ONLRET)
            ldisc->line_column = ldisc->column = 0;
        put(ldisc, '\n');
        return 1;
    }
    ldisc->line_column = ldisc->column = 0;
    put(ldisc, '\r');
    return 1;
}

// One byte under OPOST, with room for at most `room` bytes. -> -1: it does not fit
static int process(struct ldisc *ldisc, uint8_t byte, unsigned room)
{
    if (room == 0)
        return -1;
    switch (byte) {
    case '\n': return process_newline(ldisc, room);
    case '\r': return process_return(ldisc);
    case '\t': return process_tab(ldisc, room);
    case '\b':
        if (ldisc->column > 0)
            ldisc->column--;
        break;
    default:
        if (ldisc_control(byte))
            break;
        if ((ldisc->termios.c_oflag & OLCUC) && byte >= 'a' && byte <= 'z')
            byte = (uint8_t)(byte - 'a' + 'A');
        if (!ldisc_continues(ldisc, byte))
            ldisc->column++;
    }
    put(ldisc, byte);
    return 1;
}

static unsigned echo_room(const struct ldisc *ldisc) { return LDISC_OUTPUT - ldisc_output_count(ldisc); }

unsigned ldisc_write_room(const struct ldisc *ldisc)
{
    unsigned used = ldisc_output_count(ldisc) + LDISC_ECHO;
    return used < LDISC_OUTPUT ? LDISC_OUTPUT - used : 0;
}

size_t ldisc_write(struct ldisc *ldisc, const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    if (ldisc->termios.c_oflag & OPOST) {
        while (done < count && process(ldisc, bytes[done], ldisc_write_room(ldisc)) >= 0)
            done++;
        return done;
    }
    while (done < count && ldisc_write_room(ldisc) > 0)
        put(ldisc, bytes[done++]);
    return done;
}

size_t ldisc_output(struct ldisc *ldisc, uint8_t *to, size_t count)
{
    if (ldisc->stopped || ldisc->held)
        return 0;
    size_t done = 0;
    while (done < count && ldisc->output_tail != ldisc->output_head)
        to[done++] = ldisc->output[ldisc->output_tail++ % LDISC_OUTPUT];
    return done;
}

void ldisc_echo_raw(struct ldisc *ldisc, uint8_t byte)
{
    if (ldisc->termios.c_oflag & OPOST)
        process(ldisc, byte, echo_room(ldisc));
    else if (echo_room(ldisc) > 0)
        put(ldisc, byte);
}

void ldisc_echo(struct ldisc *ldisc, uint8_t byte)
{
    if (!(ldisc->termios.c_lflag & ECHOCTL) || !ldisc_control(byte) || byte == '\t') {
        ldisc_echo_raw(ldisc, byte);
        return;
    }
    if (echo_room(ldisc) < 2)
        return;
    put(ldisc, '^');
    put(ldisc, byte ^ 0100);
    ldisc->column += 2;
}

// Moves back over a tab. `columns`: width of what stands before it in the line, or since the tab before
// (after_tab), which began at a multiple of 8.
void ldisc_echo_erase_tab(struct ldisc *ldisc, unsigned columns, bool after_tab)
{
    if (!after_tab)
        columns += ldisc->line_column;
    for (unsigned back = 8 - (columns & 7); back > 0 && echo_room(ldisc) > 0; back--) {
        put(ldisc, '\b');
        if (ldisc->column > 0)
            ldisc->column--;
    }
}

void ldisc_stop(struct ldisc *ldisc)
{
    if (!ldisc->stopped)
        ldisc->packet_events = (uint8_t)((ldisc->packet_events & ~TIOCPKT_START) | TIOCPKT_STOP);
    ldisc->stopped = true;
}

void ldisc_start(struct ldisc *ldisc)
{
    if (ldisc->stopped)
        ldisc->packet_events = (uint8_t)((ldisc->packet_events & ~TIOCPKT_STOP) | TIOCPKT_START);
    ldisc->stopped = false;
}

void ldisc_flush_output(struct ldisc *ldisc)
{
    ldisc->output_tail = ldisc->output_head;
    ldisc->packet_events |= TIOCPKT_FLUSHWRITE;
}
