// SPDX-License-Identifier: MIT
// The log ring: kernel and servers append text, root reads it. Goes to the early console too when the boot
// argument `log` asks for it; its end always when the machine stops because something failed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_append(const char *text, size_t length);
size_t log_read(uint64_t position, char *to, size_t length, uint64_t *next);
void log_to_console(bool on);
// From now on to the console, beginning with the last that did not go there yet.
void log_show(void);
