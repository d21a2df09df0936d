// SPDX-License-Identifier: MIT
// The line discipline: canonical editing, echoes, end of file, signals, flow control, output processing.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../servers/vfs/ldisc.h"

static struct ldisc tty;
static int signalled;

static void on_signal(struct ldisc *ldisc, int signal) { signalled = signal; }

static int setup(void **state)
{
    ldisc_init(&tty);
    tty.signal = on_signal;
    signalled = 0;
    return 0;
}

static void type(const char *text)
{
    assert_int_equal(ldisc_receive(&tty, (const uint8_t *)text, strlen(text)), strlen(text));
}

static void expect_output(const char *text)
{
    uint8_t buffer[LDISC_OUTPUT + 1];
    size_t length = ldisc_output(&tty, buffer, LDISC_OUTPUT);
    buffer[length] = 0;
    assert_string_equal((char *)buffer, text);
}

static void expect_read(const char *text, size_t limit)
{
    uint8_t buffer[LDISC_INPUT + 1];
    bool end;
    assert_true(ldisc_readable(&tty, 1));
    size_t length = ldisc_read(&tty, buffer, limit, &end);
    buffer[length] = 0;
    assert_string_equal((char *)buffer, text);
}

static void set_flags(unsigned lflag_set, unsigned lflag_clear)
{
    struct linux_termios2 termios = tty.termios;
    termios.c_lflag = (termios.c_lflag | lflag_set) & ~lflag_clear;
    ldisc_set_termios(&tty, &termios);
}

static void test_line(void **state)
{
    type("hel");
    assert_false(ldisc_readable(&tty, 1));
    type("lo\rnext");
    assert_int_equal(ldisc_input_count(&tty), 6);
    expect_read("hello\n", 100);
    assert_false(ldisc_readable(&tty, 1));
    expect_output("hello\r\nnext");
}

static void test_short_reads(void **state)
{
    type("abcdef\n");
    expect_read("abc", 3);
    expect_read("def\n", 100);
    type("one\ntwo\n");
    expect_read("one\n", 100); // a read never crosses a line
    expect_read("two\n", 100);
}

static void test_erase(void **state)
{
    type("ab\x7f\x7f\x7fx");
    expect_output("ab\b \b\b \bx");
    type("\n");
    expect_read("x\n", 10);
}

static void test_erase_control_and_tab(void **state)
{
    type("a\x01\x7f");
    expect_output("a^A\b \b\b \b");
    type("\t\x7f"); // from column 1 to 8: seven back
    expect_output("\t\b\b\b\b\b\b\b");
    assert_int_equal(tty.column, 1);
}

static void test_erase_utf8(void **state)
{
    struct linux_termios2 termios = tty.termios;
    termios.c_iflag |= IUTF8;
    ldisc_set_termios(&tty, &termios);
    type("a\xc3\xa4\x7f\n");
    expect_read("a\n", 10);
    expect_output("a\xc3\xa4\b \b\r\n");
}

static void test_word_and_kill(void **state)
{
    type("one two-x  \x17");
    expect_output("one two-x  \b \b\b \b\b \b");
    type("\x15z\n");
    expect_output("\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \bz\r\n");
    expect_read("z\n", 10);
}

static void test_kill_without_echoke(void **state)
{
    set_flags(0, ECHOKE);
    type("ab\x15");
    expect_output("ab^U\r\n");
    set_flags(0, ECHO);
    type("cd\x15"
         "e\n");
    expect_output("");
    expect_read("e\n", 10);
}

static void test_echoprt(void **state)
{
    set_flags(ECHOPRT, 0);
    type("abc\x7f\x7fx\n");
    expect_output("abc\\cb/x\r\n");
    expect_read("ax\n", 10);
}

static void test_end_of_file(void **state)
{
    type("\x04");
    expect_read("", 10);
    type("ab\x04");
    expect_read("ab", 10);
    assert_false(ldisc_readable(&tty, 1));
    type("ab\x04"); // the end of file behind a read that is exactly full belongs to it
    expect_read("ab", 2);
    ldisc_skip_end_of_file(&tty);
    assert_false(ldisc_readable(&tty, 1));
    type("ab\x04");
    assert_int_equal(ldisc_input_count(&tty), 2);
}

static void test_literal_next(void **state)
{
    type("\x16\x03\x16\x04\x16\n.\n");
    assert_int_equal(signalled, 0);
    expect_read("\x03\x04\n.\n", 10);
    expect_output("^\b^C^\b^D^\b^J.\r\n");
}

static void test_reprint(void **state)
{
    type("ab\x12");
    expect_output("ab^R\r\nab");
}

static void test_signals(void **state)
{
    type("abc\x03");
    assert_int_equal(signalled, 2);
    expect_output("^C"); // what was waiting is thrown away
    type("x\n");
    expect_read("x\n", 10);
    type("\x1a");
    assert_int_equal(signalled, 20);
    type("\x1c");
    assert_int_equal(signalled, 3);
    set_flags(NOFLSH, 0);
    type("ab\x03"
         "c\n");
    expect_read("abc\n", 10);
    set_flags(0, ISIG);
    signalled = 0;
    type("\x03\n");
    assert_int_equal(signalled, 0);
    expect_read("\x03\n", 10);
}

static void test_flow_control(void **state)
{
    type("\x13");
    assert_int_equal(ldisc_write(&tty, (const uint8_t *)"out", 3), 3);
    expect_output("");
    type("a"); // not IXANY
    expect_output("");
    type("\x11");
    expect_output("outa");
    struct linux_termios2 termios = tty.termios;
    termios.c_iflag |= IXANY;
    ldisc_set_termios(&tty, &termios);
    type("\x13z");
    expect_output("z");
    type("\x13");
    termios.c_iflag &= ~IXON;
    ldisc_set_termios(&tty, &termios);
    type("\x13");
    expect_output("^S");
}

static void test_input_flags(void **state)
{
    struct linux_termios2 termios = tty.termios;
    termios.c_iflag = ISTRIP | INLCR | IUCLC;
    ldisc_set_termios(&tty, &termios);
    type("\xc1"
         "B\n");
    assert_false(ldisc_readable(&tty, 1));
    termios.c_iflag = IGNCR;
    ldisc_set_termios(&tty, &termios);
    type("\rx\n");
    expect_read("ab\rx\n", 10);
}

static void test_long_line(void **state)
{
    static uint8_t line[LDISC_INPUT + 100];
    memset(line, 'a', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    set_flags(0, ECHO);
    assert_int_equal(ldisc_receive(&tty, line, sizeof(line)), sizeof(line));
    assert_int_equal(ldisc_input_count(&tty), LDISC_INPUT);
    assert_false(ldisc_has_room(&tty)); // a line is there: flow control from here on
    bool end;
    static uint8_t back[LDISC_INPUT];
    assert_int_equal(ldisc_read(&tty, back, sizeof(back), &end), LDISC_INPUT);
    assert_true(end);
    assert_int_equal(back[LDISC_INPUT - 1], '\n');
    assert_true(ldisc_has_room(&tty));
}

static void test_raw(void **state)
{
    set_flags(0, ICANON | ECHO | ISIG);
    static uint8_t bytes[LDISC_INPUT + 100];
    assert_int_equal(ldisc_receive(&tty, bytes, 2), 2);
    assert_true(ldisc_readable(&tty, 2));
    assert_false(ldisc_readable(&tty, 3));
    assert_int_equal(ldisc_receive(&tty, bytes, sizeof(bytes)), LDISC_INPUT - 3);
    bool end;
    uint8_t back[100];
    assert_int_equal(ldisc_read(&tty, back, 100, &end), 100);
    assert_false(end);
    assert_int_equal(ldisc_receive(&tty, bytes, sizeof(bytes)), 100);
}

static void test_switch_canonical(void **state)
{
    set_flags(0, ICANON | ECHO);
    type("abc");
    set_flags(ICANON, 0);
    type("d\n");
    expect_read("abc", 10);
    expect_read("d\n", 10);
    type("part");
    set_flags(0, ICANON);
    expect_read("part", 10);
}

static void test_output(void **state)
{
    ldisc_write(&tty, (const uint8_t *)"a\nb\tc\r", 6);
    expect_output("a\r\nb\tc\r");
    struct linux_termios2 termios = tty.termios;
    termios.c_oflag = OPOST | XTABS | OCRNL | OLCUC;
    ldisc_set_termios(&tty, &termios);
    ldisc_write(&tty, (const uint8_t *)"ab\tc\r\n", 6);
    expect_output("AB      C\n\n");
    termios.c_oflag = OPOST | ONOCR;
    ldisc_set_termios(&tty, &termios);
    tty.column = 0;
    ldisc_write(&tty, (const uint8_t *)"\rx\r", 3);
    expect_output("x\r");
    termios.c_oflag = 0;
    ldisc_set_termios(&tty, &termios);
    ldisc_write(&tty, (const uint8_t *)"\n\r", 2);
    expect_output("\n\r");
}

static void test_output_full(void **state)
{
    static uint8_t bytes[LDISC_OUTPUT];
    memset(bytes, '\n', sizeof(bytes));
    size_t taken = ldisc_write(&tty, bytes, sizeof(bytes));
    assert_int_equal(taken, (LDISC_OUTPUT - LDISC_ECHO) / 2);
    assert_int_equal(ldisc_write(&tty, bytes, 1), 0);
    type("e"); // echoes still have room
    static uint8_t out[LDISC_OUTPUT];
    size_t length = ldisc_output(&tty, out, sizeof(out));
    assert_int_equal(length, 2 * taken + 1);
    assert_int_equal(out[length - 1], 'e');
}

// Whatever is typed and switched, counters stay ordered and nothing is read beyond what was typed.
static void test_random(void **state)
{
    uint32_t seed = 12345;
    size_t typed = 0, read = 0;
    for (unsigned round = 0; round < 200000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned action = seed >> 28;
        uint8_t bytes[64];
        for (unsigned i = 0; i < sizeof(bytes); i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(seed >> (seed & 0x10000 ? 24 : 27)); // control characters often
        }
        bool end;
        if (action < 10) {
            typed += 2 * ldisc_receive(&tty, bytes, seed >> 8 & 63);
        } else if (action < 14) {
            read += ldisc_read(&tty, bytes, 1 + (seed >> 8 & 31), &end);
        } else if (action == 14) {
            ldisc_output(&tty, bytes, sizeof(bytes));
        } else {
            struct linux_termios2 termios = tty.termios;
            termios.c_lflag = seed >> 4;
            termios.c_iflag = seed >> 9;
            termios.c_oflag = seed >> 13;
            ldisc_set_termios(&tty, &termios);
        }
        assert_true(tty.head - tty.tail <= LDISC_INPUT);
        assert_true(ldisc_output_count(&tty) <= LDISC_OUTPUT);
        if (ldisc_canonical(&tty))
            assert_true(tty.line_head - tty.tail <= tty.head - tty.tail);
    }
    assert_true(read <= typed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_line, setup),
        cmocka_unit_test_setup(test_short_reads, setup),
        cmocka_unit_test_setup(test_erase, setup),
        cmocka_unit_test_setup(test_erase_control_and_tab, setup),
        cmocka_unit_test_setup(test_erase_utf8, setup),
        cmocka_unit_test_setup(test_word_and_kill, setup),
        cmocka_unit_test_setup(test_kill_without_echoke, setup),
        cmocka_unit_test_setup(test_echoprt, setup),
        cmocka_unit_test_setup(test_end_of_file, setup),
        cmocka_unit_test_setup(test_literal_next, setup),
        cmocka_unit_test_setup(test_reprint, setup),
        cmocka_unit_test_setup(test_signals, setup),
        cmocka_unit_test_setup(test_flow_control, setup),
        cmocka_unit_test_setup(test_input_flags, setup),
        cmocka_unit_test_setup(test_long_line, setup),
        cmocka_unit_test_setup(test_raw, setup),
        cmocka_unit_test_setup(test_switch_canonical, setup),
        cmocka_unit_test_setup(test_output, setup),
        cmocka_unit_test_setup(test_output_full, setup),
        cmocka_unit_test_setup(test_random, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
