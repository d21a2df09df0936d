// SPDX-License-Identifier: MIT
// The fake machine's page-table entries are i386's: 64 bits, with a write bit in inner entries.
#pragma once

#include "../../../arch/i386/include/arch/pte.h"
