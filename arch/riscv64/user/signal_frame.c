// SPDX-License-Identifier: MIT
// riscv64: the signal frame, as Linux lays it out (arch/riscv/kernel/signal.c's struct rt_sigframe).
#include <errno.h>
#include <linux/process.h>
#include <stddef.h>
#include <string.h>

enum { X_RA = 0, X_SP = 1, X_A0 = 9, X_A1 = 10, X_A2 = 11 }; // indices into user_frame.x

struct fpu_state { // as task_read_fpu gives it
    uint64_t f[32];
    uint32_t fcsr, unused;
};

struct rt_sigframe {
    uint8_t info[SIGINFO_SIZE];
    struct ucontext uc;
};
_Static_assert(offsetof(struct ucontext, context) == 176, "ucontext");
_Static_assert(sizeof(struct ucontext) == 960, "ucontext");
_Static_assert(sizeof(struct rt_sigframe) == SIGNAL_CARRIED, "rt_sigframe");
_Static_assert(sizeof(struct rt_sigframe) <= MESSAGE_DATA, "reply_buffer");

static void fill_context(const struct user_frame *frame, struct sigcontext *context)
{
    const struct fpu_state *fpu = (const struct fpu_state *)message_page->fpu;
    context->pc = frame->pc;
    memcpy(context->x, frame->x, sizeof(context->x));
    memcpy(context->f, fpu->f, sizeof(context->f));
    context->fcsr = fpu->fcsr;
}

int signal_frame_push(handle_t space, struct user_frame *frame, const struct signal_delivery *delivery)
{
    struct rt_sigframe *local = reply_buffer(); // in one page, which the kernel copies from most quickly
    memset(local, 0, sizeof(*local));
    memcpy(local->info, delivery->info, sizeof(*delivery->info));
    local->uc.stack_base = delivery->alternate.base;
    local->uc.stack_flags = delivery->alternate.flags;
    local->uc.stack_size = delivery->alternate.size;
    local->uc.mask = delivery->mask;
    fill_context(frame, &local->uc.context);

    unsigned long address = (delivery->stack - sizeof(*local)) & ~15ul;
    long error = copy_out_all(0, space, local, address, sizeof(*local));
    if (error < 0)
        return (int)error;
    frame->pc = delivery->handler;
    frame->x[X_RA] = delivery->rt_trampoline;
    frame->x[X_SP] = address;
    frame->x[X_A0] = (uint64_t)delivery->signal;
    frame->x[X_A1] = address + offsetof(struct rt_sigframe, info);
    frame->x[X_A2] = address + offsetof(struct rt_sigframe, uc);
    frame->number = (uint64_t)-1;
    return 0;
}

long signal_frame_pop(const void *carried, handle_t task, handle_t space, struct user_frame *frame, bool rt,
                      uint64_t *mask, struct stack_info *alternate)
{
    const struct rt_sigframe *from = carried ? carried : reply_buffer();
    if (!carried && copy_in_all(0, space, reply_buffer(), frame->x[X_SP], sizeof(*from)) < 0)
        return -EFAULT;
    const struct sigcontext *context = &from->uc.context;
    struct fpu_state *fpu = (struct fpu_state *)message_page->fpu;
    memcpy(fpu->f, context->f, sizeof(fpu->f));
    fpu->fcsr = context->fcsr;
    frame->pc = context->pc;
    memcpy(frame->x, context->x, sizeof(frame->x));
    frame->orig_a0 = frame->x[X_A0];
    frame->number = (uint64_t)-1;
    *mask = from->uc.mask;
    *alternate = (struct stack_info){ from->uc.stack_base, from->uc.stack_flags, from->uc.stack_size };
    return sizeof(*fpu);
}
