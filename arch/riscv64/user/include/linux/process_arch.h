// SPDX-License-Identifier: MIT
// riscv64: constants of the Linux process ABI that differ between architectures, and the layout of signal
// frames (asm/sigcontext.h, asm/ucontext.h).
#pragma once

#include <stdint.h>

struct elf_symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

#define PROCESS_PLATFORM "" // AT_PLATFORM: none
#define PROCESS_HAS_SYSINFO 0
#define VDSO_SIGRETURN "__vdso_rt_sigreturn"
#define VDSO_RT_SIGRETURN "__vdso_rt_sigreturn"
#define VDSO_SYSCALL "__vdso_rt_sigreturn"
#define VDSO_LANDING "__vdso_rt_sigreturn" // unused

#define RANDOM_MAP_BITS 18
#define RANDOM_STACK_PAGES 0x3fffffu
#define RANDOM_BRK_RANGE 0x40000000ul
#define ELF_DYNAMIC_BASE 0x2aaaaaa000ul

struct sigcontext {
    uint64_t pc, x[31];
    uint64_t f[32];
    uint32_t fcsr;
    uint32_t unused[67]; // up to the size of the quad-precision state; the last three words are zero
} __attribute__((aligned(16)));

struct ucontext {
    uint64_t flags, link;
    uint64_t stack_base;
    int32_t stack_flags, pad;
    uint64_t stack_size;
    uint64_t mask;
    uint8_t unused[120];
    struct sigcontext context;
};

#define SIGNAL_CARRIED 1088u // bytes of the signal frame, which sigreturn finds at the stack pointer

#define PAGE_FAULT_TRAP 0 // signal frames have neither
#define PAGE_FAULT_ERROR(access, present) 0u

#define ILLEGAL_CODE 1    // ILL_ILLOPC
#define BREAKPOINT_CODE 1 // TRAP_BRKPT
#define BREAKPOINT_ADDRESS(pc) (pc)

struct sigaction_user { // rt_sigaction(2): no restorer here
    unsigned long handler, flags;
    uint64_t mask;
};
#define SIGACTION_WORDS(handler, flags, restorer, mask) { handler, flags, mask }
#define SIGACTION_RESTORER_FLAG 0u
#define SIGACTION_RESTORER(user) 0ul
static inline void sigaction_set_restorer(struct sigaction_user *user, unsigned long restorer) {}
