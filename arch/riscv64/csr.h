// SPDX-License-Identifier: MIT
// riscv64: control and status registers of supervisor mode (RISC-V privileged specification, chapter 4).
#pragma once

#define SSTATUS_SIE 0x2ul
#define SSTATUS_SPIE 0x20ul
#define SSTATUS_SPP 0x100ul
#define SSTATUS_FS 0x6000ul // FPU: off, initial, clean, dirty
#define SSTATUS_FS_OFF 0x0ul
#define SSTATUS_FS_CLEAN 0x4000ul
#define SSTATUS_FS_DIRTY 0x6000ul

#define INTERRUPT_TIMER 5
#define INTERRUPT_EXTERNAL 9
#define SIE_TIMER (1ul << INTERRUPT_TIMER)
#define SIE_EXTERNAL (1ul << INTERRUPT_EXTERNAL)

#define CAUSE_INTERRUPT (1ul << 63)
#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_USER_CALL 8
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15

#define SATP_SV39 (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xfffful

#define COUNTEREN_TIME 2ul

// Not named by every assembler.
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__

#define CSR_STRING_(x) #x
#define CSR_STRING(x) CSR_STRING_(x)
#define csr_read(name)                                                                                       \
    ({                                                                                                       \
        unsigned long csr_value_;                                                                            \
        __asm__ volatile("csrr %0, " CSR_STRING(name) : "=r"(csr_value_)::"memory");                         \
        csr_value_;                                                                                          \
    })
#define csr_write(name, value) __asm__ volatile("csrw " CSR_STRING(name) ", %0" ::"rK"(value) : "memory")
#define csr_set(name, bits) __asm__ volatile("csrs " CSR_STRING(name) ", %0" ::"rK"(bits) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc " CSR_STRING(name) ", %0" ::"rK"(bits) : "memory")

#endif
