// SPDX-License-Identifier: MIT
// Owners of open files, and which files signal theirs: Linux's fs/fcntl.c (f_setown, send_sigio, fasync). An owner is
// kept as pm named it: a number, and a serial that tells this bearer of the number from later ones.
#include "async.h"

#include <errno.h>
#include <heap.h>
#include <linux/signal.h>
#include <linux/termios.h>
#include <protocol_pm_vfs.h>
#include "pm_calls.h"

// What a file has once somebody sets an owner or a signal, or asks for signals.
struct async {
    struct async *next; // on the queue
    struct file *file;
    bool on; // on the file's queue
    int fd;  // as it was when turned on: si_fd
    enum pm_owner type;
    int number; // 0: no owner
    unsigned long serial;
    uint32_t uid, euid; // of who set the owner: must be allowed to signal it
    int signal;
};

static struct async *async_of(struct file *file)
{
    if (!file->async && (file->async = heap_alloc(sizeof(*file->async))))
        file->async->file = file;
    return file->async;
}

static void turn_off(struct async *async)
{
    struct file *file = async->file;
    if (file->queue) {
        struct async **place = &file->queue->asyncs;
        while (*place != async)
            place = &(*place)->next;
        *place = async->next;
    }
    async->on = false;
    file->flags &= ~FASYNC;
}

void async_release(struct file *file)
{
    if (file->async && file->async->on)
        turn_off(file->async);
    heap_free(file->async);
}

// --- owners

// -> the bearer's serial, or -ESRCH
static long ask(enum pm_owner type, int number, unsigned long serial)
{
    struct message message = { .args = { type, (unsigned long)number, serial } };
    return pm_ask(PM_OWNER, &message);
}

// number 0: nobody
static long set_owner(struct client *caller, struct file *file, enum pm_owner type, int number)
{
    file_get(file); // another thread may close it meanwhile
    long serial = number ? ask(PM_OWNER_ANY, number, 0) : 0;
    struct async *async = serial < 0 ? NULL : async_of(file);
    if (async) {
        async->type = type;
        async->number = number;
        async->serial = (unsigned long)serial;
        async->uid = number ? caller->identity.uid : 0;
        async->euid = number ? caller->identity.euid : 0;
    }
    file_put(file);
    return serial < 0 ? serial : async ? 0 : -ENOMEM;
}

// F_SETOWN's form: a process, or the negative number of a process group.
static long set_owner_number(struct client *caller, struct file *file, int number)
{
    if (number == INT32_MIN)
        return -EINVAL;
    return set_owner(caller, file, number < 0 ? PM_OWNER_GROUP : PM_OWNER_PROCESS,
                     number < 0 ? -number : number);
}

// Its number as long as it lives, otherwise 0. -EFIBER
static long owner_number(struct file *file)
{
    struct async *async = file->async;
    if (!async || async->number == 0)
        return 0;
    int number = async->number;
    long serial = ask(async->type, number, async->serial);
    return serial == -EFIBER ? serial : serial < 0 ? 0 : number;
}

static long get_owner(struct file *file)
{
    long number = owner_number(file);
    return number > 0 && file->async->type == PM_OWNER_GROUP ? -number : number;
}

struct linux_owner {
    int type, pid;
};

static long set_owner_ex(struct client *caller, struct file *file, unsigned long from)
{
    struct linux_owner owner;
    if (user_read(caller, &owner, from, sizeof(owner)) < 0)
        return -EFAULT;
    if (owner.type < PM_OWNER_THREAD || owner.type > PM_OWNER_GROUP)
        return -EINVAL;
    return set_owner(caller, file, (enum pm_owner)owner.type, owner.pid);
}

static long get_owner_ex(struct client *caller, struct file *file, unsigned long to)
{
    long number = owner_number(file);
    if (number < 0)
        return number;
    struct linux_owner owner = { file->async ? (int)file->async->type : PM_OWNER_THREAD, (int)number };
    return user_write(caller, to, &owner, sizeof(owner));
}

static long get_owner_uids(struct client *caller, const struct file *file, unsigned long to)
{
    const struct async *async = file->async;
    uint32_t uids[2] = { async ? async->uid : 0, async ? async->euid : 0 };
    return user_write(caller, to, uids, sizeof(uids));
}

static long set_signal(struct file *file, unsigned long signal)
{
    if (signal > SIGNALS)
        return -EINVAL;
    struct async *async = signal ? async_of(file) : file->async;
    if (async)
        async->signal = (int)signal;
    return async || !signal ? 0 : -ENOMEM;
}

static long owner_command(struct client *caller, struct file *file, unsigned command, unsigned long argument)
{
    switch (command) {
    case F_SETOWN: return set_owner_number(caller, file, (int)argument);
    case F_GETOWN: return get_owner(file);
    case F_SETOWN_EX: return set_owner_ex(caller, file, argument);
    case F_GETOWN_EX: return get_owner_ex(caller, file, argument);
    case F_GETOWNER_UIDS: return get_owner_uids(caller, file, argument);
    case F_SETSIG: return set_signal(file, argument);
    case F_GETSIG: return file->async ? file->async->signal : 0;
    default: return -EINVAL;
    }
}

long async_fcntl(struct client *caller, struct file *file, unsigned command, unsigned long argument)
{
    file_get(file);
    long result = owner_command(caller, file, command, argument);
    file_put(file);
    return result;
}

long async_ioctl(struct client *caller, struct file *file, unsigned long command, unsigned long argument)
{
    int number;
    switch (command) {
    case FIOSETOWN:
    case SIOCSPGRP:
        if (user_read(caller, &number, argument, sizeof(number)) < 0)
            return -EFAULT;
        return set_owner_number(caller, file, number);
    case FIOGETOWN:
    case SIOCGPGRP:
        if (owner_number(file) == -EFIBER)
            return -EFIBER;
        number = (int)get_owner(file);
        return user_write(caller, argument, &number, sizeof(number));
    default: return -ENOTTY;
    }
}

// --- on and off

static long turn_on(struct file *file, int fd)
{
    struct async *async = async_of(file);
    if (!async)
        return -ENOMEM;
    if (async->on)
        return 0;
    async->fd = fd;
    async->on = true;
    if (file->queue) {
        async->next = file->queue->asyncs;
        file->queue->asyncs = async;
    }
    file->flags |= FASYNC;
    return 0;
}

long async_set(struct client *caller, struct file *file, int fd, bool on)
{
    if (!file->operations->async)
        return -ENOTTY;
    file_get(file);
    long error = file->operations->async(caller, file, on);
    if (error == 0 && on)
        error = turn_on(file, fd);
    else if (error == 0 && file->async && file->async->on)
        turn_off(file->async); // otherwise open's O_ASYNC, which does nothing, stays
    file_put(file);
    return error;
}

long async_any(struct client *caller, struct file *file, bool on) { return 0; }

long async_own(struct client *caller, struct file *file, int group)
{
    if (file->async && file->async->number)
        return 0;
    return set_owner(caller, file, group ? PM_OWNER_GROUP : PM_OWNER_PROCESS, group ? group : caller->tgid);
}

void async_send(struct wait_queue *queue, enum async_reason reason, bool (*to)(const struct file *file))
{
    for (const struct async *async = queue->asyncs; async; async = async->next) {
        if (async->number == 0 || (to && !to(async->file)))
            continue;
        struct message message = { .number = PM_SIGIO };
        message.args[0] = PM_SIGIO_WHAT(async->type, async->signal, reason);
        message.args[1] = (unsigned long)async->number;
        message.args[2] = async->serial;
        message.args[3] = (unsigned long)async->fd;
        message.args[4] = async->uid;
        message.args[5] = async->euid;
        pm_tell(&message);
    }
}

void async_hangup(struct wait_queue *queue, bool (*of)(const struct file *file))
{
    for (struct async *async = queue->asyncs, *next; async; async = next) {
        next = async->next;
        if (of(async->file))
            turn_off(async);
    }
}
