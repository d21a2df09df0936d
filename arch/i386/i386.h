// SPDX-License-Identifier: MIT
// What the files of this directory share: instructions, CPU features, and each other's start-up functions.
#pragma once

#include "offsets.h"
#include <arch/cpu.h>
#include <task.h>

// --- features, from CPUID (cpu.c)
struct cpu_features {
    bool sysenter, sse, nx, smep, smap, rdrand;
    uint32_t mxcsr_mask;
};
extern struct cpu_features cpu_features;

void cpu_early(void); // features; descriptor tables, traps and control registers
const char *cpu_model_name(void);
void console_init(void);               // console.c
void clock_calibrate(void);            // clock.c: before arch_clock() and arch_timer_set()
void apic_init(void);                  // apic.c: local APIC; all lines masked
void apic_timer_start(uint32_t count); // 0 stops it
uint32_t apic_timer_count(void);
void apic_line_begin(unsigned line); // a line's interrupt arrived: masks it and acknowledges
void apic_end_of_interrupt(void);
void clock_timer_fired(void); // the one-shot timer's interrupt
void space_init(void);        // space.c: the kernel's own page tables, after boot_main has read what lies low
void ioports_switch(struct arch_cpu *cpu,
                    struct space *space); // task.c: lets user mode use the space's ports
void fpu_unavailable(struct task *task);  // fpu.c: first FPU instruction since a switch
uint32_t fpu_status(struct task *task, bool sse);
void fpu_copy(struct task *child, struct task *parent);
void fpu_release(struct task *task);
bool fpu_borrow(void); // lets the kernel use the registers, whosever they are. -> for fpu_give_back
void fpu_give_back(bool enabled);

// --- entry.S
void sysenter_native(void);
void sysenter_landing(void);
void leave_sysexit(void);
void leave_segments(void);
void leave_iret(void);
void leave_iret_segments(void);
void leave_kernel(void);
void ret_from_fork(void);
extern char sysenter_entry[], call_entry[], debug_entry[], vector_stubs[];

// --- called by entry.S and boot.S
void trap_user(struct task *task, unsigned vector);
void trap_kernel(struct user_frame *frame, unsigned vector); // esp and ss are not there
void trap_interrupt(unsigned vector);
_Noreturn void trap_double_fault(void); // by a task gate, on a stack of its own
_Noreturn void boot_main(uint32_t magic, uint32_t info);

// --- kernel.ld, boot.S
extern char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];
extern uint64_t kernel_directory[512], kernel_table[1024], device_table[512], boot_pdpt[4];

// --- instructions
static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}
static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}
static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};
static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid id;
    __asm__ volatile("cpuid" : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx) : "a"(leaf), "c"(0));
    return id;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "A"(value));
}
static inline uint64_t read_msr(uint32_t msr)
{
    uint64_t value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
    return value;
}

static inline void write_cr3(uint32_t value) { __asm__ volatile("movl %0, %%cr3" ::"r"(value) : "memory"); }
static inline uint32_t read_cr0(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}
static inline void write_cr0(uint32_t value) { __asm__ volatile("movl %0, %%cr0" ::"r"(value) : "memory"); }
static inline void invalidate_page(unsigned long address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

#define CR0_MP 0x2u
#define CR0_EM 0x4u
#define CR0_TS 0x8u
#define CR0_NE 0x20u
