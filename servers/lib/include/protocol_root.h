// SPDX-License-Identifier: MIT
// What servers ask of root. Native calls to root's port; the badge says which server asks.
#pragma once

enum root_request {
    ROOT_POWER = 1, // args {enum power_action, status}: does not return
    ROOT_SERVERS,   // writable window: text, a line per server: name, state, restarts -> length
    ROOT_RESTART, // readable window: a server's name: it is ended as if it had failed -> 0, ENOENT, EPERM if its
                  // restart policy is `never`
};
