// SPDX-License-Identifier: MIT
// The line discipline (termios(3), Linux's n_tty): what a terminal's input bytes become for readers, what is
// echoed, what written bytes become on their way out. Pure: bytes in, bytes and events out; knows no caller.
#pragma once

#include <linux/termios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISC_INPUT 4096u  // the longest canonical line, its end included
#define LDISC_OUTPUT 8192u // writers leave LDISC_ECHO of it for echoes
#define LDISC_ECHO 2048u

struct ldisc {
    struct linux_termios2 termios;
    // Called by ldisc_receive for INTR, QUIT and SUSP characters.
    void (*signal)(struct ldisc *ldisc, int signal);

    // Input: a ring addressed by free-running counters, tail <= line_head <= head. Canonical readers get what
    // lies before line_head; `marks` has a bit for each byte that ends a line.
    unsigned head, line_head, tail;
    bool literal_next; // VLNEXT was typed
    bool erasing;      // between \ and / of ECHOPRT
    uint8_t marks[LDISC_INPUT / 8];
    uint8_t input[LDISC_INPUT];
    unsigned lines; // ever completed

    // Output on its way to the device.
    unsigned output_head, output_tail;
    unsigned column, line_column; // cursor; where the line being typed begins
    bool stopped;                 // by VSTOP
    bool held;                    // by TCXONC
    uint8_t packet_events;        // TIOCPKT_* that happened since a pty's master looked
    uint8_t output[LDISC_OUTPUT];
};

extern const struct linux_termios2 ldisc_default_termios;

void ldisc_init(struct ldisc *ldisc);
// A changed ICANON makes what was typed so far a line, as in Linux.
void ldisc_set_termios(struct ldisc *ldisc, const struct linux_termios2 *termios);

// --- from the device
// Takes bytes until there is no room for more. -> how many
size_t ldisc_receive(struct ldisc *ldisc, const uint8_t *bytes, size_t count);
bool ldisc_has_room(const struct ldisc *ldisc);

// --- to readers
static inline bool ldisc_canonical(const struct ldisc *ldisc)
{
    return (ldisc->termios.c_lflag & (ICANON | EXTPROC)) == ICANON;
}
// Is there a line, or are there `least` bytes if not canonical?
bool ldisc_readable(const struct ldisc *ldisc, unsigned least);
// *end: a line ended with these bytes (0 bytes and *end: end of file). -> bytes
size_t ldisc_read(struct ldisc *ldisc, uint8_t *to, size_t count, bool *end);
// A canonical read filled its buffer: an end of file right behind belongs to it.
void ldisc_skip_end_of_file(struct ldisc *ldisc);
unsigned ldisc_input_count(const struct ldisc *ldisc); // FIONREAD

// --- from writers, to the device
size_t ldisc_write(struct ldisc *ldisc, const uint8_t *bytes, size_t count); // -> bytes taken
unsigned ldisc_write_room(const struct ldisc *ldisc);
size_t ldisc_output(struct ldisc *ldisc, uint8_t *to, size_t count); // 0 while stopped
static inline unsigned ldisc_output_count(const struct ldisc *ldisc)
{
    return ldisc->output_head - ldisc->output_tail;
}

void ldisc_stop(struct ldisc *ldisc);
void ldisc_start(struct ldisc *ldisc);
void ldisc_flush_input(struct ldisc *ldisc);
void ldisc_flush_output(struct ldisc *ldisc);

// --- ldisc_output.c, for ldisc.c
void ldisc_echo(struct ldisc *ldisc, uint8_t byte);     // control characters as ^X if ECHOCTL
void ldisc_echo_raw(struct ldisc *ldisc, uint8_t byte); // as if written
void ldisc_echo_erase_tab(struct ldisc *ldisc, unsigned columns, bool after_tab);
bool ldisc_continues(const struct ldisc *ldisc, uint8_t byte); // a UTF-8 byte that does not begin a character
bool ldisc_control(uint8_t byte);
