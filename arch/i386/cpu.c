// SPDX-License-Identifier: MIT
// Start of a CPU: features, segment descriptors, interrupt descriptors, the task-state segment, control registers.

#include "i386.h"
#include <arch.h>
#include <assert.h>
#include <string.h>

_Static_assert(offsetof(struct user_frame, ds) == FRAME_DS, "offsets.h");
_Static_assert(offsetof(struct user_frame, orig_eax) == FRAME_ORIG_EAX, "offsets.h");
_Static_assert(offsetof(struct user_frame, ss) == FRAME_SS, "offsets.h");
_Static_assert(sizeof(struct user_frame) == FRAME_SIZE, "offsets.h");
_Static_assert(offsetof(struct task, arch.leave) == TASK_LEAVE, "offsets.h");
_Static_assert(offsetof(struct task, arch.enter) == TASK_ENTER, "offsets.h");
_Static_assert(offsetof(struct task, arch.landing) == TASK_LANDING, "offsets.h");
_Static_assert(offsetof(struct task, arch.kernel_sp) == TASK_KERNEL_SP, "offsets.h");
_Static_assert(offsetof(struct cpu, arch.tss.esp0) == CPU_ESP0, "offsets.h");
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "offsets.h");
_Static_assert(offsetof(struct cpu, arch.stack) + CPU_STACK_SIZE == CPU_CURRENT,
               "entry.S finds current there");
_Static_assert(offsetof(struct cpu, arch.guard) % PAGE_SIZE == 0, "no page but the guard's is unmapped");
_Static_assert(sizeof(struct cpu) - CPU_CURRENT <= 1024, "CPU_STACK_SIZE leaves the rest that much");

#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_EFER 0xC0000080
#define EFER_NX 0x800

#define CR4_OSFXSR 0x200u
#define CR4_OSXMMEXCPT 0x400u
#define CR4_SMEP 0x100000u
#define CR4_SMAP 0x200000u

#define MXCSR_MASK_DEFAULT 0xffbf

// Flat 4 GiB segments: present, 32 bit, page granular.
#define SEGMENT_KERNEL_CODE 0x00cf9a000000ffffull
#define SEGMENT_KERNEL_DATA 0x00cf92000000ffffull
#define SEGMENT_USER_CODE 0x00cffa000000ffffull
#define SEGMENT_USER_DATA 0x00cff2000000ffffull
#define SEGMENT_TSS 0x0000890000000000ull
#define DOUBLE_FAULT_ENTRY 31 // in the GDT, as in Linux

#define EXCEPTION_DOUBLE_FAULT 8
#define GATE_INTERRUPT 0x8e00u
#define GATE_USER 0xee00u
#define GATE_TASK 0x8500u

uint64_t arch_nx;
struct cpu_features cpu_features;

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint32_t base;
};

static uint64_t interrupt_table[256];

// What the CPU continues with after a double fault. It has no I/O bitmap.
static struct tss double_fault_tss;
static uint8_t double_fault_stack[PAGE_SIZE];
#define TSS_SIZE offsetof(struct tss, io_bitmap)

static void require(bool present, const char *feature)
{
    if (!present)
        panic("this CPU has no %s", feature);
}

static void detect_features(void)
{
    struct cpuid basic = cpuid(1);
    require(basic.edx & 1u << 4, "TSC");
    require(basic.edx & 1u << 6, "PAE");
    require(basic.edx & 1u << 9, "APIC");
    require(basic.edx & 1u << 24, "FXSR");
    cpu_features.sysenter = basic.edx & 1u << 11;
    cpu_features.sse = basic.edx & 1u << 25;
    cpu_features.rdrand = basic.ecx & 1u << 30;
    if (cpuid(0).eax >= 7) {
        struct cpuid extended = cpuid(7);
        cpu_features.smep = extended.ebx & 1u << 7;
        cpu_features.smap = extended.ebx & 1u << 20;
    }
    if (cpuid(0x80000000).eax >= 0x80000001)
        cpu_features.nx = cpuid(0x80000001).edx & 1u << 20;
}

const char *cpu_model_name(void)
{
    static char name[49];
    if (cpuid(0x80000000).eax < 0x80000004)
        return "i686";
    for (unsigned i = 0; i < 3; i++) {
        struct cpuid part = cpuid(0x80000002 + i);
        memcpy(name + 16 * i, &part, 16);
    }
    return name;
}

static uint64_t tss_segment(const struct tss *tss, uint32_t size)
{
    uint32_t base = (uint32_t)tss;
    return SEGMENT_TSS | (size - 1) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(base >> 24) << 56;
}

static void prepare_double_fault(struct arch_cpu *cpu)
{
    cpu->gdt[DOUBLE_FAULT_ENTRY] = tss_segment(&double_fault_tss, TSS_SIZE);
    double_fault_tss = (struct tss){
        .cr3 = (uint32_t)arch_physical(boot_pdpt),
        .eip = (uint32_t)trap_double_fault,
        .eflags = 2,
        .esp = (uint32_t)(double_fault_stack + sizeof(double_fault_stack) - 4), // as if called
        .es = USER_DS,
        .cs = KERNEL_CS,
        .ss = KERNEL_DS,
        .ds = USER_DS,
        .io_base = IO_BASE_NONE,
    };
    interrupt_table[EXCEPTION_DOUBLE_FAULT] = (uint64_t)GATE_TASK << 32 | DOUBLE_FAULT_ENTRY * 8 << 16;
}

static void load_segments(struct arch_cpu *cpu)
{
    cpu->gdt[KERNEL_CS / 8] = SEGMENT_KERNEL_CODE;
    cpu->gdt[KERNEL_DS / 8] = SEGMENT_KERNEL_DATA;
    cpu->gdt[USER_CS / 8] = SEGMENT_USER_CODE;
    cpu->gdt[USER_DS / 8] = SEGMENT_USER_DATA;
    cpu->gdt[TSS_ENTRY] = tss_segment(&cpu->tss, sizeof(cpu->tss));
    cpu->tss.ss0 = KERNEL_DS;
    cpu->tss.io_base = IO_BASE_NONE;
    cpu->tss.io_bitmap[IO_BITMAP_BYTES] = 0xff; // the CPU reads one byte past the last port's

    struct table_register gdt = { sizeof(cpu->gdt) - 1, (uint32_t)cpu->gdt };
    __asm__ volatile("lgdt %0\n\t"
                     "ljmpl %1, $1f\n"
                     "1:\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %3, %%ss\n\t"
                     "movl %4, %%fs\n\t"
                     "movl %4, %%gs\n\t"
                     "lldt %w4\n\t"
                     "ltr %w5" ::"m"(gdt),
                     "i"(KERNEL_CS), "r"(USER_DS), "r"(KERNEL_DS), "r"(0), "r"(TSS_ENTRY * 8)
                     : "memory");
}

static void set_gate(unsigned vector, const char *handler, unsigned type)
{
    uint32_t address = (uint32_t)handler;
    uint32_t low = KERNEL_CS << 16 | (address & 0xffff);
    uint32_t high = (address & 0xffff0000) | type;
    interrupt_table[vector] = (uint64_t)high << 32 | low;
}

static void load_interrupt_table(void)
{
    for (unsigned vector = 0; vector < VECTOR_STUBS; vector++)
        set_gate(vector, vector_stubs + vector * VECTOR_STUB_SIZE, GATE_INTERRUPT);
    set_gate(1, debug_entry, GATE_INTERRUPT);
    set_gate(3, vector_stubs + 3 * VECTOR_STUB_SIZE, GATE_USER); // int3, into
    set_gate(4, vector_stubs + 4 * VECTOR_STUB_SIZE, GATE_USER);
    set_gate(VECTOR_CALL, call_entry, GATE_USER);
    prepare_double_fault(&this_cpu()->arch);
    struct table_register idt = { sizeof(interrupt_table) - 1, (uint32_t)interrupt_table };
    __asm__ volatile("lidt %0" ::"m"(idt));
}

static void set_control_registers(struct arch_cpu *cpu)
{
    uint32_t cr4;
    __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    cr4 |= (cpu_features.smep ? CR4_SMEP : 0) | (cpu_features.smap ? CR4_SMAP : 0);
    __asm__ volatile("movl %0, %%cr4" ::"r"(cr4));
    if (cpu_features.nx) {
        write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NX);
        arch_nx = 1ull << 63;
    }
    uint32_t cr0 = (read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS);
    write_cr0(cr0);
    uint8_t area[FPU_STATE_SIZE] __attribute__((aligned(FPU_STATE_ALIGN)));
    memset(area, 0, sizeof(area));
    __asm__ volatile("fninit; fxsave %0" : "=m"(area));
    memcpy(&cpu_features.mxcsr_mask, area + 28, 4);
    if (cpu_features.mxcsr_mask == 0)
        cpu_features.mxcsr_mask = MXCSR_MASK_DEFAULT;
    write_cr0(cr0 | CR0_TS);
    if (!cpu_features.sysenter)
        return;
    write_msr(MSR_SYSENTER_CS, KERNEL_CS);
    write_msr(MSR_SYSENTER_ESP, (uint32_t)&cpu->tss.esp0);
    write_msr(MSR_SYSENTER_EIP, (uint32_t)sysenter_entry);
}

void cpu_early(void)
{
    struct arch_cpu *cpu = &this_cpu()->arch;
    load_segments(cpu);
    load_interrupt_table();
    detect_features();
    set_control_registers(cpu);
}
