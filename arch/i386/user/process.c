// SPDX-License-Identifier: MIT
// i386: frames, thread-local storage and processor features of Linux processes (linux/process.h).
#include <errno.h>
#include <linux/process.h>
#include <string.h>

#define TLS_SLOTS 3

unsigned long frame_pc(const struct user_frame *frame) { return frame->eip; }

unsigned long frame_stack(const struct user_frame *frame) { return frame->esp; }

void frame_set_result(struct user_frame *frame, long value) { frame->eax = (uint32_t)value; }

void frame_restart(struct user_frame *frame)
{
    frame->eax = frame->orig_eax;
    frame->eip -= CALL_ADVANCE;
}

void frame_restart_block(struct user_frame *frame, unsigned long number)
{
    frame->eax = number;
    frame->eip -= CALL_ADVANCE;
}

// --- thread-local storage: three GDT slots, described by the two words of a segment descriptor

static bool is_empty(const struct user_desc *desc)
{
    return !desc->base && !desc->limit && !desc->contents && desc->read_exec_only && !desc->seg_32bit &&
           !desc->limit_in_pages && desc->seg_not_present && !desc->useable;
}

static bool is_zero(const struct user_desc *desc)
{
    return !desc->base && !desc->limit && !desc->contents && !desc->read_exec_only && !desc->seg_32bit &&
           !desc->limit_in_pages && !desc->seg_not_present && !desc->useable;
}

static void to_words(const struct user_desc *desc, uint32_t words[2])
{
    words[0] = words[1] = 0;
    if (is_empty(desc) || is_zero(desc))
        return;
    words[0] = (desc->base & 0xffff) << 16 | (desc->limit & 0xffff);
    words[1] = (desc->base & 0xff000000) | (desc->base & 0x00ff0000) >> 16 | (desc->limit & 0xf0000) |
               (uint32_t)(desc->read_exec_only ^ 1) << 9 | (uint32_t)desc->contents << 10 |
               (uint32_t)(desc->seg_not_present ^ 1) << 15 | (uint32_t)desc->seg_32bit << 22 |
               (uint32_t)desc->limit_in_pages << 23 | (uint32_t)desc->useable << 20 | 0x7100;
}

static void from_words(uint32_t entry, const uint32_t words[2], struct user_desc *desc)
{
    *desc = (struct user_desc){
        .entry_number = entry,
        .base = words[0] >> 16 | (words[1] & 0xff) << 16 | (words[1] & 0xff000000),
        .limit = (words[0] & 0xffff) | (words[1] & 0xf0000),
        .seg_32bit = words[1] >> 22 & 1,
        .contents = words[1] >> 10 & 3,
        .read_exec_only = !(words[1] >> 9 & 1),
        .limit_in_pages = words[1] >> 23 & 1,
        .seg_not_present = !(words[1] >> 15 & 1),
        .useable = words[1] >> 20 & 1,
    };
}

// Code segments are refused, as Linux does; so is a 16-bit segment.
static bool is_allowed(const struct user_desc *desc)
{
    return is_empty(desc) || is_zero(desc) ||
           (desc->seg_32bit && desc->contents <= 1 && !desc->seg_not_present);
}

static int free_slot(handle_t task)
{
    for (unsigned slot = 0; slot < TLS_SLOTS; slot++) {
        if (KCALL2(task_get_tls, task, slot) == 0 && !message_page->result[0] && !message_page->result[1])
            return (int)slot;
    }
    return -ESRCH;
}

static long set_area(handle_t task, handle_t space, unsigned long address, bool allocate)
{
    struct user_desc desc;
    if (copy_in_all(0, space, &desc, address, sizeof(desc)) < 0)
        return -EFAULT;
    if (!is_allowed(&desc))
        return -EINVAL;
    int slot = (int)desc.entry_number - TLS_ENTRY_MIN;
    if (desc.entry_number == (uint32_t)-1 && allocate) {
        slot = free_slot(task);
        if (slot < 0)
            return slot;
        uint32_t entry = (uint32_t)slot + TLS_ENTRY_MIN;
        if (copy_out_all(0, space, &entry, address, sizeof(entry)) < 0)
            return -EFAULT;
    }
    if (slot < 0 || slot >= TLS_SLOTS)
        return -EINVAL;
    uint32_t words[2];
    to_words(&desc, words);
    return task_set_tls(task, (unsigned)slot, words[0], words[1]);
}

int tls_clone(handle_t child, handle_t space, unsigned long tls)
{
    return (int)set_area(child, space, tls, false);
}

long tls_set_area(handle_t task, handle_t space, unsigned long user_desc)
{
    return set_area(task, space, user_desc, true);
}

long tls_get_area(handle_t task, handle_t space, unsigned long user_desc)
{
    uint32_t entry;
    if (copy_in_all(0, space, &entry, user_desc, sizeof(entry)) < 0)
        return -EFAULT;
    if (entry < TLS_ENTRY_MIN || entry >= TLS_ENTRY_MIN + TLS_SLOTS)
        return -EINVAL;
    long error = KCALL2(task_get_tls, task, entry - TLS_ENTRY_MIN);
    if (error < 0)
        return error;
    uint32_t words[2] = { (uint32_t)message_page->result[0], (uint32_t)message_page->result[1] };
    struct user_desc desc;
    from_words(entry, words, &desc);
    return copy_out_all(0, space, &desc, user_desc, sizeof(desc)) < 0 ? -EFAULT : 0;
}

// --- processor

#define HWCAP_SYSENTER 0x800ul

static void cpuid(uint32_t leaf, uint32_t registers[4])
{
    __asm__("cpuid"
            : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
            : "a"(leaf), "c"(0));
}

unsigned long arch_hwcap(void)
{
    uint32_t registers[4];
    cpuid(1, registers);
    return registers[3];
}

unsigned long arch_hwcap2(void) { return 0; }

// In place of sysenter two instructions that do nothing, which lead to the int behind it (vdso.S).
void vdso_fit(handle_t vdso, unsigned long landing)
{
    if (!(arch_hwcap() & HWCAP_SYSENTER))
        memory_write(vdso, landing - 2 * CALL_ADVANCE, "\x90\x90", 2);
}

// Status word of the FPU, or MXCSR's flags: invalid, denormal, zero divide, overflow, underflow, precision.
int fpu_signal_code(unsigned long status)
{
    if (status & 1)
        return FPE_FLTINV;
    if (status & 4)
        return FPE_FLTDIV;
    if (status & 8)
        return FPE_FLTOVF;
    if (status & 0x12)
        return FPE_FLTUND;
    return status & 0x20 ? FPE_FLTRES : FPE_FLTINV;
}
