// SPDX-License-Identifier: MIT
// From trap number to handler.
#pragma once

#include <linux_calls.h>
#include "client.h"

void table_build(void);                            // at start
call_handler *table_handler(unsigned long number); // NULL: ENOSYS
