// SPDX-License-Identifier: MIT
// Making and removing names in directories.
#pragma once

#include "path.h"

// Makes a file of `mode` (umask is applied here) under a name that path_child did not find. -> 0 and a reference
int name_create(struct client *caller, const struct path *directory, const struct last *last, uint32_t mode,
                uint32_t device, struct dentry **child);
// A file without a name in the directory's file system (O_TMPFILE).
int name_temporary(struct client *caller, const struct path *directory, uint32_t mode, struct dentry **child);
