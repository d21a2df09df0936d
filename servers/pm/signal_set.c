// SPDX-License-Identifier: MIT
// Pending sets with their queues of siginfo, dispositions, and what signals do by default (signal(7)).
#include "credentials.h"
#include "itimer.h"
#include "posix_timer.h"
#include "signals.h"

#include <heap.h>
#include <string.h>

void pending_init(struct pending *pending)
{
    pending->set = 0;
    list_init(&pending->queue);
}

// Signals of POSIX timers use the timer's own record, which is only unlinked.
static void drop(struct queued_signal *queued)
{
    list_remove(&queued->link);
    if (queued->timer) {
        queued->timer->signal_pending = false;
        return;
    }
    queued->user->pending--;
    user_put(queued->user);
    heap_free(queued);
}

void pending_remove(struct pending *pending, uint64_t signals)
{
    if (!(pending->set & signals))
        return;
    pending->set &= ~signals;
    list_for_each_safe(queued, &pending->queue, struct queued_signal,
                       link) if (signals & SIGNAL_BIT(queued->info.signo)) drop(queued);
}

void pending_flush(struct pending *pending) { pending_remove(pending, ~0ull); }

// The oldest record of the signal; the bit goes with the last.
static void collect(struct pending *pending, int signal, struct siginfo *info)
{
    *info = (struct siginfo){ .signo = signal, .code = SI_USER };
    bool found = false, more = false;
    list_for_each_safe(queued, &pending->queue, struct queued_signal, link)
    {
        if (queued->info.signo != signal)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = true;
        *info = queued->info;
        struct posix_timer *timer = queued->timer;
        drop(queued);
        if (timer)
            posix_timer_delivered(timer, info);
    }
    if (!more)
        pending->set &= ~SIGNAL_BIT(signal);
}

int pending_take(struct pending *pending, uint64_t wanted, struct siginfo *info)
{
    uint64_t set = pending->set & wanted;
    if (!set)
        return 0;
    int signal = __builtin_ctzll(set) + 1;
    collect(pending, signal, info);
    return signal;
}

struct sighand *sighand_create(void)
{
    struct sighand *sighand = heap_alloc(sizeof *sighand);
    if (sighand) {
        sighand->references = 1;
        sighand->lent.closed = UNBLOCKABLE;
    }
    return sighand;
}

void sighand_set(struct sighand *sighand, const struct sighand *from)
{
    sighand->lent.changed = from->lent.changed;
    for (uint64_t left = from->lent.changed; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        sighand->actions[i] = from->actions[i];
    }
}

struct sighand *sighand_copy(const struct sighand *from)
{
    struct sighand *sighand = sighand_create();
    if (sighand)
        sighand_set(sighand, from);
    return sighand;
}

void sighand_reset(struct sighand *sighand)
{
    for (uint64_t left = sighand->lent.changed; left; left &= left - 1) {
        struct sigaction_user *action = &sighand->actions[__builtin_ctzll(left)];
        *action = (struct sigaction_user){ .handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
    }
}

void sighand_put(struct sighand *sighand)
{
    if (sighand && --sighand->references == 0)
        heap_free(sighand);
}

static bool in_set(int signal, uint64_t set) { return SIGNAL_BIT(signal) & set; }

bool signal_default_ignored(int signal)
{
    return in_set(signal,
                  SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGURG));
}

bool signal_default_stops(int signal) { return in_set(signal, STOP_SIGNALS); }

bool signal_has_codes(int signal)
{
    return in_set(signal, SYNCHRONOUS_SIGNALS | SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGIO));
}

bool signal_default_dumps(int signal)
{
    return in_set(signal, SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |
                              SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) |
                              SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ) |
                              SIGNAL_BIT(SIGSYS));
}
