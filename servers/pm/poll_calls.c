// SPDX-License-Identifier: MIT
// Calls of vfs that come with a signal mask: ppoll, pselect6, epoll_pwait. pm sets the mask, passes the open call on,
// and sees its end by the trace flag (or by the divert of an interrupted call), when the old mask comes back.
#include "calls.h"
#include "mm.h"
#include "state.h"
#include "timecalls.h"

#include <errno.h>
#include <protocol_pm_vfs.h>

long call_forward(struct thread *caller)
{
    token_t token = caller->token;
    caller->token = 0;
    caller->state = THREAD_OUT;
    long error = forward(token, pm->vfs, LABEL_VFS);
    if (error == 0)
        return NO_REPLY;
    caller->token = token;
    caller->state = THREAD_IN;
    return error;
}

static long forward_masked(struct thread *caller, unsigned long mask, size_t size)
{
    uint64_t set;
    if (!mask)
        return call_forward(caller);
    if (size != sizeof set)
        return -EINVAL;
    if (mm_read(caller->mm, &set, mask, sizeof set) < 0)
        return -EFAULT;
    signal_set_temporary(caller, set);
    caller->traced = true;
    KCALL2(task_set_trace, caller->task, TRACE_CALLS);
    // What is ready counts more than a signal that the mask lets in: the call reaches vfs as cancelled already, which
    // only keeps it from waiting.
    if (signals_due(caller)) {
        caller->interrupted = true;
        task_interrupt(caller->task);
    }
    return call_forward(caller);
}

long call_ppoll(struct thread *caller, const unsigned long args[6])
{
    return forward_masked(caller, args[3], args[4]);
}

long call_ppoll_time64(struct thread *caller, const unsigned long args[6])
{
    return forward_masked(caller, args[3], args[4]);
}

// The sixth argument points to {mask, size}.
static long pselect6(struct thread *caller, const unsigned long args[6])
{
    unsigned long pair[2] = { 0 };
    if (args[5] && mm_read(caller->mm, pair, args[5], sizeof pair) < 0)
        return -EFAULT;
    return forward_masked(caller, pair[0], pair[1]);
}

long call_pselect6(struct thread *caller, const unsigned long args[6]) { return pselect6(caller, args); }

long call_pselect6_time64(struct thread *caller, const unsigned long args[6])
{
    return pselect6(caller, args);
}

long call_epoll_pwait(struct thread *caller, const unsigned long args[6])
{
    return forward_masked(caller, args[4], args[5]);
}

long call_epoll_pwait2(struct thread *caller, const unsigned long args[6])
{
    return forward_masked(caller, args[4], args[5]);
}
