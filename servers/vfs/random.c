// SPDX-License-Identifier: MIT
// /dev/random and /dev/urandom: ChaCha20 (RFC 8439) keyed with the entropy that root gave us. After each request the
// key is replaced by output, so that what was handed out cannot be computed later.

#include <kernel.h>
#include <server.h>
#include <string.h>
#include "dev.h"

static uint32_t key[8];
static uint32_t counter;

static uint32_t rotate(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(uint32_t out[16])
{
    uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    memcpy(start + 4, key, sizeof(key));
    start[12] = counter++;
    memcpy(out, start, sizeof(start));
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4; i++)
            quarter(out, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++)
            quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] += start[i];
}

static void renew_key(void)
{
    uint32_t out[16];
    block(out);
    memcpy(key, out, sizeof(key));
    counter = 0;
}

void random_init(void)
{
    memcpy(key, start_page->entropy, sizeof(key));
    renew_key();
}

void random_fill(void *to, size_t length)
{
    char *at = to;
    while (length > 0) {
        uint32_t out[16];
        block(out);
        size_t part = length < sizeof(out) ? length : sizeof(out);
        memcpy(at, out, part);
        at += part;
        length -= part;
    }
    renew_key();
}

long random_read(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    uint32_t buffer[256];
    while (transfer->left > 0) {
        random_fill(buffer, sizeof(buffer));
        long got = transfer_out(transfer, buffer, sizeof(buffer));
        if (got < 0)
            return got;
    }
    return 0;
}

long random_write(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    while (transfer->left > 0) {
        uint32_t stirred[8] = { 0 };
        long got = transfer_in(transfer, stirred, sizeof(stirred));
        if (got < 0)
            return got;
        for (unsigned i = 0; i < 8; i++)
            key[i] ^= stirred[i];
        renew_key();
    }
    return 0;
}
