// SPDX-License-Identifier: MIT
// What /proc/cpuinfo says of one CPU; its lines differ between architectures. arch/<arch>/user/cpuinfo.c
#pragma once

#include <stddef.h>

void cpuinfo_text(char *to, size_t size);
