// SPDX-License-Identifier: MIT
// kernel/lib/printf.c against the host's snprintf, which knows everything it knows.
#include <stdio.h>
#define vsnprintf pando_vsnprintf
#define snprintf pando_snprintf
#include "../../kernel/lib/printf.c"
#undef vsnprintf
#undef snprintf
#include <setjmp.h>
#include <cmocka.h>

#define SAME(...)                                                                                            \
    do {                                                                                                     \
        char host_[128], ours_[128];                                                                         \
        int host_length_ = snprintf(host_, sizeof host_, __VA_ARGS__);                                       \
        int length_ = pando_snprintf(ours_, sizeof ours_, __VA_ARGS__);                                      \
        assert_string_equal(ours_, host_);                                                                   \
        assert_int_equal(length_, host_length_);                                                             \
    } while (0)

static void integers(void **state)
{
    static const long long values[] = { 0,
                                        1,
                                        -1,
                                        7,
                                        42,
                                        -42,
                                        255,
                                        65536,
                                        2147483647,
                                        -2147483648ll,
                                        4294967296ll,
                                        9223372036854775807ll,
                                        -9223372036854775807ll - 1 };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        long long v = values[i];
        SAME("%d|%i|%u|%x|%X|%o", (int)v, (int)v, (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v);
        SAME("%lld|%llu|%llx|%llo", v, v, v, v);
        SAME("%ld|%lu|%zu|%jd|%td", (long)v, (unsigned long)v, (size_t)v, (intmax_t)v, (ptrdiff_t)v);
        SAME("%hhd|%hhu|%hd|%hu", (signed char)v, (unsigned char)v, (short)v, (unsigned short)v);
        SAME("[%8d] [%-8d] [%08d] [%+d] [% d]", (int)v, (int)v, (int)v, (int)v, (int)v);
        SAME("[%.5d] [%10.5d] [%-10.5d] [%010.5d]", (int)v, (int)v, (int)v, (int)v);
        SAME("[%#x] [%#o] [%#10x] [%#010x] [%-#10x]", (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v,
             (unsigned)v);
        SAME("[%.0d] [%.0u] [%5.0x]", (int)v, (unsigned)v, (unsigned)v);
    }
}

static void text(void **state)
{
    SAME("%s|%10s|%-10s|%.2s|%10.2s|%.0s", "hello", "hello", "hello", "hello", "hello", "hello");
    SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("%%|100%%|%5d%%", 3);
    SAME("%*d|%-*d|%.*s|%*s", 5, 1, 5, 2, 3, "abcdef", -6, "x");
    SAME("%p", (void *)0x1234);
}

static void unterminated_text_needs_a_precision(void **state)
{
    char two[2] = { 'x', 'y' };
    char out[8];
    assert_int_equal(pando_snprintf(out, sizeof out, "%.2s", two), 2);
    assert_string_equal(out, "xy");
}

static void truncation(void **state)
{
    char out[5] = "????";
    assert_int_equal(pando_snprintf(out, sizeof out, "%d", 123456), 6);
    assert_string_equal(out, "1234");
    assert_int_equal(pando_snprintf(out, 1, "abc"), 3);
    assert_string_equal(out, "");
    assert_int_equal(pando_snprintf(NULL, 0, "abc"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(text),
        cmocka_unit_test(unterminated_text_needs_a_precision),
        cmocka_unit_test(truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
