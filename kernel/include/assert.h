// SPDX-License-Identifier: MIT
// Kernel assertions (on in every build), panic and build-time checks.
#pragma once

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define assert(condition)                                                                                    \
    do {                                                                                                     \
        if (!__builtin_expect(!!(condition), 1))                                                             \
            panic("%s:%d: assertion %s", __FILE__, __LINE__, #condition);                                    \
    } while (0)
