// SPDX-License-Identifier: MIT
// Descriptors that the delaying server answers itself, for programs that measure it. Descriptor
// DELAY_DESCRIPTOR + N is counter N. On real Linux, and without the server, they are EBADF.
#pragma once

#include <stdint.h>

#define DELAY_DESCRIPTOR 0x0d000000
#define DELAY_COUNTERS 64
// write: 4 bytes, the number of writes so far; counts it -> 4. read: the number of reads so far, counted -> 4.
// read of DELAY_REPORT + N: struct delay_report, at once. write to it: the counter starts again.
#define DELAY_REPORT (DELAY_DESCRIPTOR + DELAY_COUNTERS)

struct delay_report {
    uint32_t writes, reads;
    uint32_t wrong; // writes that did not carry the next number: one before was lost, or came twice
    uint32_t held;  // traps in the server's hands, of everybody
    uint32_t early, late, ended,
        passed; // cancels answered at once, ignored; traps whose task died; passed on
};
