// SPDX-License-Identifier: MIT
// The freestanding part of <string.h>, for kernel and servers. Words are moved by <arch/words.h>; where both ends
// of a copy are not aligned alike and the machine wants that, each word is put together from two.
#include <string.h>
#include <arch/words.h>
#include <stdbool.h>
#include <stdint.h>

typedef unsigned long __attribute__((may_alias)) word;

#define WORD sizeof(word)
#define SHORT_COPY 32u // anything longer is worth aligning

static size_t misaligned(const void *address) { return (uintptr_t)address & (WORD - 1); }

// to is aligned, from is not; little-endian. Reads whole words, so also bytes around, but of the same pages.
static void copy_shifted(word *to, const unsigned char *from, size_t count)
{
    unsigned right = (unsigned)misaligned(from) * 8, left = WORD * 8 - right;
    const word *f = (const word *)(from - misaligned(from));
    word a = *f++;
    for (; count >= 8; count -= 8, to += 8, f += 8) {
        word b = f[0], c = f[1], d = f[2], e = f[3], g = f[4], h = f[5], i = f[6], j = f[7];
        to[0] = a >> right | b << left, to[1] = b >> right | c << left;
        to[2] = c >> right | d << left, to[3] = d >> right | e << left;
        to[4] = e >> right | g << left, to[5] = g >> right | h << left;
        to[6] = h >> right | i << left, to[7] = i >> right | j << left;
        a = j;
    }
    while (count--) {
        word b = *f++;
        *to++ = a >> right | b << left;
        a = b;
    }
}

// Apart from memcpy, so that other copies need not save the registers of copy_shifted.
static __attribute__((noinline)) void copy_misaligned(unsigned char *to, const unsigned char *from,
                                                      size_t length)
{
    for (; misaligned(to); length--)
        *to++ = *from++;
    size_t words = length / WORD;
    if (misaligned(from))
        copy_shifted((word *)to, from, words);
    else
        words_copy(to, from, words);
    to += words * WORD;
    from += words * WORD;
    for (length %= WORD; length; length--)
        *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (WORDS_UNALIGNED || !(misaligned(t) | misaligned(f))) {
        words_copy(t, f, length / WORD);
        t += length / WORD * WORD;
        f += length / WORD * WORD;
        length %= WORD;
    } else if (length >= SHORT_COPY) {
        copy_misaligned(t, f, length);
        return to;
    }
    for (; length; length--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (t <= f || t >= f + length)
        return t == f ? to : memcpy(to, from, length); // memcpy goes upward, so an overlap from below is fine
    while (length--)
        t[length] = f[length];
    return to;
}

void *memset(void *to, int byte, size_t length)
{
    unsigned char *t = to;
    word pattern = (unsigned char)byte * (~(word)0 / 255);
    for (; length && misaligned(t); length--)
        *t++ = (unsigned char)byte;
    words_fill(t, pattern, length / WORD);
    t += length / WORD * WORD;
    for (length %= WORD; length; length--)
        *t++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *x = a, *y = b;
    for (; length; length--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int byte, size_t length)
{
    for (const unsigned char *c = s; length; length--, c++)
        if (*c == (unsigned char)byte)
            return (void *)c;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return end - s;
}

size_t strnlen(const char *s, size_t limit)
{
    size_t length = 0;
    while (length < limit && s[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit; limit--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *s, int byte)
{
    for (;; s++) {
        if (*s == (char)byte)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int byte)
{
    const char *last = NULL;
    for (;; s++) {
        if (*s == (char)byte)
            last = s;
        if (!*s)
            return (char *)last;
    }
}

char *strstr(const char *s, const char *needle)
{
    size_t length = strlen(needle);
    for (; *s || !length; s++)
        if (strncmp(s, needle, length) == 0)
            return (char *)s;
    return NULL;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    if (size) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = 0;
    }
    return length;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'z')
        return (c | 32) - 'a' + 10;
    return 255;
}

// Base 0 takes 0x and 0 prefixes as in C; overflow wraps, which no caller here can meet with checked input.
unsigned long strtoul(const char *s, char **end, int base)
{
    bool hexadecimal = s[0] == '0' && (s[1] | 32) == 'x' && digit_value(s[2]) < 16;
    if ((base == 0 || base == 16) && hexadecimal) {
        s += 2;
        base = 16;
    }
    if (base == 0)
        base = *s == '0' ? 8 : 10;
    unsigned long value = 0;
    for (; digit_value(*s) < (unsigned)base; s++)
        value = value * base + digit_value(*s);
    if (end)
        *end = (char *)s;
    return value;
}
