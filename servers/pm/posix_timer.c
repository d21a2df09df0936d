// SPDX-License-Identifier: MIT
// POSIX timers (timer_create(2) and its relatives). A timer owns the record of its signal; while that is pending,
// further expiries count as overruns.
#include "posix_timer.h"

#include "calls.h"
#include "itimer.h"
#include "mm.h"
#include "pid.h"
#include "process.h"
#include "timecalls.h"

#include <errno.h>
#include <heap.h>
#include <linux/time.h>

#define OVERRUN_MAX INT32_MAX

static uint64_t clock_now(const struct posix_timer *timer)
{
    return timer->clock == CLOCK_REALTIME ? clock_realtime() : clock_monotonic();
}

static struct posix_timer *find(struct process *process, unsigned long id)
{
    list_for_each(timer, &process->posix_timers, struct posix_timer,
                  link) if (timer->id == (int)id) return timer;
    return NULL;
}

static void destroy(struct posix_timer *timer)
{
    timer_cancel(&timer->timer);
    list_remove(&timer->link);
    if (timer->signal_pending)
        list_remove(&timer->queued.link);
    heap_free(timer);
}

static bool clock_supported(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
}

static long read_event(struct thread *caller, unsigned long address, struct sigevent *event, int id)
{
    *event = (struct sigevent){ .signo = SIGALRM, .notify = SIGEV_SIGNAL };
    event->value.integer = id;
    if (!address)
        return 0;
    if (mm_read(caller->mm, event, address, sizeof *event) < 0)
        return -EFAULT;
    if (event->notify != SIGEV_NONE && (event->signo < 1 || event->signo > SIGNALS))
        return -EINVAL;
    return event->notify == SIGEV_NONE || event->notify == SIGEV_SIGNAL || event->notify == SIGEV_THREAD ||
                   event->notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID)
               ? 0
               : -EINVAL;
}

long call_timer_create(struct thread *caller, const unsigned long args[6])
{
    struct process *process = caller->process;
    struct sigevent event;
    struct thread *target = NULL;
    if (!clock_supported((int)args[0]))
        return -EINVAL;
    long error = read_event(caller, args[1], &event, process->next_posix_timer);
    if (error < 0)
        return error;
    if (event.notify & SIGEV_THREAD_ID) {
        struct pid *pid = pid_find(event.tid);
        target = pid ? pid->thread : NULL;
        if (!target || target->process != process)
            return -EINVAL;
    }
    struct posix_timer *timer = heap_alloc(sizeof *timer);
    if (!timer)
        return -EAGAIN;
    timer->process = process;
    timer->target = target;
    timer->id = process->next_posix_timer;
    timer->clock = (int)args[0];
    timer->notify = event.notify;
    timer->queued.timer = timer;
    timer->queued.info = (struct siginfo){ .signo = event.signo, .code = SI_TIMER };
    timer->queued.info.timer.timer = timer->id;
    timer->queued.info.timer.value = event.value;
    list_init(&timer->queued.link);
    if (mm_write(caller->mm, args[2], &timer->id, sizeof timer->id) < 0) {
        heap_free(timer);
        return -EFAULT;
    }
    process->next_posix_timer++;
    list_append(&process->posix_timers, &timer->link);
    return 0;
}

// -> how many periods beyond the first have passed
static uint64_t next_period(struct posix_timer *timer)
{
    uint64_t now = clock_monotonic(), late = now > timer->timer.deadline ? now - timer->timer.deadline : 0;
    uint64_t missed = late / timer->interval;
    timer_arm(&timer->timer, TIMER_POSIX, timer->timer.deadline + (missed + 1) * timer->interval);
    return missed;
}

void posix_timer_expired(struct timer *queue_timer)
{
    struct posix_timer *timer = container_of(queue_timer, struct posix_timer, timer);
    uint64_t missed = timer->interval ? next_period(timer) : 0;
    if (timer->notify == SIGEV_NONE)
        return;
    bool first = !timer->signal_pending;
    uint64_t overrun = first ? missed : (uint64_t)timer->overrun + missed + 1;
    timer->overrun = overrun > OVERRUN_MAX ? OVERRUN_MAX : (int)overrun;
    timer->signal_pending = true;
    if (first && !signal_send_queued(timer->process, timer->target, &timer->queued))
        timer->signal_pending = false;
}

void posix_timer_delivered(struct posix_timer *timer, struct siginfo *info)
{
    timer->signal_pending = false;
    timer->last_overrun = timer->overrun;
    info->timer.overrun = timer->overrun;
}

void posix_timers_forget(struct thread *thread)
{
    list_for_each_safe(timer, &thread->process->posix_timers, struct posix_timer,
                       link) if (timer->target == thread) destroy(timer);
}

static void destroy_all(struct process *process)
{
    while (!list_empty(&process->posix_timers))
        destroy(list_first(&process->posix_timers, struct posix_timer, link));
}

void timers_exec(struct process *process)
{
    destroy_all(process);
    process->next_posix_timer = 0;
}

void timers_exit(struct process *process)
{
    destroy_all(process);
    timer_cancel(&process->timers[ITIMER_REAL].timer);
    timer_cancel(&process->cpu_timer);
}

// --- setting and reading

static long store(struct thread *caller, unsigned long address, bool wide, struct posix_timer *timer)
{
    uint64_t now = clock_monotonic();
    uint64_t left = !timer->timer.armed ? 0 : timer->timer.deadline > now ? timer->timer.deadline - now : 1;
    size_t half = wide ? sizeof(struct timespec64) : sizeof(struct timespec_long);
    long error = timespec_write(caller, address, wide, timer->interval);
    return error < 0 ? error : timespec_write(caller, address + half, wide, left);
}

static long settime(struct thread *caller, const unsigned long args[6], bool wide)
{
    uint64_t interval = 0, value = 0;
    size_t half = wide ? sizeof(struct timespec64) : sizeof(struct timespec_long);
    if (!args[2])
        return -EINVAL;
    long error = timespec_read(caller, args[2], wide, &interval);
    if (error == 0)
        error = timespec_read(caller, args[2] + half, wide, &value);
    if (error < 0)
        return error;
    struct posix_timer *timer = find(caller->process, args[0]);
    if (!timer)
        return -EINVAL;
    if (args[3] && store(caller, args[3], wide, timer) < 0)
        return -EFAULT;
    timer_cancel(&timer->timer);
    timer->interval = interval;
    timer->overrun = timer->last_overrun = 0;
    if (!value)
        return 0;
    uint64_t now = clock_now(timer);
    uint64_t wait = !(args[1] & TIMER_ABSTIME) ? value : value > now ? value - now : 0;
    timer_arm(&timer->timer, TIMER_POSIX, deadline_after(wait));
    return 0;
}

static long gettime(struct thread *caller, const unsigned long args[6], bool wide)
{
    struct posix_timer *timer = find(caller->process, args[0]);
    return timer ? store(caller, args[1], wide, timer) : -EINVAL;
}

long call_timer_settime(struct thread *caller, const unsigned long args[6])
{
    return settime(caller, args, sizeof(long) == 8);
}

long call_timer_settime64(struct thread *caller, const unsigned long args[6])
{
    return settime(caller, args, true);
}

long call_timer_gettime(struct thread *caller, const unsigned long args[6])
{
    return gettime(caller, args, sizeof(long) == 8);
}

long call_timer_gettime64(struct thread *caller, const unsigned long args[6])
{
    return gettime(caller, args, true);
}

long call_timer_getoverrun(struct thread *caller, const unsigned long args[6])
{
    struct posix_timer *timer = find(caller->process, args[0]);
    return timer ? timer->last_overrun : -EINVAL;
}

long call_timer_delete(struct thread *caller, const unsigned long args[6])
{
    struct posix_timer *timer = find(caller->process, args[0]);
    if (!timer)
        return -EINVAL;
    destroy(timer);
    return 0;
}
