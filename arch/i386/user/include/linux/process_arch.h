// SPDX-License-Identifier: MIT
// i386: constants of the Linux process ABI that differ between architectures, and the layouts of signal frames
// (asm/sigcontext.h, asm/ucontext.h, asm/ldt.h).
#pragma once

#include <stdint.h>

struct elf_symbol {
    uint32_t name, value, size;
    uint8_t info, other;
    uint16_t section;
};

#define PROCESS_PLATFORM "i686" // AT_PLATFORM
#define PROCESS_HAS_SYSINFO 1   // AT_SYSINFO
#define VDSO_SIGRETURN "__kernel_sigreturn"
#define VDSO_RT_SIGRETURN "__kernel_rt_sigreturn"
#define VDSO_SYSCALL "__kernel_vsyscall"
#define VDSO_LANDING "__kernel_vsyscall_landing" // where sysenter goes on

// Bits of randomness (mm/util.c, arch_mmap_rnd) and where position independent programs go.
#define RANDOM_MAP_BITS 8
#define RANDOM_STACK_PAGES 0x7ffu
#define RANDOM_BRK_RANGE 0x02000000ul
#define ELF_DYNAMIC_BASE 0x56555000ul

struct fpu_legacy { // FNSAVE's image and Linux's two words
    uint32_t control, status, tag, instruction, instruction_selector, operand, operand_selector;
    uint16_t registers[8][5];
    uint16_t status_copy, magic;
};

struct sigcontext {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t trap, error, eip, cs, eflags, esp_at_signal, ss;
    uint32_t fpstate, oldmask, cr2;
};

struct ucontext {
    uint32_t flags, link;
    uint32_t stack_base, stack_flags, stack_size;
    struct sigcontext context;
    uint32_t mask[2];
};

struct user_desc {
    uint32_t entry_number, base, limit;
    uint32_t seg_32bit : 1, contents : 2, read_exec_only : 1, limit_in_pages : 1, seg_not_present : 1,
        useable : 1;
};

#define TLS_ENTRY_MIN 6 // GDT slot of the first of three TLS entries, as on Linux/i386

#define SIGNAL_CARRIED 0u // sigreturn needs more than what lies at the stack pointer

// Of a page fault the kernel reports the access; signal frames show the CPU's vector and error code.
#define PAGE_FAULT_TRAP 14
#define PAGE_FAULT_ERROR(access, present)                                                                    \
    (4u | ((access) & ACCESS_WRITE ? 2u : 0) | ((access) & ACCESS_EXECUTE ? 0x10u : 0) | ((present) ? 1u : 0))

// int3 is reported as SI_KERNEL without an address.
#define ILLEGAL_CODE 2 // ILL_ILLOPN
#define BREAKPOINT_CODE 0x80
#define BREAKPOINT_ADDRESS(pc) 0ul

struct sigaction_user { // rt_sigaction(2)
    unsigned long handler, flags, restorer;
    uint64_t mask;
};
#define SIGACTION_WORDS(handler, flags, restorer, mask)                                                      \
    { handler, flags, restorer, (uint32_t)(mask), (mask) >> 32 }
#define SIGACTION_RESTORER_FLAG SA_RESTORER
#define SIGACTION_RESTORER(user) ((user)->restorer)
static inline void sigaction_set_restorer(struct sigaction_user *user, unsigned long restorer)
{
    user->restorer = restorer;
}
