// SPDX-License-Identifier: MIT
// vfs's calls to pm (protocol_pm_vfs.h): answered at once, waiting for nobody.
#pragma once

#include <kernel.h>

void leaf_call(const struct message *message);
