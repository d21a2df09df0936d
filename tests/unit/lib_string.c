// SPDX-License-Identifier: MIT
// kernel/lib/string.c, under other names, since the host's functions of these names belong to the sanitizers.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#define memcpy pando_memcpy
#define memmove pando_memmove
#define memset pando_memset
#define memcmp pando_memcmp
#define memchr pando_memchr
#define strlen pando_strlen
#define strnlen pando_strnlen
#define strcmp pando_strcmp
#define strncmp pando_strncmp
#define strchr pando_strchr
#define strrchr pando_strrchr
#define strstr pando_strstr
#define strlcpy pando_strlcpy
#define strtoul pando_strtoul
#include "../../kernel/lib/string.c"

#define SIZE 160u

static void fill(unsigned char *bytes)
{
    for (unsigned i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + 1);
}

// Every offset of both ends within a word, and lengths around the unrolled loop's.
static void copies(void **state)
{
    for (unsigned to = 0; to < 9; to++)
        for (unsigned from = 0; from < 9; from++)
            for (unsigned length = 0; length < 80; length++) {
                unsigned char source[SIZE], target[SIZE] = { 0 };
                fill(source);
                assert_ptr_equal(memcpy(target + to, source + from, length), target + to);
                for (unsigned i = 0; i < SIZE; i++) {
                    bool inside = i >= to && i < to + length;
                    assert_int_equal(target[i], inside ? source[from + i - to] : 0);
                }
            }
}

static void overlapping_moves(void **state)
{
    for (unsigned to = 0; to < 40; to++)
        for (unsigned from = 0; from < 40; from++)
            for (unsigned length = 0; length < 80; length += 7) {
                unsigned char before[SIZE], bytes[SIZE];
                fill(before);
                fill(bytes);
                memmove(bytes + to, bytes + from, length);
                for (unsigned i = 0; i < SIZE; i++) {
                    bool inside = i >= to && i < to + length;
                    assert_int_equal(bytes[i], inside ? before[from + i - to] : before[i]);
                }
            }
}

static void sets(void **state)
{
    for (unsigned at = 0; at < 9; at++)
        for (unsigned length = 0; length < 80; length++) {
            unsigned char bytes[SIZE] = { 0 };
            memset(bytes + at, 0x1a5, length);
            for (unsigned i = 0; i < SIZE; i++)
                assert_int_equal(bytes[i], i >= at && i < at + length ? 0xa5 : 0);
        }
}

static void comparisons(void **state)
{
    assert_int_equal(memcmp("abc", "abc", 3), 0);
    assert_true(memcmp("abc", "abd", 3) < 0);
    assert_true(memcmp("\377", "a", 1) > 0);
    assert_int_equal(memcmp("a", "b", 0), 0);
    assert_int_equal(strcmp("", ""), 0);
    assert_true(strcmp("a", "ab") < 0);
    assert_true(strcmp("\377", "a") > 0);
    assert_int_equal(strncmp("abc", "abd", 2), 0);
    assert_true(strncmp("abc", "abd", 3) < 0);
    assert_int_equal(strncmp("ab", "ab", 10), 0);
}

static void searches(void **state)
{
    const char *s = "banana";
    assert_ptr_equal(strchr(s, 'n'), s + 2);
    assert_ptr_equal(strrchr(s, 'n'), s + 4);
    assert_ptr_equal(strchr(s, 0), s + 6);
    assert_null(strchr(s, 'x'));
    assert_null(strrchr(s, 'x'));
    assert_ptr_equal(strstr(s, "nan"), s + 2);
    assert_ptr_equal(strstr(s, ""), s);
    assert_null(strstr(s, "nab"));
    assert_ptr_equal(memchr(s, 'n', 6), s + 2);
    assert_null(memchr(s, 'n', 2));
    assert_int_equal(strnlen(s, 3), 3);
    assert_int_equal(strnlen(s, 30), 6);
}

static void bounded_copy(void **state)
{
    char out[4] = "???";
    assert_int_equal(strlcpy(out, "ab", sizeof out), 2);
    assert_int_equal(strcmp(out, "ab"), 0);
    assert_int_equal(strlcpy(out, "abcdef", sizeof out), 6);
    assert_int_equal(strcmp(out, "abc"), 0);
    assert_int_equal(strlcpy(out, "x", 0), 1);
    assert_int_equal(strcmp(out, "abc"), 0);
}

static void numbers(void **state)
{
    char *end;
    assert_int_equal(strtoul("123x", &end, 10), 123);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtoul("0x1fG", &end, 0), 0x1f);
    assert_int_equal(*end, 'G');
    assert_int_equal(strtoul("0x1f", NULL, 16), 0x1f);
    assert_int_equal(strtoul("ff", NULL, 16), 0xff);
    assert_int_equal(strtoul("0755", NULL, 0), 0755);
    assert_int_equal(strtoul("0xz", &end, 0), 0);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtoul("", &end, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),      cmocka_unit_test(overlapping_moves), cmocka_unit_test(sets),
        cmocka_unit_test(comparisons), cmocka_unit_test(searches),          cmocka_unit_test(bounded_copy),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
