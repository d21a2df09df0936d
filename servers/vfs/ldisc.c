// SPDX-License-Identifier: MIT
// Line discipline, the way in: input flags, editing of canonical lines, signals, flow control, and what readers
// get. The way out and echoes: ldisc_output.c.
#include "ldisc.h"

#include <linux/signal.h>
#include <string.h>

const struct linux_termios2 ldisc_default_termios = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD | HUPCL,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = { [VINTR] = 3,
              [VQUIT] = 28,
              [VERASE] = 127,
              [VKILL] = 21,
              [VEOF] = 4,
              [VMIN] = 1,
              [VSTART] = 17,
              [VSTOP] = 19,
              [VSUSP] = 26,
              [VREPRINT] = 18,
              [VDISCARD] = 15,
              [VWERASE] = 23,
              [VLNEXT] = 22 },
    .c_ispeed = 38400,
    .c_ospeed = 38400,
};

// The byte that stands in the ring for an end of file; only with its mark set does it mean that.
#define END_OF_FILE 0

void ldisc_init(struct ldisc *ldisc)
{
    memset(ldisc, 0, sizeof(*ldisc));
    ldisc->termios = ldisc_default_termios;
}

static uint8_t *at(struct ldisc *ldisc, unsigned position) { return &ldisc->input[position % LDISC_INPUT]; }

static bool marked(const struct ldisc *ldisc, unsigned position)
{
    position %= LDISC_INPUT;
    return ldisc->marks[position / 8] >> (position % 8) & 1;
}

static void mark(struct ldisc *ldisc, unsigned position)
{
    position %= LDISC_INPUT;
    ldisc->marks[position / 8] |= (uint8_t)(1u << (position % 8));
}

static void unmark(struct ldisc *ldisc, unsigned position)
{
    position %= LDISC_INPUT;
    ldisc->marks[position / 8] &= (uint8_t)~(1u << (position % 8));
}

static bool local(const struct ldisc *ldisc, unsigned flag) { return ldisc->termios.c_lflag & flag; }
static bool input_flag(const struct ldisc *ldisc, unsigned flag) { return ldisc->termios.c_iflag & flag; }

// Is byte this control character? 0 in c_cc disables it.
static bool is(const struct ldisc *ldisc, uint8_t byte, unsigned index)
{
    return byte != 0 && byte == ldisc->termios.c_cc[index];
}

static void store(struct ldisc *ldisc, uint8_t byte)
{
    if (ldisc->head - ldisc->tail < LDISC_INPUT)
        *at(ldisc, ldisc->head++) = byte;
}

static void end_line(struct ldisc *ldisc, uint8_t byte)
{
    mark(ldisc, ldisc->head);
    store(ldisc, byte);
    ldisc->line_head = ldisc->head;
    ldisc->lines++;
}

static void finish_erasing(struct ldisc *ldisc)
{
    if (!ldisc->erasing)
        return;
    ldisc->erasing = false;
    ldisc_echo_raw(ldisc, '/');
}

// --- editing

static bool in_word(uint8_t byte)
{
    bool ascii = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    return ascii || byte == '_' || (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

static void echo_erased_tab(struct ldisc *ldisc)
{
    unsigned columns = 0;
    bool after_tab = false;
    for (unsigned i = ldisc->head; i != ldisc->line_head && !after_tab;) {
        uint8_t byte = *at(ldisc, --i);
        if (byte == '\t')
            after_tab = true;
        else if (ldisc_control(byte))
            columns += local(ldisc, ECHOCTL) ? 2 : 0;
        else
            columns += ldisc_continues(ldisc, byte) ? 0 : 1;
    }
    ldisc_echo_erase_tab(ldisc, columns, after_tab);
}

static void echo_blank(struct ldisc *ldisc)
{
    ldisc_echo_raw(ldisc, '\b');
    ldisc_echo_raw(ldisc, ' ');
    ldisc_echo_raw(ldisc, '\b');
}

// Shows that the character at head, `length` bytes that begin with `byte`, is gone.
static void echo_erased(struct ldisc *ldisc, uint8_t byte, unsigned length, bool one)
{
    if (local(ldisc, ECHOPRT)) {
        if (!ldisc->erasing)
            ldisc_echo_raw(ldisc, '\\');
        ldisc->erasing = true;
        ldisc_echo(ldisc, byte);
        for (unsigned i = 1; i < length; i++)
            ldisc_echo_raw(ldisc, *at(ldisc, ldisc->head + i));
    } else if (one && !local(ldisc, ECHOE)) {
        ldisc_echo(ldisc, ldisc->termios.c_cc[VERASE]);
    } else if (byte == '\t') {
        echo_erased_tab(ldisc);
    } else {
        if (ldisc_control(byte) && local(ldisc, ECHOCTL))
            echo_blank(ldisc);
        if (!ldisc_control(byte) || local(ldisc, ECHOCTL))
            echo_blank(ldisc);
    }
}

enum erase { ERASE_CHARACTER, ERASE_WORD, ERASE_LINE };

static void erase(struct ldisc *ldisc, enum erase what)
{
    bool seen_word = false;
    while (ldisc->head != ldisc->line_head) {
        unsigned first = ldisc->head;
        do
            first--;
        while (ldisc_continues(ldisc, *at(ldisc, first)) && first != ldisc->line_head);
        uint8_t byte = *at(ldisc, first);
        if (ldisc_continues(ldisc, byte))
            break; // never half a character
        if (what == ERASE_WORD && in_word(byte))
            seen_word = true;
        else if (what == ERASE_WORD && seen_word)
            break;
        unsigned length = ldisc->head - first;
        ldisc->head = first;
        if (local(ldisc, ECHO))
            echo_erased(ldisc, byte, length, what == ERASE_CHARACTER);
        if (what == ERASE_CHARACTER)
            break;
    }
    if (ldisc->head == ldisc->line_head && local(ldisc, ECHO))
        finish_erasing(ldisc);
}

static void kill_line(struct ldisc *ldisc)
{
    if (ldisc->head == ldisc->line_head)
        return;
    unsigned visible = ECHOK | ECHOKE | ECHOE;
    if (local(ldisc, ECHO) && (ldisc->termios.c_lflag & visible) == visible) {
        erase(ldisc, ERASE_LINE);
        return;
    }
    ldisc->head = ldisc->line_head;
    if (!local(ldisc, ECHO))
        return;
    finish_erasing(ldisc);
    ldisc_echo(ldisc, ldisc->termios.c_cc[VKILL]);
    if (local(ldisc, ECHOK))
        ldisc_echo_raw(ldisc, '\n');
}

static void reprint(struct ldisc *ldisc, uint8_t byte)
{
    finish_erasing(ldisc);
    ldisc_echo(ldisc, byte);
    ldisc_echo_raw(ldisc, '\n');
    for (unsigned i = ldisc->line_head; i != ldisc->head; i++)
        ldisc_echo(ldisc, *at(ldisc, i));
}

// --- one byte

static void echo_typed(struct ldisc *ldisc, uint8_t byte)
{
    if (ldisc->line_head == ldisc->head)
        ldisc->line_column = ldisc->column;
    ldisc_echo(ldisc, byte);
}

static void store_typed(struct ldisc *ldisc, uint8_t byte)
{
    if (byte == 0xff && input_flag(ldisc, PARMRK))
        store(ldisc, byte);
    store(ldisc, byte);
}

static void receive_plain(struct ldisc *ldisc, uint8_t byte)
{
    if (local(ldisc, ECHO)) {
        finish_erasing(ldisc);
        if (byte == '\n' && !ldisc->literal_next)
            ldisc_echo_raw(ldisc, byte);
        else
            echo_typed(ldisc, byte);
    }
    ldisc->literal_next = false;
    store_typed(ldisc, byte);
}

static void receive_signal(struct ldisc *ldisc, uint8_t byte, int signal)
{
    if (!local(ldisc, NOFLSH)) {
        ldisc_flush_output(ldisc);
        ldisc_flush_input(ldisc);
    }
    if (ldisc->signal)
        ldisc->signal(ldisc, signal);
    if (input_flag(ldisc, IXON))
        ldisc_start(ldisc);
    if (local(ldisc, ECHO))
        ldisc_echo(ldisc, byte);
}

// Flow control and signals. -> true: the byte is used up
static bool receive_control(struct ldisc *ldisc, uint8_t byte)
{
    if (input_flag(ldisc, IXON) && is(ldisc, byte, VSTART)) {
        ldisc_start(ldisc);
        return true;
    }
    if (input_flag(ldisc, IXON) && is(ldisc, byte, VSTOP)) {
        ldisc_stop(ldisc);
        return true;
    }
    if (!local(ldisc, ISIG))
        return false;
    int signal = is(ldisc, byte, VINTR)   ? SIGINT
                 : is(ldisc, byte, VQUIT) ? SIGQUIT
                 : is(ldisc, byte, VSUSP) ? SIGTSTP
                                          : 0;
    if (signal)
        receive_signal(ldisc, byte, signal);
    return signal != 0;
}

static void receive_literal_next(struct ldisc *ldisc)
{
    ldisc->literal_next = true;
    if (!local(ldisc, ECHO))
        return;
    finish_erasing(ldisc);
    if (local(ldisc, ECHOCTL)) {
        ldisc_echo_raw(ldisc, '^');
        ldisc_echo_raw(ldisc, '\b');
    }
}

// Ends of lines. -> true: the byte was one
static bool receive_line_end(struct ldisc *ldisc, uint8_t byte)
{
    if (byte == '\n') {
        if (local(ldisc, ECHO | ECHONL))
            ldisc_echo_raw(ldisc, '\n');
        end_line(ldisc, byte);
        return true;
    }
    if (is(ldisc, byte, VEOF)) {
        end_line(ldisc, END_OF_FILE);
        return true;
    }
    if (!is(ldisc, byte, VEOL) && !(is(ldisc, byte, VEOL2) && local(ldisc, IEXTEN)))
        return false;
    if (local(ldisc, ECHO))
        echo_typed(ldisc, byte);
    if (byte == 0xff && input_flag(ldisc, PARMRK))
        store(ldisc, byte);
    end_line(ldisc, byte);
    return true;
}

// Editing characters and ends of lines. -> true: the byte is used up
static bool receive_canonical(struct ldisc *ldisc, uint8_t byte)
{
    bool extended = local(ldisc, IEXTEN);
    if (is(ldisc, byte, VERASE))
        erase(ldisc, ERASE_CHARACTER);
    else if (is(ldisc, byte, VKILL))
        kill_line(ldisc);
    else if (extended && is(ldisc, byte, VWERASE))
        erase(ldisc, ERASE_WORD);
    else if (extended && is(ldisc, byte, VLNEXT))
        receive_literal_next(ldisc);
    else if (extended && local(ldisc, ECHO) && is(ldisc, byte, VREPRINT))
        reprint(ldisc, byte);
    else
        return receive_line_end(ldisc, byte);
    return true;
}

static void receive_byte(struct ldisc *ldisc, uint8_t byte)
{
    if (input_flag(ldisc, ISTRIP))
        byte &= 0x7f;
    if (input_flag(ldisc, IUCLC) && local(ldisc, IEXTEN) && byte >= 'A' && byte <= 'Z')
        byte = (uint8_t)(byte - 'A' + 'a');
    if (local(ldisc, EXTPROC)) {
        store(ldisc, byte);
        return;
    }
    if (!ldisc->literal_next && receive_control(ldisc, byte))
        return;
    if (ldisc->stopped && !ldisc->held && input_flag(ldisc, IXON) && input_flag(ldisc, IXANY))
        ldisc_start(ldisc);
    if (ldisc->literal_next) {
        receive_plain(ldisc, byte);
        return;
    }
    if (byte == '\r') {
        if (input_flag(ldisc, IGNCR))
            return;
        if (input_flag(ldisc, ICRNL))
            byte = '\n';
    } else if (byte == '\n' && input_flag(ldisc, INLCR)) {
        byte = '\r';
    }
    if (local(ldisc, ICANON) && receive_canonical(ldisc, byte))
        return;
    receive_plain(ldisc, byte);
}

// Bytes that surely fit. One place stays free for the end of a line.
static int room(const struct ldisc *ldisc)
{
    int free = (int)(LDISC_INPUT - (ldisc->head - ldisc->tail));
    if (input_flag(ldisc, PARMRK))
        free = (free + 2) / 3;
    return free - 1;
}

// A canonical line without an end takes the whole ring: its last byte is then replaced by each further one, so
// that a line end always finds a place.
static bool overflowing(const struct ldisc *ldisc)
{
    return ldisc_canonical(ldisc) && ldisc->line_head == ldisc->tail;
}

bool ldisc_has_room(const struct ldisc *ldisc) { return room(ldisc) > 0 || overflowing(ldisc); }

size_t ldisc_receive(struct ldisc *ldisc, const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    for (; done < count && ldisc_has_room(ldisc); done++) {
        if (room(ldisc) < 0)
            ldisc->head--;
        receive_byte(ldisc, bytes[done]);
    }
    return done;
}

// --- readers

bool ldisc_readable(const struct ldisc *ldisc, unsigned least)
{
    if (ldisc_canonical(ldisc))
        return ldisc->line_head != ldisc->tail;
    return ldisc->head - ldisc->tail >= least;
}

static size_t read_line(struct ldisc *ldisc, uint8_t *to, size_t count, bool *end)
{
    size_t done = 0;
    while (done < count && ldisc->tail != ldisc->line_head && !*end) {
        bool last = marked(ldisc, ldisc->tail);
        bool end_of_file = last && *at(ldisc, ldisc->tail) == END_OF_FILE;
        if (!end_of_file)
            to[done++] = *at(ldisc, ldisc->tail);
        if (last)
            unmark(ldisc, ldisc->tail);
        ldisc->tail++;
        *end = last;
    }
    return done;
}

size_t ldisc_read(struct ldisc *ldisc, uint8_t *to, size_t count, bool *end)
{
    *end = false;
    if (ldisc_canonical(ldisc))
        return read_line(ldisc, to, count, end);
    size_t done = 0;
    while (done < count && ldisc->tail != ldisc->head)
        to[done++] = *at(ldisc, ldisc->tail++);
    if ((int)(ldisc->line_head - ldisc->tail) < 0)
        ldisc->line_head = ldisc->tail;
    return done;
}

void ldisc_skip_end_of_file(struct ldisc *ldisc)
{
    if (!ldisc_canonical(ldisc) || ldisc->tail == ldisc->line_head)
        return;
    if (!marked(ldisc, ldisc->tail) || *at(ldisc, ldisc->tail) != END_OF_FILE)
        return;
    unmark(ldisc, ldisc->tail);
    ldisc->tail++;
}

unsigned ldisc_input_count(const struct ldisc *ldisc)
{
    if (!ldisc_canonical(ldisc))
        return ldisc->head - ldisc->tail;
    unsigned count = 0;
    for (unsigned i = ldisc->tail; i != ldisc->line_head; i++)
        if (!marked(ldisc, i) || ldisc->input[i % LDISC_INPUT] != END_OF_FILE)
            count++;
    return count;
}

void ldisc_flush_input(struct ldisc *ldisc)
{
    ldisc->head = ldisc->line_head = ldisc->tail = 0;
    memset(ldisc->marks, 0, sizeof(ldisc->marks));
    ldisc->literal_next = ldisc->erasing = false;
    ldisc->packet_events |= TIOCPKT_FLUSHREAD;
}

void ldisc_set_termios(struct ldisc *ldisc, const struct linux_termios2 *termios)
{
    struct linux_termios2 old = ldisc->termios;
    ldisc->termios = *termios;
    if ((old.c_lflag ^ termios->c_lflag) & (ICANON | EXTPROC)) {
        memset(ldisc->marks, 0, sizeof(ldisc->marks));
        bool line = local(ldisc, ICANON) && ldisc->head != ldisc->tail;
        if (line)
            mark(ldisc, ldisc->head - 1);
        ldisc->line_head = line ? ldisc->head : ldisc->tail;
        ldisc->erasing = ldisc->literal_next = false;
    }
    if ((old.c_iflag & IXON) && !(termios->c_iflag & IXON) && !ldisc->held)
        ldisc_start(ldisc);
}
