// SPDX-License-Identifier: MIT
// Byte channels of drivers that are no terminals: virtio-serial ports as /dev/virtio-ports/NAME.
#pragma once

#include "file.h"

#define CHARDEV_MAJOR 250

int chardev_start(void);                                    // asks the driver for its ports. -> 0 or error
const char *chardev_name(unsigned minor);                   // NULL: no such port
int chardev_open(struct client *caller, struct file *file); // by the inode's device number
void chardev_sync(void); // on a fiber: returns when all written bytes have left
