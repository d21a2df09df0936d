// SPDX-License-Identifier: MIT
// Checks that names.c and rename.c share.
#pragma once

#include "path.h"

struct inode;

int call_lookup_parent(struct client *caller, int dirfd, unsigned long name, struct path *directory,
                       struct last *last);
int names_may_change(struct client *caller, const struct path *directory);
int names_may_remove(struct client *caller, const struct path *directory, const struct inode *victim);
void name_remove(struct dentry *dentry);
