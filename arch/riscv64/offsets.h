// SPDX-License-Identifier: MIT
// riscv64: offsets that assembly uses, each asserted against its structure in task.c.
#pragma once

#define FRAME_PC 0
#define FRAME_X(n) (8 * (n)) // x1..x31
#define FRAME_ORIG_A0 256
#define FRAME_NUMBER 264
#define TASK_CPU 272
#define TASK_STATUS 280
#define TASK_ROUTES 600

#define CPU_STACK 0
#define CPU_FAULT_STACK 8
#define CPU_SCRATCH 16
#define CPU_FAULT_FRAME 24
#define CPU_CURRENT 344
