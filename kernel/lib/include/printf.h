// SPDX-License-Identifier: MIT
// snprintf for kernel and servers: %d %i %u %x %X %o %c %s %p %%, flags - 0 + space #, width, precision, and
// lengths hh h l ll z t j. No floating point. Source: kernel/lib/printf.c.
#pragma once

#include <stdarg.h>
#include <stddef.h>

int vsnprintf(char *to, size_t size, const char *format, va_list args);
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
