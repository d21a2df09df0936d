// SPDX-License-Identifier: MIT
// Nothing here runs tasks.
#pragma once
