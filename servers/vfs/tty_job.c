// SPDX-License-Identifier: MIT
// Terminals and sessions: controlling terminal, foreground group, job control, and the signals that terminals
// send. pm owns processes and groups; vfs asks it (PM_TTY_CHECK, PM_GROUP_SESSION) on fibers, and tells it of
// signals one after the other, without waiting.
#include <errno.h>
#include <heap.h>
#include <linux/capability.h>
#include <linux/signal.h>
#include <linux/fcntl.h>
#include <server.h>
#include "pm_calls.h"
#include "tty.h"

// The foreground group that a terminal had when it was hung up. Its session's leader, when it exits, passes the
// hang-up on to it (tty_session_end).
struct old_group {
    struct list link;
    int session, group;
};

static struct list old_groups = { &old_groups, &old_groups };

static void send_signals(enum pm_target target, int id, int signal, int another)
{
    struct message message = { .number = PM_SIGNAL };
    message.args[0] = target;
    message.args[1] = (unsigned long)id;
    message.args[2] = (unsigned long)signal;
    message.args[3] = SI_KERNEL;
    message.args[4] = (unsigned long)another;
    pm_tell(&message);
}

void tty_signal_group(struct tty *tty, int signal)
{
    if (tty->group != 0)
        send_signals(PM_TARGET_GROUP, tty->group, signal, 0);
}

static bool leads_session(const struct client *client)
{
    return client->identity.sid == client->identity.tgid;
}

static bool controls(const struct tty *tty, const struct client *client)
{
    return tty->control != 0 && tty->control == client->terminal;
}

// All threads of a process have the same one.
static void set_terminal(const struct client *caller, uint32_t control)
{
    unsigned index = 0;
    for (struct client *client; (client = client_next(&index));)
        if (client->tgid == caller->tgid)
            client->terminal = control;
}

int tty_check(struct client *caller, struct tty *tty, int signal)
{
    if (!controls(tty, caller) || tty->group == 0 || tty->group == caller->identity.pgid)
        return 0;
    struct message message = { .args = { caller->pm_label, (unsigned long)signal } };
    long result = pm_ask(PM_TTY_CHECK, &message);
    if (result != -ERESTART_TTY)
        return (int)result;
    caller->divert = DIVERT_RESTARTSYS;
    return -EINTR;
}

static void acquire(struct client *caller, struct tty *tty)
{
    static uint32_t last;
    tty->session = caller->identity.sid;
    tty->group = caller->identity.pgid;
    tty->control = ++last ? last : ++last;
    set_terminal(caller, tty->control);
}

static void give_up(struct tty *tty)
{
    tty->session = tty->group = 0;
    tty->control = 0;
}

void tty_opened(struct client *caller, struct tty *tty, struct file *file)
{
    if (file->flags & O_NOCTTY || !file_readable(file))
        return;
    if (leads_session(caller) && !tty_of(caller) && tty->session == 0)
        acquire(caller, tty);
}

long tty_set_controlling(struct client *caller, struct tty *tty, struct file *file, unsigned long steal)
{
    bool leader = leads_session(caller), administrator = client_capable(caller, CAP_SYS_ADMIN);
    if (leader && tty->session == caller->identity.sid)
        return 0;
    if (!leader || tty_of(caller))
        return -EPERM;
    if (tty->session != 0 && !(steal == 1 && administrator))
        return -EPERM;
    if (!file_readable(file) && !administrator)
        return -EPERM;
    acquire(caller, tty);
    return 0;
}

// A leader gives it up for all of its session, another process for itself.
long tty_drop_controlling(struct client *caller, struct tty *tty)
{
    if (tty_of(caller) != tty)
        return -ENOTTY;
    set_terminal(caller, 0);
    if (!leads_session(caller))
        return 0;
    if (tty->group != 0)
        send_signals(PM_TARGET_GROUP, tty->group, SIGHUP, SIGCONT);
    give_up(tty);
    return 0;
}

long tty_set_group(struct client *caller, struct tty *tty, int group)
{
    if (group < 0)
        return -EINVAL;
    if (!controls(tty, caller) || tty->session != caller->identity.sid)
        return -ENOTTY;
    if (group != caller->identity.pgid) {
        struct message message = { .args = { (unsigned long)group } };
        long session = pm_ask(PM_GROUP_SESSION, &message);
        if (session < 0)
            return session;
        if (session != caller->identity.sid)
            return -EPERM;
        if (tty->session != caller->identity.sid) // it may have been hung up meanwhile
            return -ENOTTY;
    }
    tty->group = group;
    return 0;
}

void tty_leave_session(struct tty *tty)
{
    if (tty->session == 0)
        return;
    send_signals(PM_TARGET_PROCESS, tty->session, SIGHUP, SIGCONT);
    struct old_group *old = tty->group ? heap_alloc(sizeof(*old)) : NULL;
    if (old) {
        old->session = tty->session;
        old->group = tty->group;
        list_append(&old_groups, &old->link);
    }
    give_up(tty);
}

static int take_old_group(int session)
{
    int group = 0;
    list_for_each_safe(old, &old_groups, struct old_group, link)
    {
        if (old->session != session)
            continue;
        group = old->group;
        list_remove(&old->link);
        heap_free(old);
    }
    return group;
}

// The leader is gone. Its terminal is hung up, a pty only lost. pm sends the signals to the group that is returned.
long tty_session_end(int session, bool *hung_up)
{
    int group = take_old_group(session);
    struct tty *tty = tty_of_session(session);
    *hung_up = !tty;
    if (!tty)
        return group;
    group = tty->group;
    give_up(tty);
    if (!tty->driver->pty)
        tty_hangup(tty);
    return group;
}
