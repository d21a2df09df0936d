// SPDX-License-Identifier: MIT
// Assertions of servers, on in every build: the text goes to the kernel log and the server ends; root decides
// what follows.
#pragma once

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define assert(condition)                                                                                    \
    do {                                                                                                     \
        if (!__builtin_expect(!!(condition), 1))                                                             \
            panic("%s:%d: assertion %s", __FILE__, __LINE__, #condition);                                    \
    } while (0)
