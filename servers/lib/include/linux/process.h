// SPDX-License-Identifier: MIT
// What pm needs of an architecture to run Linux processes: the first frame, results and restarts, signal
// frames, thread-local storage. Implemented in arch/<arch>/user; pure functions over frames and user memory.
#pragma once

#include <kernel.h>
#include <linux/process_arch.h>
#include <linux/signal.h>
#include <stdbool.h>

// --- registers
unsigned long frame_pc(const struct user_frame *frame);
unsigned long frame_stack(const struct user_frame *frame);
void frame_set_result(struct user_frame *frame, long value);
// The frame of an interrupted call runs the same call again, or restart_syscall(2) in its place.
void frame_restart(struct user_frame *frame);
void frame_restart_block(struct user_frame *frame, unsigned long number);

// --- signals
struct signal_delivery {
    int signal;
    const struct siginfo *info;
    uint64_t mask; // blocked signals to be restored
    unsigned long handler;
    unsigned flags; // SA_*
    unsigned long restorer;
    struct stack_info alternate;             // as sigaltstack(2) shows it
    unsigned long stack;                     // where the frame goes: below this
    unsigned long trampoline, rt_trampoline; // the vDSO's
    unsigned long fault_address, fault_trap, fault_error;
};
// After task_read_state: writes the frame to user memory and points *frame at the handler. -> 0, -EFAULT (*frame
// unchanged), -ENOMEM.
int signal_frame_push(handle_t space, struct user_frame *frame, const struct signal_delivery *delivery);
// The reverse, for (rt_)sigreturn: *frame are the registers now, unless the signal frame was `carried` (SIGNAL_CARRIED
// bytes at the stack pointer, else NULL). -> bytes of FPU state, for reply_state, with *frame, page.fpu, *mask and (rt)
// *alternate as they were; -EFAULT
long signal_frame_pop(const void *carried, handle_t task, handle_t space, struct user_frame *frame, bool rt,
                      uint64_t *mask, struct stack_info *alternate);
// Bytes below the stack pointer that belong to the interrupted function (red zone), for choosing `stack`.
#define SIGNAL_RED_ZONE 0ul

// --- thread-local storage
int tls_clone(handle_t child, handle_t space, unsigned long tls);          // CLONE_SETTLS
long tls_set_area(handle_t task, handle_t space, unsigned long user_desc); // set_thread_area(2)
long tls_get_area(handle_t task, handle_t space, unsigned long user_desc);

// --- auxiliary vector
unsigned long arch_hwcap(void);
unsigned long arch_hwcap2(void);

// --- vDSO
void vdso_fit(handle_t vdso, unsigned long landing); // changes the object where this CPU lacks what it uses

// --- faults: what SIGTRAP and SIGFPE say on this architecture
int fpu_signal_code(unsigned long status); // FPE_*
