// SPDX-License-Identifier: MIT
// Reading the initial archive: one or more cpio archives (newc) one after another.
#pragma once

#include <stddef.h>

struct archive_file {
    const char *data;
    size_t size;
};

// Notes what is in directory boot of the archive, which must stay where it is.
void archive_read(const char *archive, size_t size);

// Finds a file of those by its path without leading slash; a later archive's file wins. -> 0, -ENOENT
int archive_find(const char *path, struct archive_file *file);
