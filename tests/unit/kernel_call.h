// SPDX-License-Identifier: MIT
// The host: every kernel call is the fake one's.
#pragma once

long kernel_call(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
                 unsigned long number);

#define kernel_call3(a, b, c, number) kernel_call(a, b, c, 0, number)
#define kernel_call1(a, number) kernel_call(a, 0, 0, 0, number)
