// SPDX-License-Identifier: MIT
// From the boot loader to C: multiboot (GRUB) or PVH (QEMU), both in protected mode without paging,
// ebx pointing to what the loader tells. Turns PAE paging on with tables laid out at build time.

#include "offsets.h"

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 3 // page-aligned modules, memory map
#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define PTE_KERNEL 0x103 // present, writable, global
#define PDE_LARGE 0x183

#define PHYSICAL(symbol) (symbol - KERNEL_BASE)

    .section .boot.header, "a"
    .balign 4
    .long   MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .section .note.Xen, "a", @note
    .balign 4
    .long   4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz  "Xen"
    .long   PHYSICAL(pvh_entry)

    .section .text.boot, "ax"
pvh_entry:
    xorl    %eax, %eax
    // multiboot leaves its own magic number in eax
    .globl multiboot_entry
multiboot_entry:
    cli
    cld
    movl    %eax, %esi
    movl    $PHYSICAL(boot_pdpt), %eax
    movl    %eax, %cr3
    movl    %cr4, %eax
    orl     $0xa0, %eax // PAE, PGE
    movl    %eax, %cr4
    movl    %cr0, %eax
    orl     $0x80010000, %eax // PG, WP
    movl    %eax, %cr0
    movl    $high, %eax
    jmpl    *%eax
high:
    movl    $boot_cpu + CPU_CURRENT, %esp
    xorl    %ebp, %ebp
    movl    %esi, %eax
    movl    %ebx, %edx
    call    boot_main
    ud2

// The kernel's page tables: 768 MiB of physical memory from KERNEL_BASE on, the first 4 MiB (which hold the kernel
// image) by small pages, so that each section can have its own protection; a table for devices and windows on top.
// Until boot_main has removed it, the same directory also maps everything at its physical address.
    .section .data.page_tables, "aw"
    .balign 4096
    .globl kernel_directory, kernel_table, device_table, boot_pdpt
kernel_directory:
    .long   PHYSICAL(kernel_table) + PTE_KERNEL, 0
    .long   PHYSICAL(kernel_table) + 4096 + PTE_KERNEL, 0
    .set    large, 2
    .rept   384 - 2
    .long   large * 0x200000 + PDE_LARGE, 0
    .set    large, large + 1
    .endr
    .fill   511 - 384, 8, 0
    .long   PHYSICAL(device_table) + PTE_KERNEL, 0
kernel_table:
    .set    small, 0
    .rept   1024
    .long   small * 0x1000 + PTE_KERNEL, 0
    .set    small, small + 1
    .endr
device_table:
    .fill   512, 8, 0
boot_pdpt:
    .long   PHYSICAL(kernel_directory) + 1, 0
    .fill   2, 8, 0
    .long   PHYSICAL(kernel_directory) + 1, 0

    .section .note.GNU-stack, "", @progbits
