// SPDX-License-Identifier: MIT
// libfdt includes <stdlib.h>, which a freestanding compiler has not; what it uses of it is in <string.h>.
#pragma once

#include <string.h>
