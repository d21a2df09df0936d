// SPDX-License-Identifier: MIT
// The C side of exceptions and interrupts; entry.S calls it on the CPU's stack.

#include "i386.h"
#include <arch.h>
#include <panic.h>

#define EXCEPTION_DIVIDE 0
#define EXCEPTION_DEBUG 1
#define EXCEPTION_NMI 2
#define EXCEPTION_BREAKPOINT 3
#define EXCEPTION_OVERFLOW 4
#define EXCEPTION_ILLEGAL 6
#define EXCEPTION_NO_FPU 7
#define EXCEPTION_SEGMENT 11
#define EXCEPTION_STACK 12
#define EXCEPTION_GENERAL 13
#define EXCEPTION_PAGE 14
#define EXCEPTION_FPU 16
#define EXCEPTION_ALIGNMENT 17
#define EXCEPTION_MACHINE 18
#define EXCEPTION_SSE 19

#define PAGE_ERROR_WRITE 0x2u
#define PAGE_ERROR_FETCH 0x10u

static uint32_t fault_address(void)
{
    uint32_t address;
    __asm__ volatile("movl %%cr2, %0" : "=r"(address));
    return address;
}

static void clear_debug_status(void) { __asm__ volatile("movl %0, %%dr6" ::"r"(0)); }

// Kinds of what is not handled by itself in user_exception().
static unsigned fault_kind(unsigned vector)
{
    switch (vector) {
    case EXCEPTION_DIVIDE: return FAULT_DIVIDE;
    case EXCEPTION_BREAKPOINT: return FAULT_BREAKPOINT;
    case EXCEPTION_OVERFLOW: return FAULT_OVERFLOW;
    case EXCEPTION_ILLEGAL: return FAULT_ILLEGAL;
    case EXCEPTION_ALIGNMENT: return FAULT_ALIGNMENT;
    default: return FAULT_GENERAL;
    }
}

// On a CPU without sysenter a native task's call traps: its registers are what that would have needed (user/call.S).
// -> false: it is something else
static bool sysenter_instead(struct task *task, unsigned vector)
{
    struct user_frame *frame = &task->arch.frame;
    if (cpu_features.sysenter || task->routes ||
        (vector != EXCEPTION_ILLEGAL && vector != EXCEPTION_GENERAL) || frame->edx != frame->eip + 2 ||
        frame->ecx != frame->esp)
        return false;
    frame->orig_eax = frame->eax;
    frame->eip = frame->edx;
    trap_call(task);
    return true;
}

static void user_exception(struct task *task, unsigned vector)
{
    if (sysenter_instead(task, vector))
        return;
    struct user_frame *frame = &task->arch.frame;
    unsigned long error = frame->orig_eax == UINT32_MAX ? 0 : frame->orig_eax;
    frame->orig_eax = UINT32_MAX;
    switch (vector) {
    case EXCEPTION_PAGE: {
        unsigned access = error & PAGE_ERROR_FETCH   ? ACCESS_EXECUTE
                          : error & PAGE_ERROR_WRITE ? ACCESS_WRITE
                                                     : ACCESS_READ;
        trap_page_fault(task, fault_address(), access);
        break;
    }
    case EXCEPTION_NO_FPU: fpu_unavailable(task); break;
    case EXCEPTION_FPU:
    case EXCEPTION_SSE:
        trap_exception(task, FAULT_FPU, frame->eip, vector, fpu_status(task, vector == EXCEPTION_SSE));
        break;
    case EXCEPTION_DEBUG:
        clear_debug_status();
        trap_exception(task, FAULT_STEP, frame->eip, vector, error);
        break;
    case EXCEPTION_NMI:
    case EXCEPTION_MACHINE: panic("machine failure, vector %u in user mode", vector);
    default: trap_exception(task, fault_kind(vector), frame->eip, vector, error);
    }
}

void trap_user(struct task *task, unsigned vector)
{
    if (vector < VECTOR_EXCEPTIONS_END)
        user_exception(task, vector);
    else
        trap_interrupt(vector);
}

void trap_interrupt(unsigned vector)
{
    if (vector == VECTOR_TIMER) {
        apic_end_of_interrupt();
        clock_timer_fired();
    } else if (vector >= VECTOR_LINES && vector < VECTOR_TIMER) {
        apic_line_begin(vector - VECTOR_LINES);
        trap_irq(vector - VECTOR_LINES);
    } // else spurious, which wants no acknowledgement
}

// A selector in current's frame no longer loads: the null selector does. (Linux does the same on its way out.)
static bool repair_segments(struct user_frame *frame, unsigned vector)
{
    bool leaving = frame->eip >= (uint32_t)leave_segments && frame->eip < (uint32_t)leave_iret_segments;
    if (!leaving || vector < EXCEPTION_SEGMENT || vector > EXCEPTION_GENERAL)
        return false;
    uint32_t selector = frame->orig_eax & 0xfffc; // the error code
    struct user_frame *user = &this_cpu()->current->arch.frame;
    uint32_t *segments[] = { &user->ds, &user->es, &user->fs, &user->gs };
    bool found = false;
    for (unsigned i = 0; i < 4; i++) {
        if (selector != 0 && (*segments[i] & 0xfffc) == selector) {
            *segments[i] = 0;
            found = true;
        }
    }
    frame->eip = (uint32_t)leave_iret;
    return found;
}

void trap_kernel(struct user_frame *frame, unsigned vector)
{
    if (repair_segments(frame, vector))
        return;
    panic_at(frame->eip, frame->ebp,
             "exception %u in the kernel: error %x address %x eip %x\n"
             "eax %x ebx %x ecx %x edx %x esi %x edi %x ebp %x esp %x",
             vector, frame->orig_eax, vector == EXCEPTION_PAGE ? fault_address() : 0, frame->eip, frame->eax,
             frame->ebx, frame->ecx, frame->edx, frame->esi, frame->edi, frame->ebp, (uint32_t)&frame->esp);
}

// The kernel's stack has run into its guard page, most likely. The task switch has left the registers in the TSS.
_Noreturn void trap_double_fault(void)
{
    const struct tss *tss = &this_cpu()->arch.tss;
    panic_at(tss->eip, tss->ebp, "double fault in the kernel: eip %x esp %x address %x", tss->eip, tss->esp,
             fault_address());
}
