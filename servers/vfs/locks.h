// SPDX-License-Identifier: MIT
// Advisory locks: POSIX record locks (owner: a descriptor table), OFD locks and flock (owner: an open file).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct client;
struct file;
struct files;
struct inode;

void locks_free(struct inode *inode);
void locks_file_gone(struct file *file);                                 // the last reference went
void locks_files_closed(struct inode *inode, const struct files *files); // a descriptor was closed
long locks_fcntl(struct client *caller, struct file *file, unsigned command, const unsigned long args[6]);
