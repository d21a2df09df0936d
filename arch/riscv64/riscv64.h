// SPDX-License-Identifier: MIT
// riscv64: what the files of this directory share among themselves.
#pragma once

#include <arch.h>
#include <arch/task.h>

// --- sbi.c: calls to the firmware (RISC-V SBI specification)
void sbi_putc(char c);
void sbi_set_timer(uint64_t time);
void sbi_reset(bool restart, bool failure); // returns if the firmware cannot

// --- devicetree.c: what the flattened device tree says; physical addresses, 0 where there is none
struct platform {
    uint64_t timebase; // Hz
    bool sstc;         // stimecmp exists
    uint64_t uart, rtc, finisher;
    unsigned uart_shift;
    uint64_t plic;
    unsigned plic_lines, plic_context; // context: this hart's supervisor mode
    uint8_t seed[64];
    unsigned seed_length;
};
extern struct platform platform;
void devicetree_read(uint64_t physical, unsigned long hart, struct boot_info *info);

// --- console.c, plic.c, timer.c, paging.c: boot-time initialisation, in this order after devicetree_read()
void console_init(void);
void paging_init(const struct boot_info *info);
void plic_init(void);
void timer_init(void);

// --- interrupts, called by trap.c
void plic_interrupt(void);
void timer_interrupt(void);

// --- paging.c
struct arch_cpu;
uint64_t image_physical(const void *address);                   // of something inside the kernel image
void space_identify(struct arch_cpu *cpu, struct space *space); // a new identifier, of this generation
void icache_sync(void);

// --- fpu.c
bool fpu_first_use(struct task *task); // -> false: it was on already, the instruction is illegal
void fpu_switch(struct arch_cpu *cpu, struct task *previous, struct task *next);
void fpu_copy(struct task *child, struct task *parent);
void fpu_release(struct task *task);

// --- fpu.S
void fpu_save(struct fpu_state *to);
void fpu_load(const struct fpu_state *from);

// --- entry.S, and what it calls
extern char trap_entry[];
void trap_interrupt(unsigned long cause);
void trap_fault(struct task *task, unsigned long cause, unsigned long value);
_Noreturn void trap_fault_in_kernel(const struct user_frame *frame, unsigned long cause, unsigned long value);
_Noreturn void boot(unsigned long hart, uint64_t devicetree);
