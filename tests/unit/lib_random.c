// SPDX-License-Identifier: MIT
// The servers' random numbers: the cipher's published key stream, erased keys, stirring.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <random.h>

static const uint8_t zero[RANDOM_SEED_BYTES];

// RFC 8439, A.1, test vector 2: key 0, nonce 0, block 1. Block 0 is the next key.
static void published_stream(void **state)
{
    static const uint8_t expected[64] = {
        0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
        0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed,
        0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5,
        0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f,
    };
    uint8_t out[64];
    random_init(zero);
    random_bytes(out, sizeof out);
    assert_memory_equal(out, expected, sizeof out);
    random_init(zero);
    random_bytes(out, 5); // a part of a block
    assert_memory_equal(out, expected, 5);
}

// The same key gives the same bytes; no request repeats one before it, whatever its length.
static void key_is_erased(void **state)
{
    uint8_t first[200], second[200], again[200];
    random_init(zero);
    random_bytes(first, sizeof first);
    random_bytes(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    random_init(zero);
    random_bytes(again, 1); // one key is used up by a request of any length
    random_bytes(again, sizeof again);
    assert_memory_equal(again, second, sizeof again);
}

// Small requests share a block of the stream and have different parts of it.
static void small_requests_follow_one_another(void **state)
{
    uint8_t whole[192], parts[192], before[16] = { 0 }, next[16];
    random_init(zero);
    random_bytes(whole, sizeof whole);
    random_init(zero);
    for (size_t at = 0; at < sizeof parts; at += 16)
        random_bytes(&parts[at], 16);
    assert_memory_equal(parts, whole, sizeof whole);
    for (int i = 0; i < 100; i++) {
        random_bytes(next, sizeof next);
        assert_memory_not_equal(next, before, sizeof next);
        memcpy(before, next, sizeof before);
    }
}

static void stirring_changes_what_follows(void **state)
{
    uint8_t plain[32], stirred[32], bytes[40] = { [39] = 1 };
    random_init(zero);
    random_bytes(plain, sizeof plain);
    random_init(zero);
    random_stir(bytes, sizeof bytes);
    random_bytes(stirred, sizeof stirred);
    assert_memory_not_equal(plain, stirred, sizeof plain);
    random_init(zero);
    random_bytes(plain, 1); // what is pooled already does not go past the stirring
    random_stir(bytes, sizeof bytes);
    random_bytes(plain, sizeof plain);
    assert_memory_not_equal(plain, stirred, sizeof plain);
    random_init(zero);
    random_stir(bytes, 39); // without the last byte
    random_bytes(plain, sizeof plain);
    assert_memory_not_equal(plain, stirred, sizeof plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_stream),
        cmocka_unit_test(key_is_erased),
        cmocka_unit_test(small_requests_follow_one_another),
        cmocka_unit_test(stirring_changes_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
