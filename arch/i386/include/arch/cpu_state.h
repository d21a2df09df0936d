// SPDX-License-Identifier: MIT
// i386 part of struct cpu: descriptor table, task-state segment, kernel stack, what is loaded in the CPU.
#pragma once

#include <arch/space.h>
#include <arch/types.h>

struct task;
struct space;

#define TLS_FIRST 6
#define TSS_ENTRY 16
#define GDT_ENTRIES 32

#define CPU_STACK_SIZE (16384 - 1024) // the rest of struct cpu shares the page with the stack's top

struct tss {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3;
    uint32_t eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_base;
    uint8_t io_bitmap[IO_BITMAP_BYTES + 1];
};

#define IO_BASE_NONE 0xffff

#define ARCH_CPU_ALIGN PAGE_SIZE

struct arch_cpu {
    union {
        struct {
            uint64_t gdt[GDT_ENTRIES];
            uint32_t cr3;            // loaded
            bool fpu_enabled;        // CR0.TS is clear
            struct task *fpu_owner;  // whose state the FPU holds, or NULL
            struct task *tls_owner;  // whose descriptors the GDT holds, or NULL
            struct space *io_owner;  // whose ports tss.io_bitmap holds, or NULL
            uint64_t timer_deadline; // monotonic ns
            // sysenter starts with esp at tss.esp0, which holds what esp becomes; a debug trap that comes before that
            // one instruction has run pushes its frame below, here.
            uint32_t trap_room[16];
            struct tss tss;
        };
        uint8_t pages[3 * PAGE_SIZE];
    };
    uint8_t guard[PAGE_SIZE]; // never mapped: an overflow is a double fault
    uint8_t stack[CPU_STACK_SIZE];
};
