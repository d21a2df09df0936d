// SPDX-License-Identifier: MIT
// i386: the two signal frames as Linux lays them out: the old one of handlers without SA_SIGINFO, and the rt
// frame. FPU state lies above either: FNSAVE's image followed by FXSAVE's (asm/sigcontext.h, struct _fpstate_32).
#include <errno.h>
#include <linux/process.h>
#include <stddef.h>
#include <string.h>

#define FXSAVE_SIZE 512
#define MAGIC_FXSR 0x0000 // FXSAVE's image follows
#define EFLAGS_TF 0x100u
#define EFLAGS_DF 0x400u
#define EFLAGS_RF 0x10000u
#define EFLAGS_RESTORED 0x50dd5u // what sigreturn may set: AC OF DF TF SF ZF AF PF CF RF

struct fpu_frame {
    struct fpu_legacy legacy;
    uint8_t fxsave[FXSAVE_SIZE];
};
_Static_assert(sizeof(struct fpu_frame) == 624, "struct _fpstate_32");

struct old_sigframe {
    uint32_t return_address, signal;
    struct sigcontext context;
    uint8_t unused_fpu[sizeof(struct fpu_frame)];
    uint32_t extra_mask;
    uint8_t code[8];
};

struct rt_sigframe {
    uint32_t return_address, signal, info_pointer, uc_pointer;
    uint8_t info[SIGINFO_SIZE];
    struct ucontext uc;
    uint8_t code[8];
};

// Debuggers and unwinders know these: pop %eax; mov $119, %eax; int $0x80 and mov $173, %eax; int $0x80.
static const uint8_t old_code[8] = { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 };
static const uint8_t rt_code[8] = { 0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0 };

// FXSAVE (Intel SDM volume 1, 10.5.1) -> FNSAVE.
static void legacy_from_fxsave(struct fpu_legacy *legacy, const uint8_t *fxsave)
{
    uint16_t control, status;
    memcpy(&control, fxsave, 2);
    memcpy(&status, fxsave + 2, 2);
    legacy->control = 0xffff0000u | control;
    legacy->status = 0xffff0000u | status;
    uint32_t tag = 0xffff0000u;
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *reg = fxsave + 32 + 16 * (((i - (status >> 11)) & 7));
        memcpy(legacy->registers[i], fxsave + 32 + 16 * i, 10);
        uint64_t mantissa;
        uint16_t exponent;
        memcpy(&mantissa, reg, 8);
        memcpy(&exponent, reg + 8, 2);
        exponent &= 0x7fff;
        uint32_t kind = 3;
        if (fxsave[4] & 1 << i)
            kind = exponent == 0x7fff ? 2 : exponent == 0 ? (mantissa ? 2 : 1) : mantissa >> 63 ? 0 : 2;
        tag |= kind << (2 * i);
    }
    legacy->tag = tag;
    memcpy(&legacy->instruction, fxsave + 8, 4);
    memcpy(&legacy->operand, fxsave + 16, 4);
    legacy->instruction_selector =
        fxsave[12] | fxsave[13] << 8 | (uint32_t)(fxsave[6] | fxsave[7] << 8) << 16;
    legacy->operand_selector = 0xffff0000u | fxsave[20] | fxsave[21] << 8;
    legacy->status_copy = status;
    legacy->magic = MAGIC_FXSR;
}

// The image's x87 part follows the legacy header, which is what programs that know no SSE have changed.
static void fxsave_from_legacy(uint8_t *fxsave, const struct fpu_legacy *legacy)
{
    memcpy(fxsave, &legacy->control, 2);
    memcpy(fxsave + 2, &legacy->status, 2);
    uint8_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        if ((legacy->tag >> (2 * i) & 3) != 3)
            tags |= (uint8_t)(1 << i);
        memcpy(fxsave + 32 + 16 * i, legacy->registers[i], 10);
    }
    fxsave[4] = tags;
    memcpy(fxsave + 8, &legacy->instruction, 4);
    memcpy(fxsave + 16, &legacy->operand, 4);
}

static int push_fpu(handle_t space, unsigned long *stack)
{
    struct fpu_frame fpu;
    memcpy(fpu.fxsave, message_page->fpu, sizeof(fpu.fxsave));
    memset(fpu.fxsave + 464, 0, 48); // sw_reserved: no extended state follows
    legacy_from_fxsave(&fpu.legacy, fpu.fxsave);
    unsigned long image = (*stack - FXSAVE_SIZE) & ~63ul;
    *stack = image - sizeof(struct fpu_legacy);
    return (int)copy_out_all(0, space, &fpu, *stack, sizeof(fpu));
}

static long pop_fpu(handle_t task, handle_t space, unsigned long address)
{
    if (address == 0)
        return task_write_fpu(task, NULL, 0);
    struct fpu_frame fpu;
    if (copy_in_all(0, space, &fpu, address, sizeof(fpu)) < 0)
        return -EFAULT;
    fxsave_from_legacy(fpu.fxsave, &fpu.legacy);
    memset(fpu.fxsave + 464, 0, 48);
    memcpy(message_page->fpu, fpu.fxsave, sizeof(fpu.fxsave));
    return sizeof(fpu.fxsave);
}

static void fill_context(struct sigcontext *context, const struct user_frame *frame,
                         const struct signal_delivery *delivery, unsigned long fpu)
{
    *context = (struct sigcontext){
        .gs = frame->gs,
        .fs = frame->fs,
        .es = frame->es,
        .ds = frame->ds,
        .edi = frame->edi,
        .esi = frame->esi,
        .ebp = frame->ebp,
        .esp = frame->esp,
        .ebx = frame->ebx,
        .edx = frame->edx,
        .ecx = frame->ecx,
        .eax = frame->eax,
        .trap = delivery->fault_trap,
        .error = delivery->fault_error,
        .eip = frame->eip,
        .cs = frame->cs,
        .eflags = frame->eflags,
        .esp_at_signal = frame->esp,
        .ss = frame->ss,
        .fpstate = fpu,
        .oldmask = (uint32_t)delivery->mask,
        .cr2 = delivery->fault_address,
    };
}

static void enter_handler(struct user_frame *frame, const struct signal_delivery *delivery,
                          unsigned long stack)
{
    frame->eip = delivery->handler;
    frame->esp = stack;
    frame->eax = (uint32_t)delivery->signal;
    frame->edx = frame->ecx = 0;
    frame->ds = frame->es = frame->ss;
    frame->eflags &= ~(EFLAGS_TF | EFLAGS_DF | EFLAGS_RF);
    frame->orig_eax = (uint32_t)-1;
}

static unsigned long place(unsigned long stack, size_t size) { return ((stack - size + 4) & ~15ul) - 4; }

static int push_old(handle_t space, struct user_frame *frame, const struct signal_delivery *delivery,
                    unsigned long fpu)
{
    struct old_sigframe local;
    memset(&local, 0, sizeof(local));
    local.return_address = delivery->flags & SA_RESTORER ? delivery->restorer : delivery->trampoline;
    local.signal = (uint32_t)delivery->signal;
    fill_context(&local.context, frame, delivery, fpu);
    local.extra_mask = (uint32_t)(delivery->mask >> 32);
    memcpy(local.code, old_code, sizeof(old_code));
    unsigned long address = place(fpu, sizeof(local));
    long error = copy_out_all(0, space, &local, address, sizeof(local));
    if (error < 0)
        return (int)error;
    enter_handler(frame, delivery, address);
    return 0;
}

static int push_rt(handle_t space, struct user_frame *frame, const struct signal_delivery *delivery,
                   unsigned long fpu)
{
    struct rt_sigframe local;
    memset(&local, 0, sizeof(local));
    unsigned long address = place(fpu, sizeof(local));
    local.return_address = delivery->flags & SA_RESTORER ? delivery->restorer : delivery->rt_trampoline;
    local.signal = (uint32_t)delivery->signal;
    local.info_pointer = address + offsetof(struct rt_sigframe, info);
    local.uc_pointer = address + offsetof(struct rt_sigframe, uc);
    memcpy(local.info, delivery->info, sizeof(*delivery->info));
    local.uc.stack_base = delivery->alternate.base;
    local.uc.stack_flags = (uint32_t)delivery->alternate.flags;
    local.uc.stack_size = delivery->alternate.size;
    fill_context(&local.uc.context, frame, delivery, fpu);
    local.uc.mask[0] = (uint32_t)delivery->mask;
    local.uc.mask[1] = (uint32_t)(delivery->mask >> 32);
    memcpy(local.code, rt_code, sizeof(rt_code));
    long error = copy_out_all(0, space, &local, address, sizeof(local));
    if (error < 0)
        return (int)error;
    enter_handler(frame, delivery, address);
    frame->edx = local.info_pointer;
    frame->ecx = local.uc_pointer;
    return 0;
}

int signal_frame_push(handle_t space, struct user_frame *frame, const struct signal_delivery *delivery)
{
    unsigned long fpu = delivery->stack;
    int error = push_fpu(space, &fpu);
    if (error < 0)
        return error;
    return delivery->flags & SA_SIGINFO ? push_rt(space, frame, delivery, fpu)
                                        : push_old(space, frame, delivery, fpu);
}

static long restore_context(handle_t task, handle_t space, struct user_frame *frame,
                            const struct sigcontext *context)
{
    long fpu = pop_fpu(task, space, context->fpstate);
    if (fpu < 0)
        return fpu;
    uint32_t eflags = (frame->eflags & ~EFLAGS_RESTORED) | (context->eflags & EFLAGS_RESTORED);
    *frame = (struct user_frame){
        .ebx = context->ebx,
        .ecx = context->ecx,
        .edx = context->edx,
        .esi = context->esi,
        .edi = context->edi,
        .ebp = context->ebp,
        .eax = context->eax,
        .orig_eax = (uint32_t)-1,
        .ds = context->ds & 0xffff,
        .es = context->es & 0xffff,
        .fs = context->fs & 0xffff,
        .gs = context->gs & 0xffff,
        .eip = context->eip,
        .cs = (context->cs & 0xffff) | 3,
        .eflags = eflags,
        .esp = context->esp,
        .ss = (context->ss & 0xffff) | 3,
    };
    return fpu;
}

long signal_frame_pop(const void *carried, handle_t task, handle_t space, struct user_frame *frame, bool rt,
                      uint64_t *mask, struct stack_info *alternate)
{
    (void)carried;
    if (rt) { // the return address was popped
        struct rt_sigframe local;
        if (copy_in_all(0, space, &local, frame->esp - 4, sizeof(local)) < 0)
            return -EFAULT;
        *mask = local.uc.mask[0] | (uint64_t)local.uc.mask[1] << 32;
        *alternate =
            (struct stack_info){ local.uc.stack_base, (int)local.uc.stack_flags, local.uc.stack_size };
        return restore_context(task, space, frame, &local.uc.context);
    }
    struct old_sigframe local; // the signal number was popped as well
    if (copy_in_all(0, space, &local, frame->esp - 8, sizeof(local)) < 0)
        return -EFAULT;
    *mask = local.context.oldmask | (uint64_t)local.extra_mask << 32;
    return restore_context(task, space, frame, &local.context);
}
