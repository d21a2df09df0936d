// SPDX-License-Identifier: MIT
// ChaCha20 (RFC 8439) as a generator with key erasure: each request begins by replacing the key, so that what was
// handed out cannot be computed later. root gives every instance of a server a key of its own, made by root's own
// generator: no server can compute another's. Small requests are served from a pool, whose bytes are erased as they
// are handed out.
#include <random.h>

#include <stdint.h>
#include <string.h>

static uint32_t key[8];
static uint8_t pool[192]; // with the block that makes the next key, four blocks at a time
static size_t pooled;     // bytes at its end that nobody has had yet

_Static_assert(sizeof key == RANDOM_SEED_BYTES, "the seed is the key");

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void quarter(uint32_t *x, int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void block(uint32_t counter, uint32_t out[16])
{
    uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    memcpy(&in[4], key, sizeof key);
    in[12] = counter;
    memcpy(out, in, sizeof in);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            quarter(out, i, 4 + i, 8 + i, 12 + i);
        for (int i = 0; i < 4; i++)
            quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < 16; i++)
        out[i] += in[i];
}

void random_init(const void *seed)
{
    memcpy(key, seed, sizeof key);
    pooled = 0;
}

void random_stir(const void *bytes, size_t length)
{
    uint32_t out[16];
    for (const char *at = bytes; length > 0;) {
        uint32_t part[8] = { 0 };
        size_t n = length < sizeof part ? length : sizeof part;
        memcpy(part, at, n);
        at += n;
        length -= n;
        for (int i = 0; i < 8; i++)
            key[i] ^= part[i];
        block(0, out);
        memcpy(key, out, sizeof key);
    }
    pooled = 0;
}

static void generate(void *to, size_t length)
{
    uint32_t out[16], next_key[8];
    block(0, out);
    memcpy(next_key, out, sizeof next_key);
    for (uint32_t counter = 1; length > 0; counter++) {
        block(counter, out);
        size_t n = length < sizeof out ? length : sizeof out;
        memcpy(to, out, n);
        to = (char *)to + n;
        length -= n;
    }
    memcpy(key, next_key, sizeof key);
}

void random_bytes(void *to, size_t length)
{
    if (length > sizeof pool) {
        generate(to, length);
        return;
    }
    if (length > pooled) {
        generate(pool, sizeof pool);
        pooled = sizeof pool;
    }
    uint8_t *from = pool + sizeof pool - pooled;
    memcpy(to, from, length);
    memset(from, 0, length);
    pooled -= length;
}

unsigned long random_long(void)
{
    unsigned long value;
    random_bytes(&value, sizeof value);
    return value;
}
