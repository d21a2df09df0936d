// SPDX-License-Identifier: MIT
// The log ring. Positions count all bytes ever written, so a reader notices what it has missed.
#include <arch.h>
#include <log.h>
#include <printf.h>

#define RING 65536u
#define SHOWN_LATE 1024u // of what came before the machine stopped

static char ring[RING];
static uint64_t written;
static bool to_console;

void log_to_console(bool on) { to_console = on; }

void log_append(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        ring[written++ % RING] = text[i];
        if (to_console)
            arch_putc(text[i]);
    }
}

void log_show(void)
{
    if (to_console)
        return;
    to_console = true;
    for (uint64_t at = written > SHOWN_LATE ? written - SHOWN_LATE : 0; at < written; at++)
        arch_putc(ring[at % RING]);
}

void log_print(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_append(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

// Copies from position on, or from the oldest byte left. *next is where to go on.
size_t log_read(uint64_t position, char *to, size_t length, uint64_t *next)
{
    if (position > written)
        position = written;
    if (written - position > RING)
        position = written - RING;
    size_t count = 0;
    while (count < length && position < written)
        to[count++] = ring[position++ % RING];
    *next = position;
    return count;
}
