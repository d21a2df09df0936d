// SPDX-License-Identifier: MIT
// poll, select and epoll: what other files must tell them.
#pragma once

struct file;

void poll_file_gone(struct file *file); // epoll items of a file whose last reference goes
