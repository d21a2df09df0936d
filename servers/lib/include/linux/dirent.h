// SPDX-License-Identifier: MIT
// Records of getdents(2), getdents64(2) and i386's old readdir(2).
#pragma once

#include <stdint.h>

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

// The type is in the record's last byte.
struct linux_dirent {
    unsigned long d_ino, d_off;
    uint16_t d_reclen;
    char d_name[];
};
