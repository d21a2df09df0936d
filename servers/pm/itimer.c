// SPDX-License-Identifier: MIT
// Interval timers: setitimer(2), getitimer(2), alarm(2), and RLIMIT_CPU. ITIMER_REAL is a timer of the queue. CPU
// time cannot pass faster than real time, so one timer per process looks at it when the nearest limit could be
// reached at the earliest, and again if it was not.
#include "itimer.h"

#include "calls.h"
#include "mm.h"
#include "timecalls.h"

#include <errno.h>
#include <linux/time.h>

#define MICROSECONDS_PER_SECOND 1000000
#define CPU_LOOK_NS 1000000u

static uint64_t cpu_time(struct process *process, int which)
{
    struct usage usage;
    process_usage(process, &usage);
    return which == ITIMER_VIRTUAL ? usage.user_time : usage.user_time + usage.system_time;
}

static void send(struct process *process, int signal)
{
    struct siginfo info = signal_info_kernel(signal);
    signal_send_process(process, &info);
}

void interval_timer_expired(struct interval_timer *interval)
{
    if (interval->interval) {
        // Missed periods give no further signals: SIGALRM does not queue.
        uint64_t now = clock_monotonic(), next = interval->timer.deadline;
        next += (now - next) / interval->interval * interval->interval + interval->interval;
        timer_arm(&interval->timer, TIMER_INTERVAL, next);
    }
    send(interval->process, SIGALRM);
}

// --- CPU time

static uint64_t cpu_limit(const struct process *process)
{
    const struct rlimit64 *limit = &process->limits[RLIMIT_CPU];
    if (limit->current == RLIMIT_INFINITY)
        return UINT64_MAX;
    uint64_t seconds = process->cpu_warning > limit->current ? process->cpu_warning : limit->current;
    if (seconds > limit->maximum)
        seconds = limit->maximum;
    return seconds > UINT64_MAX / NSEC_PER_SEC ? UINT64_MAX : seconds * NSEC_PER_SEC;
}

static uint64_t least_wait(struct process *process)
{
    uint64_t wait = UINT64_MAX, limit = cpu_limit(process);
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        uint64_t value = process->timers[which].value, now;
        if (!value)
            continue;
        now = cpu_time(process, which);
        uint64_t left = value > now ? value - now : 0;
        wait = left < wait ? left : wait;
    }
    if (limit != UINT64_MAX) {
        uint64_t now = cpu_time(process, ITIMER_PROF), left = limit > now ? limit - now : 0;
        wait = left < wait ? left : wait;
    }
    return wait;
}

void cpu_timer_rearm(struct process *process)
{
    uint64_t wait = least_wait(process);
    if (wait == UINT64_MAX)
        timer_cancel(&process->cpu_timer);
    else // a process that sleeps uses none: looking again may not become looking all the time
        timer_arm(&process->cpu_timer, TIMER_CPU, deadline_after(wait < CPU_LOOK_NS ? CPU_LOOK_NS : wait));
}

static void check_interval(struct process *process, int which)
{
    struct interval_timer *timer = &process->timers[which];
    uint64_t now = cpu_time(process, which);
    if (!timer->value || now < timer->value)
        return;
    timer->value = timer->interval ? now + timer->interval : 0;
    send(process, which == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF);
}

// RLIMIT_CPU: SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one (getrlimit(2)).
static void check_limit(struct process *process)
{
    const struct rlimit64 *limit = &process->limits[RLIMIT_CPU];
    uint64_t seconds = cpu_time(process, ITIMER_PROF) / NSEC_PER_SEC;
    if (seconds >= limit->maximum) {
        send(process, SIGKILL);
    } else if (seconds >= limit->current && seconds >= process->cpu_warning) {
        process->cpu_warning = seconds + 1;
        send(process, SIGXCPU);
    }
}

void cpu_timer_expired(struct process *process)
{
    check_interval(process, ITIMER_VIRTUAL);
    check_interval(process, ITIMER_PROF);
    check_limit(process);
    if (process->live > 0)
        cpu_timer_rearm(process);
}

// --- calls

struct interval_value {
    uint64_t interval, value; // ns
};

static void get(struct process *process, int which, struct interval_value *value)
{
    const struct interval_timer *timer = &process->timers[which];
    uint64_t now = which == ITIMER_REAL ? clock_monotonic() : cpu_time(process, which);
    uint64_t end = which != ITIMER_REAL ? timer->value : timer->timer.armed ? timer->timer.deadline : 0;
    value->interval = timer->interval;
    // A timer that is about to fire shows a microsecond: zero would mean that it is off.
    value->value = end == 0 ? 0 : end > now + NSEC_PER_USEC ? end - now : NSEC_PER_USEC;
}

static void set(struct process *process, int which, const struct interval_value *value)
{
    struct interval_timer *timer = &process->timers[which];
    timer->interval = value->interval;
    if (which != ITIMER_REAL) {
        timer->value = value->value ? cpu_time(process, which) + value->value : 0;
        cpu_timer_rearm(process);
    } else if (value->value) {
        timer_arm(&timer->timer, TIMER_INTERVAL, deadline_after(value->value));
    } else {
        timer_cancel(&timer->timer);
    }
}

static bool to_ns(const struct timeval_long *from, uint64_t *ns)
{
    if (from->seconds < 0 || from->microseconds < 0 || from->microseconds >= MICROSECONDS_PER_SECOND)
        return false;
    uint64_t seconds = (uint64_t)from->seconds;
    *ns = seconds > INT64_MAX / NSEC_PER_SEC - 1
              ? INT64_MAX
              : seconds * NSEC_PER_SEC + (uint64_t)from->microseconds * NSEC_PER_USEC;
    return true;
}

static struct timeval_long from_ns(uint64_t ns)
{
    return (struct timeval_long){ (long)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

static long store(struct thread *caller, unsigned long address, const struct interval_value *value)
{
    struct itimerval_long user = { from_ns(value->interval), from_ns(value->value) };
    return mm_write(caller->mm, address, &user, sizeof user);
}

long call_getitimer(struct thread *caller, const unsigned long args[6])
{
    struct interval_value value;
    if (args[0] > ITIMER_PROF)
        return -EINVAL;
    get(caller->process, (int)args[0], &value);
    return store(caller, args[1], &value);
}

long call_setitimer(struct thread *caller, const unsigned long args[6])
{
    struct itimerval_long user = { 0 };
    struct interval_value old, new = { 0 };
    if (args[0] > ITIMER_PROF)
        return -EINVAL;
    if (args[1] && mm_read(caller->mm, &user, args[1], sizeof user) < 0)
        return -EFAULT;
    if (!to_ns(&user.interval, &new.interval) || !to_ns(&user.value, &new.value))
        return -EINVAL;
    if (args[2] && !mm_prepare(caller->mm, args[2], sizeof user))
        return -EFAULT;
    get(caller->process, (int)args[0], &old);
    set(caller->process, (int)args[0], &new);
    return args[2] ? store(caller, args[2], &old) : 0;
}

// Seconds left are rounded as Linux does: up from half a second, but never to zero.
long call_alarm(struct thread *caller, const unsigned long args[6])
{
    struct interval_value old, new = { .value = (uint64_t)(uint32_t)args[0] * NSEC_PER_SEC };
    get(caller->process, ITIMER_REAL, &old);
    set(caller->process, ITIMER_REAL, &new);
    uint64_t seconds = old.value / NSEC_PER_SEC, rest = old.value % NSEC_PER_SEC;
    if ((seconds == 0 && rest) || rest >= NSEC_PER_SEC / 2)
        seconds++;
    return (long)seconds;
}
