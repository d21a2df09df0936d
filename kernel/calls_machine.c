// SPDX-License-Identifier: MIT
// Kernel calls: interrupts, I/O ports, clock, log, power, the system's figures.
#include <arch.h>
#include <arch/cpu.h>
#include <calls.h>
#include <clock.h>
#include <errno.h>
#include <frame.h>
#include <irq.h>
#include <log.h>
#include <port.h>
#include <sched.h>
#include <space.h>
#include <task.h>

#define LOG_CHUNK 256u

static long check_system(struct task *task, unsigned long index, unsigned rights)
{
    if (handle_find(&task->space->handles, (handle_t)index, HANDLE_SYSTEM, rights))
        return 0;
    return handle_error(task->space, (handle_t)index, HANDLE_SYSTEM, rights);
}

long do_irq_create(struct task *task, unsigned long system, unsigned long line, unsigned long c,
                   unsigned long d)
{
    long error = check_system(task, system, RIGHT_CONTROL);
    if (error)
        return error;
    int why = 0;
    struct irq *irq = irq_create(task->space->quota, (unsigned)line, &why);
    return irq ? calls_give(task, &irq->object, RIGHT_ALL) : why;
}

long do_irq_bind(struct task *task, unsigned long index, unsigned long port_index, unsigned long bits,
                 unsigned long d)
{
    FIND(irq, irq, index, HANDLE_IRQ, RIGHT_CONTROL);
    FIND(port, port, port_index, HANDLE_PORT, RIGHT_SEND);
    irq_bind(irq, port, bits);
    return 0;
}

long do_irq_ack(struct task *task, unsigned long index, unsigned long b, unsigned long c, unsigned long d)
{
    FIND(irq, irq, index, HANDLE_IRQ, RIGHT_CONTROL);
    if (!irq->port)
        return -EINVAL;
    arch_irq_unmask(irq->line);
    return 0;
}

long do_ioports_create(struct task *task, unsigned long system, unsigned long first, unsigned long count,
                       unsigned long d)
{
    long error = check_system(task, system, RIGHT_CONTROL);
    if (error)
        return error;
    if (ARCH_IOPORTS == 0)
        return -EOPNOTSUPP;
    if (count == 0 || first >= ARCH_IOPORTS || count > ARCH_IOPORTS - first)
        return -EINVAL;
    struct ioports *ioports = ioports_create(task->space->quota, (unsigned)first, (unsigned)count);
    return ioports ? calls_give(task, &ioports->object, RIGHT_ALL) : -ENOMEM;
}

long do_clock_get(struct task *task, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    task->page->result[0] = arch_clock();
    task->page->result[1] = clock_wall_offset();
    return 0;
}

long do_clock_scale(struct task *task, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    struct clock_scale scale;
    if (!arch_clock_scale(&scale))
        return -EOPNOTSUPP;
    task->page->result[0] = scale.start;
    task->page->result[1] = scale.multiplier;
    task->page->result[2] = scale.shift;
    return 0;
}

long do_clock_set(struct task *task, unsigned long system, unsigned long b, unsigned long c, unsigned long d)
{
    long error = check_system(task, system, RIGHT_CONTROL);
    if (!error)
        clock_set_wall_offset(task->page->wide[0]);
    return error;
}

long do_log_write(struct task *task, unsigned long local, unsigned long length, unsigned long c,
                  unsigned long d)
{
    char chunk[LOG_CHUNK];
    unsigned long done = 0;
    while (done < length) {
        size_t part = length - done < sizeof chunk ? length - done : sizeof chunk;
        size_t got = copy_from_space(task->space, chunk, local + done, part);
        log_append(chunk, got);
        done += got;
        if (got < part)
            return done ? (long)done : -EFAULT;
    }
    return (long)done;
}

long do_log_read(struct task *task, unsigned long system, unsigned long local, unsigned long length,
                 unsigned long d)
{
    long error = check_system(task, system, RIGHT_READ);
    if (error)
        return error;
    char chunk[LOG_CHUNK];
    unsigned long done = 0;
    uint64_t position = task->page->wide[0];
    while (done < length) {
        uint64_t next;
        size_t got =
            log_read(position, chunk, length - done < sizeof chunk ? length - done : sizeof chunk, &next);
        if (!got)
            break;
        if (copy_to_space(task->space, local + done, chunk, got) != got)
            return -EFAULT;
        done += got;
        position = next;
    }
    task->page->result[0] = position;
    return (long)done;
}

static void count_objects(uint64_t *result)
{
    static const uint8_t types[] = { HANDLE_PORT,   HANDLE_SPACE, HANDLE_MEMORY, HANDLE_CALL,
                                     HANDLE_ROUTES, HANDLE_QUOTA, HANDLE_IRQ };
    result[0] = machine_quota.frames;
    for (unsigned i = 0; i < sizeof types; i++)
        result[1 + i] = object_count(types[i]);
}

long do_system_info(struct task *task, unsigned long system, unsigned long part, unsigned long c,
                    unsigned long d)
{
    long error = check_system(task, system, RIGHT_READ);
    if (error)
        return error;
    if (part > 1)
        return -EINVAL;
    uint64_t *result = task->page->result;
    if (part == 1) {
        count_objects(result);
        return 0;
    }
    result[0] = frame_total();
    result[1] = frame_free_count();
    result[2] = task_count();
    result[3] = handle_count();
    result[4] = arch_cycles_to_ns(this_cpu()->idle->user_time);
    result[5] = kmalloc_bytes();
    result[6] = object_count(HANDLE_NONE);
    result[7] = this_cpu()->switches;
    return 0;
}

long do_system_fail(struct task *task, unsigned long system, unsigned long n, unsigned long c,
                    unsigned long d)
{
    long error = check_system(task, system, RIGHT_CONTROL);
    if (error)
        return error;
    uint32_t left = allocation_failure_countdown;
    if (n > INT32_MAX)
        return -EINVAL;
    allocation_failure_countdown = (uint32_t)n;
    return (long)left;
}

long do_system_power(struct task *task, unsigned long system, unsigned long action, unsigned long status,
                     unsigned long d)
{
    long error = check_system(task, system, RIGHT_CONTROL);
    if (error)
        return error;
    if (action != POWER_OFF && action != POWER_RESTART)
        return -EINVAL;
    // No server could show why, as the one that failed may be the console's.
    if (status != 0)
        log_show();
    arch_power((unsigned)action, (int)status);
}

long do_yield(struct task *task, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    sched_yield(task);
    return 0;
}
