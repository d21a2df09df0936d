// SPDX-License-Identifier: MIT
// riscv64: frames, thread-local storage and processor features of Linux processes (linux/process.h).
#include <errno.h>
#include <linux/process.h>

enum { X_SP = 1, X_A0 = 9, X_A7 = 16 }; // indices into user_frame.x

unsigned long frame_pc(const struct user_frame *frame) { return frame->pc; }

unsigned long frame_stack(const struct user_frame *frame) { return frame->x[X_SP]; }

void frame_set_result(struct user_frame *frame, long value) { frame->x[X_A0] = (uint64_t)value; }

void frame_restart(struct user_frame *frame)
{
    frame->x[X_A0] = frame->orig_a0;
    frame->pc -= CALL_ADVANCE;
}

void frame_restart_block(struct user_frame *frame, unsigned long number)
{
    frame->x[X_A0] = frame->orig_a0;
    frame->x[X_A7] = number;
    frame->pc -= CALL_ADVANCE;
}

int tls_clone(handle_t child, handle_t space, unsigned long tls)
{
    return (int)task_set_tls(child, 0, tls, 0);
}

long tls_set_area(handle_t task, handle_t space, unsigned long user_desc) { return -ENOSYS; }

long tls_get_area(handle_t task, handle_t space, unsigned long user_desc) { return -ENOSYS; }

#define HWCAP_EXTENSION(letter) (1ul << ((letter) - 'A'))

unsigned long arch_hwcap(void)
{
    return HWCAP_EXTENSION('I') | HWCAP_EXTENSION('M') | HWCAP_EXTENSION('A') | HWCAP_EXTENSION('F') |
           HWCAP_EXTENSION('D') | HWCAP_EXTENSION('C');
}

unsigned long arch_hwcap2(void) { return 0; }

void vdso_fit(handle_t vdso, unsigned long landing) { (void)vdso, (void)landing; }

int fpu_signal_code(unsigned long status)
{
    return FPE_FLTINV; // floating point never traps here
}
