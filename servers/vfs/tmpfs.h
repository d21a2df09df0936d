// SPDX-License-Identifier: MIT
// tmpfs: regular files whose pages are a kernel memory object, paid by the tmpfs quota.
#pragma once

#include <stdint.h>
#include "file.h"

extern const struct file_system_type tmpfs_type, devtmpfs_type;
extern const struct file_operations tmpfs_file_operations;
extern handle_t tmpfs_quota;

void tmpfs_release(struct inode *inode);
uint64_t tmpfs_resident(struct inode *inode); // pages
// Changes the size; bytes beyond an old end read as zero. -> 0, -ENOSPC
int tmpfs_truncate(struct inode *inode, uint64_t size);
// The object with the file's pages, made if there is none yet. -> 0, -ENOSPC
int tmpfs_memory(struct inode *inode);
// Makes the object large enough for `size` bytes. -> 0, -ENOSPC
int tmpfs_reserve(struct inode *inode, uint64_t size);
// Gives every page of [offset, end) a frame if all find room; beyond the file's end only if it is to grow.
// -> 0, -ENOSPC
int tmpfs_allocate(struct inode *inode, uint64_t offset, uint64_t end, bool grow);
int tmpfs_punch(struct inode *inode, uint64_t offset,
                uint64_t length); // reads as zeroes; whole pages are freed
// Where the first data or hole at or after offset begins. -> 0, -ENXIO
int tmpfs_seek(const struct inode *inode, uint64_t offset, bool hole, uint64_t *target);
bool tmpfs_mapped_writable(const struct inode *inode); // shared
