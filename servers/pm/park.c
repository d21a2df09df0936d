// SPDX-License-Identifier: MIT
// Parked threads: what ends each kind of wait by itself (signal, timeout) and what has to be undone then.
#include "futex.h"
#include "process.h"
#include "sleep.h"
#include "state.h"
#include "thread.h"

#include <errno.h>

void thread_park(struct thread *thread, enum park_kind kind, uint64_t deadline)
{
    thread->park.kind = kind;
    thread->state = THREAD_PARKED;
    if (deadline != NO_DEADLINE)
        timer_arm(&thread->park.timer, TIMER_PARK, deadline);
}

void thread_unpark(struct thread *thread)
{
    struct park *park = &thread->park;
    timer_cancel(&park->timer);
    if (park->kind == PARK_FUTEX)
        list_remove(&park->futex.link);
    if (park->kind == PARK_MEMORY)
        list_remove(&park->memory.link);
    if (park->kind == PARK_WAIT)
        pid_put(park->wait.pid);
    park->kind = PARK_NONE;
    thread->state = THREAD_IN;
}

long park_interrupted(struct thread *thread)
{
    switch (thread->park.kind) {
    case PARK_WAIT: return -ERESTARTSYS;
    case PARK_SLEEP: return sleep_interrupted(thread);
    case PARK_FUTEX: return futex_interrupted(thread);
    case PARK_SIGNAL: return sigwait_woken(thread);
    case PARK_PAUSE: return -ERESTARTNOHAND;
    case PARK_VFORK:  // only a kill ends it, and that asks nobody
    case PARK_MEMORY: // it just tries again, see signal_wake
    case PARK_NONE: break;
    }
    return -EINTR;
}

void park_expired(struct thread *thread)
{
    enum park_kind kind = thread->park.kind;
    thread_unpark(thread);
    long value = kind == PARK_FUTEX ? -ETIMEDOUT : kind == PARK_SIGNAL ? -EAGAIN : 0;
    thread_return(thread, value);
}
