// SPDX-License-Identifier: MIT
// i386 part of struct task. entry.S knows these offsets (offsets.h, checked in task.c).
#pragma once

#include <arch/types.h>

#define TLS_ENTRIES 3 // GDT entries 6..8, as Linux has them

#define FPU_STATE_SIZE 512 // FXSAVE area
#define FPU_STATE_ALIGN 16

struct arch_task {
    struct user_frame frame; // first: what the task enters the kernel with and leaves it through
    void (*leave)(
        void); // entry.S: how it goes on: leave_sysexit, leave_landing, leave_iret, leave_kernel, ret_from_fork
    void (*enter)(void);          // and what sysenter means: sysenter_native or sysenter_landing
    uint32_t landing;             // where the latter goes on
    uint32_t kernel_sp;           // kernel threads: stack pointer below the registers saved there
    uint32_t tls[TLS_ENTRIES][2]; // segment descriptors
    bool fpu_used;                // fpu_room holds a state, or the FPU does (cpu->arch.fpu_owner)
    uint8_t fpu_room[FPU_STATE_SIZE + FPU_STATE_ALIGN - 1]; // aligned by fpu_area()
};
