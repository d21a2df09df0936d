// SPDX-License-Identifier: MIT
// Byte channels of drivers that are no terminals: virtio-serial ports as /dev/virtio-ports/NAME.
#pragma once

#include "file.h"

int ports_start(void); // asks the driver for its ports, makes their nodes. -> 0 or error
void ports_sync(void); // on a fiber: returns when all written bytes have left
