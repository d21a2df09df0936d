// SPDX-License-Identifier: MIT
// Pipes and fifos.
#pragma once

#include "file.h"

extern const struct file_operations pipe_operations;

// A fifo's file gets its end of the pipe. -> 0, -ENXIO (nonblocking writer without reader), -ENOMEM
int fifo_open(struct client *caller, struct file *file);
// After open: waits for the other end if it must. -> 0: no need; NO_REPLY: parked, owns the file; else an error
long fifo_wait(struct client *caller, struct file *file, unsigned flags);
long pipe_size(const struct file *file); // F_GETPIPE_SZ: bytes, -EBADF if not a pipe
long pipe_resize(struct client *caller, struct file *file, unsigned long size);
