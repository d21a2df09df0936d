// SPDX-License-Identifier: MIT
// Character device protocol between vfs (caller) and drivers (console, virtio-serial). All calls are native
// calls to the driver's port.
#pragma once

// args[0] is always the unit: which of the driver's devices, counted from 0.
enum device_request {
    DEVICE_INFO =
        1, // writable window: the unit's name ("console", "org.pando.stdin"), NUL-terminated -> 0, ENODEV past
           // the last; answered once the driver knows its devices
    DEVICE_READ,  // writable window: where bytes go; parked until at least one byte is there
                  // -> bytes; 0: end of file (host side closed)
    DEVICE_WRITE, // readable window: bytes; answered when at least one was taken -> bytes
    DEVICE_DRAIN, // answered when everything written has left
    DEVICE_SIZE,  // -> 0; args {rows, columns}; 0 unknown
};
