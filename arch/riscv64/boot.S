// SPDX-License-Identifier: MIT
// riscv64: the first instructions. OpenSBI enters in S-mode with paging off, a0 = hart, a1 = device tree. The boot
// page table below needs no code to fill: it maps the direct map and the kernel image in 1 GiB pages. paging.c
// replaces what is too permissive in it.

#include "csr.h"

#define PAGE_RW 0xe7  // valid, read, write, global, accessed, dirty
#define PAGE_RWX 0xef
#define DIRECT_FIRST 352 // DIRECT_BASE's entry of the root table
#define DIRECT_COUNT 128
#define IMAGE_ENTRY 510

    .section .text.boot, "ax"
    .globl _start
_start:
    csrw    sie, zero
    // The first fetch after satp is written faults (nothing is mapped at physical addresses) and "traps" to
    // `high` at its virtual address.
    la      t0, high
    li      t1, 0xffffffff00000000
    add     t0, t0, t1
    csrw    stvec, t0
    la      t0, kernel_root
    srli    t0, t0, 12
    li      t1, SATP_SV39
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    .balign 4
high:
    csrw    sstatus, zero // that "trap" came from supervisor mode; the first sret must not lead back there
    la      t0, trap_entry
    csrw    stvec, t0
    csrw    sscratch, zero
    la      tp, boot_cpu
    la      sp, boot_stack_top
    li      s0, 0
    li      ra, 0
    tail    boot

    .section .data
    .balign 4096
    .globl kernel_root
kernel_root:
    .fill   DIRECT_FIRST, 8, 0
    .set    page, 0
    .rept   DIRECT_COUNT
    .quad   (page << 28) | PAGE_RW
    .set    page, page + 1
    .endr
    .fill   IMAGE_ENTRY - DIRECT_FIRST - DIRECT_COUNT, 8, 0
    .quad   (2 << 28) | PAGE_RWX
    .quad   0

    // Each stack has an unmapped page below it (paging.c).
    .section .bss
    .balign 4096
    .globl boot_stack_guard, boot_stack_top, fault_stack_guard, fault_stack_top
boot_stack_guard:
    .skip   4096
    .skip   16384
boot_stack_top:
fault_stack_guard:
    .skip   4096
    .skip   8192
fault_stack_top:
