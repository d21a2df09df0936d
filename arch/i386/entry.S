// SPDX-License-Identifier: MIT
// Trap entry and exit. A user task's registers go straight into the frame it begins with: the task-state segment's
// esp0 points to that frame's end. Kernel code keeps no context across a trap, so every entry starts on an empty
// CPU stack and every exit leaves through cpu->current. Interrupts reach kernel mode only in kernel threads
// (arch_wait), whose registers stay on their own stacks. C functions take arguments in eax, edx, ecx (-mregparm=3).

#include "offsets.h"

#define STACK_TOP boot_cpu + CPU_CURRENT // of this CPU; a second CPU needs its own here

// From the saved frame's start on: segments and flags as the kernel wants them. Clobbers ecx.
.macro kernel_segments
    movl    $USER_DS, %ecx // flat; kernel mode may use it, and it then suits user mode too
    movl    %ecx, %ds
    movl    %ecx, %es
.endm

// The user may have set any of DF, NT, AC and (by sysenter) TF.
.macro kernel_flags
    pushl   $2
    popfl
.endm

.macro push_registers
    pushl   %fs
    pushl   %es
    pushl   %ds
    pushl   %eax
    pushl   %ebp
    pushl   %edi
    pushl   %esi
    pushl   %edx
    pushl   %ecx
    pushl   %ebx
.endm

    .section .text.entry, "ax"

// esp is &tss.esp0. What the registers mean depends on the task.
    .balign 16
    .globl sysenter_entry
sysenter_entry:
    movl    (%esp), %esp
    jmpl    *TASK_ENTER - FRAME_SIZE(%esp)

// Kernel call of a native task: eax number, ebx esi edi ebp arguments, ecx stack and edx instruction to return to.
// Segment registers need no saving: native tasks have flat ones. cs, ss and eflags in the frame are from an earlier
// entry or the start, and always fit for user mode. A program without a landing that comes this way gets odd
// arguments (those of its frame), but no more rights than it has.
    .globl sysenter_native
sysenter_native:
    movl    %edx, FRAME_EIP - FRAME_SIZE(%esp)
    movl    %ecx, FRAME_ESP - FRAME_SIZE(%esp)
    movl    %eax, FRAME_ORIG_EAX - FRAME_SIZE(%esp)
    movl    %ebx, FRAME_EBX - FRAME_SIZE(%esp)
    movl    %esi, FRAME_ESI - FRAME_SIZE(%esp)
    movl    %edi, FRAME_EDI - FRAME_SIZE(%esp)
    movl    %ebp, FRAME_EBP - FRAME_SIZE(%esp)
    movl    $leave_sysexit, TASK_LEAVE - FRAME_SIZE(%esp)
    leal    -FRAME_SIZE(%esp), %eax
    movl    $STACK_TOP, %esp
    kernel_segments
    kernel_flags
    xorl    %ebp, %ebp // ends backtraces
    call    trap_call
    movl    (%esp), %edx // cpu->current
    jmpl    *TASK_LEAVE(%edx)

leave:
    call    trap_leave
    movl    (%esp), %edx // cpu->current
    jmpl    *TASK_LEAVE(%edx)

    .globl leave_sysexit
leave_sysexit:
    movl    FRAME_EBX(%edx), %ebx
    movl    FRAME_ESI(%edx), %esi
    movl    FRAME_EDI(%edx), %edi
    movl    FRAME_EBP(%edx), %ebp
    movl    FRAME_EAX(%edx), %eax
    movl    FRAME_ESP(%edx), %ecx
    movl    FRAME_EIP(%edx), %edx
    sti     // takes effect after the next instruction
    sysexit

// A user's TF was met at sysenter_entry (debug_entry).
sysenter_stepped:
    movl    (%esp), %esp
    cmpl    $sysenter_landing, TASK_ENTER - FRAME_SIZE(%esp)
    jne     sysenter_native
    pushl   $USER_DS
    pushl   %ebp
    pushfl
    orl     $FLAGS_TRACE, (%esp)
    jmp     landing_flags

// Trap of a task with a landing: the registers are those of int 0x80, but that ebp is the stack pointer. It goes on
// there with ecx, edx and the arithmetic flags lost, as call and return may lose them, or by iret with all of them.
    .balign 16
    .globl sysenter_landing
sysenter_landing:
    pushl   $USER_DS
    pushl   %ebp
    pushfl
landing_flags:
    orl     $FLAGS_INTERRUPT, (%esp)
    pushl   $USER_CS
    pushl   TASK_LANDING - FRAME_CS(%esp)
    pushl   %eax
    pushl   %gs
    push_registers
    kernel_segments
    movl    %esp, %eax
    movl    $leave_landing, TASK_LEAVE(%esp)
    jmp     call_on

// Trap by int 0x80, or a kernel call made with the same registers as sysenter but none lost.
    .balign 16
    .globl call_entry
call_entry:
    pushl   %eax
    pushl   %gs
    push_registers
    kernel_segments
    movl    %esp, %eax
    movl    $leave_iret, TASK_LEAVE(%esp)
call_on:
    movl    $STACK_TOP, %esp
    kernel_flags
    xorl    %ebp, %ebp
    call    trap_call
    movl    (%esp), %edx
    jmpl    *TASK_LEAVE(%edx)

leave_landing:
    testl   $FLAGS_KEPT, FRAME_EFLAGS(%edx)
    jnz     leave_iret
    movl    %fs, %eax
    movl    %gs, %ecx
    cmpw    %ax, FRAME_FS(%edx)
    jne     leave_segments
    cmpw    %cx, FRAME_GS(%edx)
    je      leave_sysexit

// From here on to leave_iret_segments a selector may have become invalid since it was loaded (arch_tls_set): trap.c
// then clears it in the frame and goes on at leave_iret. The stack is empty and edx the task all the while.
    .globl leave_segments
leave_segments:
    movw    FRAME_FS(%edx), %fs
    movw    FRAME_GS(%edx), %gs
    jmp     leave_sysexit

// A new task starts here like any other that leaves the kernel: its frame, made by copy_thread, is all there is.
    .globl ret_from_fork, leave_iret, leave_iret_segments
ret_from_fork:
leave_iret:
    movw    FRAME_FS(%edx), %fs
    movw    FRAME_GS(%edx), %gs
    movw    FRAME_ES(%edx), %es
    movw    %ss:FRAME_DS(%edx), %ds
leave_iret_segments:
    movl    %edx, %esp
    popl    %ebx
    popl    %ecx
    popl    %edx
    popl    %esi
    popl    %edi
    popl    %ebp
    popl    %eax
    movl    $USER_DS, FRAME_SS - FRAME_DS(%esp) // iret must not fail, whatever the task loaded there
    addl    $FRAME_EIP - FRAME_DS, %esp
    iretl

// Exceptions and interrupts: the vector stands where gs goes.
trap_common:
    push_registers
    kernel_segments
    movl    %esp, %eax
    movl    FRAME_GS(%esp), %edx
    movl    %gs, %ecx
    movl    %ecx, FRAME_GS(%esp)
    testb   $3, FRAME_CS(%esp)
    jz      trap_from_kernel
    movl    $leave_iret, TASK_LEAVE(%esp)
    movl    $STACK_TOP, %esp
    kernel_flags
    xorl    %ebp, %ebp
    call    trap_user
    jmp     leave

trap_from_kernel:
    kernel_flags
    cmpl    $VECTOR_EXCEPTIONS_END, %edx
    jb      kernel_exception
    movl    STACK_TOP, %ecx
    movl    %eax, TASK_KERNEL_SP(%ecx)
    movl    %edx, %eax
    movl    $STACK_TOP, %esp
    xorl    %ebp, %ebp
    call    trap_interrupt
    jmp     leave

    .globl leave_kernel
leave_kernel:
    movl    TASK_KERNEL_SP(%edx), %esp
restore_kernel:
    popl    %ebx
    popl    %ecx
    popl    %edx
    popl    %esi
    popl    %edi
    popl    %ebp
    popl    %eax
    addl    $FRAME_EIP - FRAME_DS, %esp
    iretl

// Panics, or has changed the frame so that the kernel can go on.
kernel_exception:
    call    trap_kernel
    jmp     restore_kernel

// void arch_kernel_yield(void): as if interrupted just before the return.
    .globl arch_kernel_yield
arch_kernel_yield:
    popl    %edx
    pushfl
    pushl   $KERNEL_CS
    pushl   %edx
    pushl   $-1
    pushl   %gs
    push_registers
    movl    STACK_TOP, %ecx
    movl    %esp, TASK_KERNEL_SP(%ecx)
    movl    $STACK_TOP, %esp
    xorl    %ebp, %ebp
    jmp     leave

// _Noreturn void arch_leave(void)
    .globl arch_leave
arch_leave:
    movl    $STACK_TOP, %esp
    xorl    %ebp, %ebp
    jmp     leave

// A debug trap in kernel mode is a user's TF met at sysenter_entry, before there is a stack: the kernel runs without.
    .globl debug_entry
debug_entry:
    testb   $3, 4(%esp)
    jnz     debug_stub
    andl    $~FLAGS_TRACE, 8(%esp)
    cmpl    $sysenter_entry, (%esp)
    jne     1f
    movl    $sysenter_stepped, (%esp)
1:
    iretl

// One stub per vector. Those whose exception has no error code push -1, which is also what orig_eax holds
// outside a call.
    .balign 16
    .globl vector_stubs
vector_stubs:
    .set    vector, 0
    .rept   VECTOR_STUBS
    .balign VECTOR_STUB_SIZE
    .if vector == 1
debug_stub:
    .endif
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    pushl   $-1
    .endif
    pushl   $vector
    jmp     trap_common
    .set    vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
