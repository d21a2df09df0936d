// SPDX-License-Identifier: MIT
// riscv64: what entry.S found, told to the generic kernel: interrupts, user faults by cause (privileged specification,
// table 4.2), faults of the kernel itself; and backtraces by frame pointer.

#include "csr.h"
#include "riscv64.h"
#include <assert.h>
#include <log.h>
#include <panic.h>
#include <space.h>
#include <task.h>

void trap_interrupt(unsigned long cause)
{
    switch (cause & ~CAUSE_INTERRUPT) {
    case INTERRUPT_TIMER: timer_interrupt(); return;
    case INTERRUPT_EXTERNAL: plic_interrupt(); return;
    default: panic("unexpected interrupt %lu", cause & ~CAUSE_INTERRUPT);
    }
}

static void page_fault(struct task *task, unsigned long address, unsigned access)
{
    trap_page_fault(task, address, access);
    if (icache_stale)
        icache_sync();
}

static const uint8_t fault_kinds[] = {
    [CAUSE_FETCH_MISALIGNED] = FAULT_ALIGNMENT,
    [CAUSE_FETCH_ACCESS] = FAULT_PROTECTION,
    [CAUSE_ILLEGAL] = FAULT_ILLEGAL,
    [CAUSE_BREAKPOINT] = FAULT_BREAKPOINT,
    [CAUSE_LOAD_MISALIGNED] = FAULT_ALIGNMENT,
    [CAUSE_LOAD_ACCESS] = FAULT_PROTECTION,
    [CAUSE_STORE_MISALIGNED] = FAULT_ALIGNMENT,
    [CAUSE_STORE_ACCESS] = FAULT_PROTECTION,
};

void trap_fault(struct task *task, unsigned long cause, unsigned long value)
{
    switch (cause) {
    case CAUSE_FETCH_PAGE: page_fault(task, value, ACCESS_EXECUTE); return;
    case CAUSE_LOAD_PAGE: page_fault(task, value, ACCESS_READ); return;
    case CAUSE_STORE_PAGE: page_fault(task, value, ACCESS_WRITE); return;
    case CAUSE_ILLEGAL:
        if (fpu_first_use(task))
            return; // again, with the FPU on
        break;
    }
    unsigned kind = cause < sizeof(fault_kinds) ? fault_kinds[cause] : FAULT_GENERAL;
    // What stval holds at an illegal instruction is the instruction, or nothing: Linux reports the address.
    unsigned long address = kind == FAULT_ILLEGAL || kind == FAULT_BREAKPOINT ? arch_user_pc(task) : value;
    trap_exception(task, kind, address, cause, 0);
}

// The registers, then the chain of callers from where the fault was. A function that calls nobody has no frame: its
// caller is where ra points, and is missing in the chain.
void trap_fault_in_kernel(const struct user_frame *frame, unsigned long cause, unsigned long value)
{
    static bool again;
    if (again)
        arch_power(POWER_OFF, 101);
    again = true;
    log_show();
    log_print("fault in the kernel\n");
    for (unsigned i = 0; i < 31; i++)
        log_print("x%-2u %016lx%c", i + 1, (unsigned long)frame->x[i], i % 4 == 3 || i == 30 ? '\n' : ' ');
    unsigned long offset = 0;
    const char *caller = symbol_find(frame->x[0], &offset);
    log_print("return address in %s+%lx\n", caller ? caller : "nothing known", offset);
    panic_at(frame->pc, frame->x[7], "exception %lu in the kernel, address %lx", cause, value);
}

// A frame is {previous frame, return address} below the frame pointer; the chain ends with 0 (entry.S).
unsigned arch_backtrace(unsigned long *pc, unsigned count, unsigned long frame_pointer)
{
    unsigned found = 0;
    while (found < count && frame_pointer > DIRECT_BASE && frame_pointer % 8 == 0) {
        const unsigned long *frame = (const unsigned long *)frame_pointer;
        if (!frame[-1])
            break;
        pc[found++] = frame[-1];
        if (frame[-2] <= frame_pointer || frame[-2] - frame_pointer > PAGE_SIZE)
            break; // callers lie higher, but not far: the last may have kept the program's register
        frame_pointer = frame[-2];
    }
    return found;
}
