// SPDX-License-Identifier: MIT
// Kernel calls that take more than registers: they fill the message page first.
#include <counter.h>
#include <errno.h>
#include <kernel.h>
#include <kernel_call.h>
#include <string.h>

struct message_page *message_page;

static void set_target(token_t token, handle_t space)
{
    message_page->target.token = token;
    message_page->target.space = space;
}

long copy_in(token_t token, handle_t space, void *local, unsigned long remote, size_t length)
{
    set_target(token, space);
    return kernel_call3((unsigned long)local, remote, length, CALL_copy_in);
}

long copy_out(token_t token, handle_t space, const void *local, unsigned long remote, size_t length)
{
    set_target(token, space);
    return kernel_call3((unsigned long)local, remote, length, CALL_copy_out);
}

long copy_prepare(token_t token, handle_t space, unsigned long remote, size_t length, unsigned access)
{
    set_target(token, space);
    message_page->wide[0] = 0;
    long error = KCALL4(fault_in, remote, length, access, 0);
    return error == 0 || error == -ENOMEM ? error : -EFAULT;
}

// A copy ends early where a page is missing: once that is there it goes on. What is copied out is only read here.
static long copy_all(token_t token, handle_t space, char *local, unsigned long remote, size_t length,
                     bool out)
{
    for (size_t done = 0;;) {
        long got = out ? copy_out(token, space, local + done, remote + done, length - done)
                       : copy_in(token, space, local + done, remote + done, length - done);
        done += got > 0 ? (size_t)got : 0;
        if (done == length)
            return 0;
        long error = copy_prepare(token, space, remote + done, 1, out ? ACCESS_WRITE : ACCESS_READ);
        if (error < 0)
            return error;
    }
}

long copy_in_all(token_t token, handle_t space, void *local, unsigned long remote, size_t length)
{
    return copy_all(token, space, local, remote, length, false);
}

long copy_out_all(token_t token, handle_t space, const void *local, unsigned long remote, size_t length)
{
    return copy_all(token, space, (char *)local, remote, length, true);
}

long copy_object(token_t token, handle_t memory, uint64_t offset, unsigned long remote, size_t length,
                 bool to_object)
{
    set_target(token, 0);
    message_page->wide[0] = offset;
    return KCALL4(copy_object, memory, remote, length, to_object);
}

long space_query(handle_t space, unsigned long address, struct region_info *info)
{
    long error = KCALL2(space_query, space, address);
    if (error < 0)
        return error;
    const uint64_t *result = message_page->result;
    *info = (struct region_info){
        .start = result[0],
        .end = result[1],
        .flags = result[2],
        .tag = result[3],
        .memory = result[4],
        .offset = result[5],
        .resident = result[6],
    };
    return 0;
}

long task_create(handle_t space, handle_t quota, handle_t owner, unsigned long label,
                 const struct task_start *start)
{
    message_page->wide[0] = start->entry;
    message_page->wide[1] = start->stack;
    message_page->wide[2] = start->argument;
    message_page->wide[3] = start->message_page;
    return KCALL4(task_create, space, quota, owner, label);
}

long task_clone(handle_t task, handle_t space, handle_t quota, unsigned flags, unsigned long stack,
                unsigned long tls, const struct task_words *words)
{
    message_page->wide[0] = stack;
    message_page->wide[1] = tls;
    for (int i = 0; i < TASK_LABELS; i++)
        message_page->wide[2 + i] = words->labels[i];
    for (int i = 0; i < TASK_CONSTANTS; i++)
        message_page->wide[2 + TASK_LABELS + i] = (uint64_t)words->constants[i];
    for (int i = 0; i < TASK_LENT; i++)
        message_page->wide[2 + TASK_LABELS + TASK_CONSTANTS + i] = (unsigned long)words->lent[i];
    return KCALL4(task_clone, task, space, quota, flags);
}

static struct {
    bool known;
    uint64_t start, multiplier; // multiplier 0: only the kernel can read the counter
    unsigned shift;
} scale;

static void scale_read(void)
{
    scale.known = true;
    if (KCALL0(clock_scale) < 0)
        return;
    scale.start = message_page->result[0];
    scale.multiplier = message_page->result[1];
    scale.shift = (unsigned)message_page->result[2];
}

uint64_t clock_monotonic(void)
{
    if (!scale.known)
        scale_read();
    if (scale.multiplier)
        return counter_scale(counter_read() - scale.start, scale.multiplier, scale.shift);
    KCALL0(clock_get);
    return message_page->result[0];
}

uint64_t clock_realtime(void)
{
    KCALL0(clock_get);
    return message_page->result[0] + message_page->result[1];
}
