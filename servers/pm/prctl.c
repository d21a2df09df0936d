// SPDX-License-Identifier: MIT
// prctl(2) and personality(2): what busybox, bash, dash, musl and glibc ask for.
#include "calls.h"
#include "mm.h"
#include "process.h"

#include <errno.h>
#include <linux/misc.h>
#include <string.h>

#define PERSONALITY_QUERY 0xffffffffu
#define TIMER_SLACK_DEFAULT 50000

static long set_name(struct thread *caller, unsigned long address)
{
    char name[sizeof caller->comm] = { 0 };
    for (size_t i = 0; i < sizeof name - 1; i++) { // never past the string's end
        if (mm_read(caller->mm, name + i, address + i, 1) < 0)
            return -EFAULT;
        if (name[i] == '\0')
            break;
    }
    memcpy(caller->comm, name, sizeof name);
    return 0;
}

static long put_int(struct thread *caller, unsigned long address, int value)
{
    return mm_write(caller->mm, address, &value, sizeof value);
}

static long drop_bounding(struct thread *caller, unsigned long capability)
{
    if (!capable(caller, CAP_SETPCAP))
        return -EPERM;
    if (capability > CAP_LAST)
        return -EINVAL;
    caller->cred.bounding &= ~CAP_BIT(capability);
    return 0;
}

static long set_keep_capabilities(struct thread *caller, unsigned long keep)
{
    if (keep > 1)
        return -EINVAL;
    caller->cred.keep_capabilities = keep;
    return 0;
}

static long set_parent_death_signal(struct thread *caller, unsigned long signal)
{
    if (signal > SIGNALS)
        return -EINVAL;
    caller->parent_death_signal = (int)signal;
    return 0;
}

static bool unused_set(const unsigned long args[6], int first)
{
    for (int i = first; i < 5; i++)
        if (args[i])
            return true;
    return false;
}

static long set_no_new_privs(struct thread *caller, const unsigned long args[6])
{
    if (args[1] != 1 || unused_set(args, 2))
        return -EINVAL;
    caller->no_new_privs = true;
    return 0;
}

static long set_dumpable(struct thread *caller, unsigned long value)
{
    if (value > 1)
        return -EINVAL;
    caller->mm->dumpable = value;
    return 0;
}

long call_prctl(struct thread *caller, const unsigned long args[6])
{
    switch ((int)args[0]) {
    case PR_SET_PDEATHSIG: return set_parent_death_signal(caller, args[1]);
    case PR_GET_PDEATHSIG: return put_int(caller, args[1], caller->parent_death_signal);
    case PR_GET_DUMPABLE: return caller->mm->dumpable;
    case PR_SET_DUMPABLE: return set_dumpable(caller, args[1]);
    case PR_GET_KEEPCAPS: return caller->cred.keep_capabilities;
    case PR_SET_KEEPCAPS: return set_keep_capabilities(caller, args[1]);
    case PR_SET_NAME: return set_name(caller, args[1]);
    case PR_GET_NAME: return mm_write(caller->mm, args[1], caller->comm, sizeof caller->comm);
    case PR_GET_SECCOMP: return 0;
    case PR_CAPBSET_READ:
        return args[1] > CAP_LAST ? -EINVAL : (caller->cred.bounding & CAP_BIT(args[1])) != 0;
    case PR_CAPBSET_DROP: return drop_bounding(caller, args[1]);
    case PR_GET_SECUREBITS: return (long)caller->cred.securebits;
    case PR_SET_TIMERSLACK: caller->timer_slack = (long)args[1] > 0 ? args[1] : TIMER_SLACK_DEFAULT; return 0;
    case PR_GET_TIMERSLACK: return caller->timer_slack ? (long)caller->timer_slack : TIMER_SLACK_DEFAULT;
    case PR_SET_CHILD_SUBREAPER: caller->process->child_subreaper = args[1] != 0; return 0;
    case PR_GET_CHILD_SUBREAPER: return put_int(caller, args[1], caller->process->child_subreaper);
    case PR_SET_NO_NEW_PRIVS: return set_no_new_privs(caller, args);
    case PR_GET_NO_NEW_PRIVS: return unused_set(args, 1) ? -EINVAL : caller->no_new_privs;
    case PR_GET_TID_ADDRESS: return mm_write(caller->mm, args[1], &caller->clear_child_tid, sizeof(long));
    case PR_SET_THP_DISABLE: return unused_set(args, 2) ? -EINVAL : 0;
    case PR_GET_THP_DISABLE: return unused_set(args, 1) ? -EINVAL : 0;
    default: return -EINVAL; // as Linux built without what they are for
    }
}

long call_personality(struct thread *caller, const unsigned long args[6])
{
    uint64_t old = caller->personality;
    if ((uint32_t)args[0] != PERSONALITY_QUERY)
        caller->personality = (uint32_t)args[0];
    return (long)old;
}
