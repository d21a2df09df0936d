// SPDX-License-Identifier: MIT
// Shortage of frames: calls that wait for memory.
#pragma once

struct client;

int shortage_init(void);
void shortage_wait(struct client *client); // a parked call: tried again when pm has seen to memory
