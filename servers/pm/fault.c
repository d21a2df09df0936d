// SPDX-License-Identifier: MIT
// Faults of Linux programs, turned into the signals Linux sends, and diverts.
#include "fault.h"

#include "mm.h"
#include "process.h"
#include "shortage.h"
#include "thread.h"

#include <errno.h>
#include <linux/process.h>
#include <protocol_pm_vfs.h>
#include <server.h>

static struct siginfo fault_signal(int signal, int code, unsigned long address)
{
    struct siginfo info = { .signo = signal, .code = code };
    info.fault.address = (void *)address;
    return info;
}

static struct siginfo info_of(const struct message *message)
{
    unsigned long address = message->args[0], pc = message->args[1], status = message->args[4];
    switch (message->number) {
    case FAULT_PAGE: return fault_signal(SIGSEGV, SEGV_MAPERR, address);
    case FAULT_PROTECTION: return fault_signal(SIGSEGV, SEGV_ACCERR, address);
    case FAULT_BUS: return fault_signal(SIGBUS, BUS_ADRERR, address);
    case FAULT_ILLEGAL: return fault_signal(SIGILL, ILLEGAL_CODE, pc);
    case FAULT_BREAKPOINT: return fault_signal(SIGTRAP, BREAKPOINT_CODE, BREAKPOINT_ADDRESS(pc));
    case FAULT_STEP: return fault_signal(SIGTRAP, TRAP_TRACE, pc);
    case FAULT_DIVIDE: return fault_signal(SIGFPE, FPE_INTDIV, pc);
    case FAULT_FPU: return fault_signal(SIGFPE, fpu_signal_code(status), pc);
    case FAULT_ALIGNMENT: return fault_signal(SIGBUS, BUS_ADRALN, address);
    default: return fault_signal(SIGSEGV, SI_KERNEL, 0); // general protection, overflow
    }
}

void fault(struct thread *thread, const struct message *message)
{
    if (message->number == FAULT_MEMORY) {
        memory_wait(thread); // then it touches the page again
        return;
    }
    thread->fault_address = message->args[0];
    thread->fault_trap = message->args[3];
    thread->fault_error =
        message->number == FAULT_FPU ? 0 : message->args[4]; // there the status, for info_of
    if (message->number <= FAULT_BUS) {
        thread->fault_trap = PAGE_FAULT_TRAP;
        thread->fault_error = PAGE_FAULT_ERROR(message->args[2], message->number == FAULT_PROTECTION);
    }
    struct siginfo info = info_of(message);
    signal_force(thread, &info);
    thread_return_frame(thread);
}

// --- diverts

static void trace_off(struct thread *thread)
{
    if (!thread->traced)
        return;
    thread->traced = false;
    KCALL2(task_set_trace, thread->task, 0);
}

// The forwarded call is over: what it answered stands, and the old mask is back before any signal is looked at.
static void forwarded_call_answered(struct thread *thread)
{
    if (!thread->restore_blocked)
        return;
    thread->restore_blocked = false;
    signal_set_blocked(thread, thread->saved_blocked);
}

static void raise_first(struct thread *thread, int signal, long value)
{
    struct siginfo info = signal_info_user(thread, signal, SI_USER);
    if (signal == SIGSEGV || signal == SIGBUS)
        signal_force(thread, &info);
    else
        signal_send_thread(thread, &info);
    thread_return(thread, value);
}

void divert(struct thread *thread, unsigned long reason, long value)
{
    bool forwarded = thread->traced;
    trace_off(thread);
    switch (reason) {
    case DIVERT_INTERRUPT:
        if (forwarded)
            forwarded_call_answered(thread);
        thread_return_frame(thread);
        break;
    case DIVERT_NOT_BEGUN: thread_return_restart(thread, forwarded ? RESTART_NOHAND : RESTART_NOINTR); break;
    case DIVERT_FAILED: thread_return(thread, -EIO); break;
    case DIVERT_ENTER: thread_return_frame(thread); break;
    case DIVERT_EXIT:
        forwarded_call_answered(thread);
        thread_return(thread, value);
        break;
    case DIVERT_RESTARTSYS: thread_return_restart(thread, RESTART_SYS); break;
    case DIVERT_RESTARTNOHAND: thread_return_restart(thread, RESTART_NOHAND); break;
    case DIVERT_RESTARTNOINTR: thread_return_restart(thread, RESTART_NOINTR); break;
    case DIVERT_RESTARTBLOCK:
        thread->block.kind = BLOCK_VFS;
        thread_return_restart(thread, RESTART_BLOCK);
        break;
    case DIVERT_EINTR: thread_return(thread, value); break;
    default:
        if (reason > DIVERT_RAISE && reason <= DIVERT_RAISE + SIGNALS)
            raise_first(thread, (int)(reason - DIVERT_RAISE), value);
        else
            thread_return_frame(thread);
    }
}
