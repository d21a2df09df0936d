// SPDX-License-Identifier: MIT
// Unpacking the initial archive into the root file system.
#pragma once

#include <stddef.h>

struct dentry;

// Several newc archives, one after the other with zero bytes between; "boot/..." is left out. -> 0 or an error
int cpio_unpack(const char *archive, size_t length, struct dentry *root);
