// SPDX-License-Identifier: MIT
// User and group ids of the calling thread (credentials(7)), in 32 and 16 bits, and capabilities.
#include "calls.h"
#include "mm.h"
#include "process.h"

#include <errno.h>
#include <heap.h>
#include <string.h>

#define KEEP UINT32_MAX // "leave it as it is"

// A change is computed first, then put in force on a fiber: vfs hears of it before the call returns.
static long commit_fiber(struct thread *caller, const unsigned long *args)
{
    struct credentials *new = (struct credentials *)args[0];
    long error = credentials_commit(caller, new);
    heap_free(new);
    return error;
}

static long change(struct thread *caller, const struct credentials *new)
{
    struct credentials *copy = heap_alloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = *new;
    long result = thread_on_fiber(caller, commit_fiber, (const unsigned long[6]){ (unsigned long)copy });
    if (result != NO_REPLY)
        heap_free(copy);
    return result;
}

static uint32_t widen(unsigned long id16) { return (uint16_t)id16 == 0xffff ? KEEP : (uint16_t)id16; }

static uint16_t narrow(uint32_t id) { return id > 0xffff ? OVERFLOW_ID : (uint16_t)id; }

// --- uids

static long set_uid(struct thread *caller, uint32_t uid)
{
    struct credentials new = caller->cred;
    if (uid == KEEP)
        return -EINVAL;
    if (capable(caller, CAP_SETUID))
        new.uid = new.suid = uid;
    else if (uid != new.uid && uid != new.suid)
        return -EPERM;
    new.euid = new.fsuid = uid;
    credentials_fix_capabilities(&new, &caller->cred);
    return change(caller, &new);
}

static long set_reuid(struct thread *caller, uint32_t ruid, uint32_t euid)
{
    const struct credentials *old = &caller->cred;
    struct credentials new = *old;
    bool privileged = capable(caller, CAP_SETUID);
    if (ruid != KEEP) {
        if (ruid != old->uid && ruid != old->euid && !privileged)
            return -EPERM;
        new.uid = ruid;
    }
    if (euid != KEEP) {
        if (euid != old->uid && euid != old->euid && euid != old->suid && !privileged)
            return -EPERM;
        new.euid = euid;
    }
    if (ruid != KEEP || (euid != KEEP && euid != old->uid))
        new.suid = new.euid;
    new.fsuid = new.euid;
    credentials_fix_capabilities(&new, old);
    return change(caller, &new);
}

static bool one_of(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
    return id == KEEP || id == a || id == b || id == c;
}

static long set_resuid(struct thread *caller, uint32_t ruid, uint32_t euid, uint32_t suid)
{
    const struct credentials *old = &caller->cred;
    struct credentials new = *old;
    if (!capable(caller, CAP_SETUID) &&
        (!one_of(ruid, old->uid, old->euid, old->suid) || !one_of(euid, old->uid, old->euid, old->suid) ||
         !one_of(suid, old->uid, old->euid, old->suid)))
        return -EPERM;
    new.uid = ruid == KEEP ? new.uid : ruid;
    new.euid = euid == KEEP ? new.euid : euid;
    new.suid = suid == KEEP ? new.suid : suid;
    new.fsuid = new.euid;
    credentials_fix_capabilities(&new, old);
    return change(caller, &new);
}

static void fix_fs_capabilities(struct credentials *new, uint32_t old_fsuid)
{
    if (old_fsuid == 0 && new->fsuid != 0)
        new->effective &= ~CAP_FS_MASK;
    if (old_fsuid != 0 && new->fsuid == 0)
        new->effective |= new->permitted & CAP_FS_MASK;
}

// setfsuid and setfsgid answer the old id, whatever comes of it.
static long fs_fiber(struct thread *caller, const unsigned long *args)
{
    long old = args[2] ? (long)caller->cred.fsgid : (long)caller->cred.fsuid;
    struct credentials new = caller->cred;
    if (args[2]) {
        new.fsgid = (uint32_t)args[0];
    } else {
        new.fsuid = (uint32_t)args[0];
        fix_fs_capabilities(&new, caller->cred.fsuid);
    }
    credentials_commit(caller, &new);
    return old;
}

static long set_fsuid(struct thread *caller, uint32_t uid)
{
    const struct credentials *old = &caller->cred;
    bool allowed = uid != KEEP && (one_of(uid, old->uid, old->euid, old->suid) || uid == old->fsuid ||
                                   capable(caller, CAP_SETUID));
    if (!allowed || uid == old->fsuid)
        return (long)old->fsuid;
    return thread_on_fiber(caller, fs_fiber, (const unsigned long[6]){ uid });
}

static long set_fsgid(struct thread *caller, uint32_t gid)
{
    const struct credentials *old = &caller->cred;
    bool allowed = gid != KEEP && (one_of(gid, old->gid, old->egid, old->sgid) || gid == old->fsgid ||
                                   capable(caller, CAP_SETGID));
    if (!allowed || gid == old->fsgid)
        return (long)old->fsgid;
    return thread_on_fiber(caller, fs_fiber, (const unsigned long[6]){ gid, 0, 1 });
}

// --- gids

static long set_gid(struct thread *caller, uint32_t gid)
{
    struct credentials new = caller->cred;
    if (gid == KEEP)
        return -EINVAL;
    if (capable(caller, CAP_SETGID))
        new.gid = new.sgid = gid;
    else if (gid != new.gid && gid != new.sgid)
        return -EPERM;
    new.egid = new.fsgid = gid;
    return change(caller, &new);
}

static long set_regid(struct thread *caller, uint32_t rgid, uint32_t egid)
{
    const struct credentials *old = &caller->cred;
    struct credentials new = *old;
    bool privileged = capable(caller, CAP_SETGID);
    if (rgid != KEEP) {
        if (rgid != old->gid && rgid != old->egid && !privileged)
            return -EPERM;
        new.gid = rgid;
    }
    if (egid != KEEP) {
        if (egid != old->gid && egid != old->egid && egid != old->sgid && !privileged)
            return -EPERM;
        new.egid = egid;
    }
    if (rgid != KEEP || (egid != KEEP && egid != old->gid))
        new.sgid = new.egid;
    new.fsgid = new.egid;
    return change(caller, &new);
}

static long set_resgid(struct thread *caller, uint32_t rgid, uint32_t egid, uint32_t sgid)
{
    const struct credentials *old = &caller->cred;
    struct credentials new = *old;
    if (!capable(caller, CAP_SETGID) &&
        (!one_of(rgid, old->gid, old->egid, old->sgid) || !one_of(egid, old->gid, old->egid, old->sgid) ||
         !one_of(sgid, old->gid, old->egid, old->sgid)))
        return -EPERM;
    new.gid = rgid == KEEP ? new.gid : rgid;
    new.egid = egid == KEEP ? new.egid : egid;
    new.sgid = sgid == KEEP ? new.sgid : sgid;
    new.fsgid = new.egid;
    return change(caller, &new);
}

// --- the calls' edges: each setter in 32 and 16 bits

#define SETTER1(name)                                                                                        \
    long call_##name(struct thread *caller, const unsigned long args[6])                                     \
    {                                                                                                        \
        return set_##name(caller, (uint32_t)args[0]);                                                        \
    }                                                                                                        \
    long call_##name##16(struct thread * caller, const unsigned long args[6])                                \
    {                                                                                                        \
        return set_##name(caller, widen(args[0]));                                                           \
    }
#define SETTER2(name)                                                                                        \
    long call_##name(struct thread *caller, const unsigned long args[6])                                     \
    {                                                                                                        \
        return set_##name(caller, (uint32_t)args[0], (uint32_t)args[1]);                                     \
    }                                                                                                        \
    long call_##name##16(struct thread * caller, const unsigned long args[6])                                \
    {                                                                                                        \
        return set_##name(caller, widen(args[0]), widen(args[1]));                                           \
    }
#define SETTER3(name)                                                                                        \
    long call_##name(struct thread *caller, const unsigned long args[6])                                     \
    {                                                                                                        \
        return set_##name(caller, (uint32_t)args[0], (uint32_t)args[1], (uint32_t)args[2]);                  \
    }                                                                                                        \
    long call_##name##16(struct thread * caller, const unsigned long args[6])                                \
    {                                                                                                        \
        return set_##name(caller, widen(args[0]), widen(args[1]), widen(args[2]));                           \
    }

#define set_setuid set_uid
#define set_setgid set_gid
#define set_setreuid set_reuid
#define set_setregid set_regid
#define set_setresuid set_resuid
#define set_setresgid set_resgid
#define set_setfsuid set_fsuid
#define set_setfsgid set_fsgid
SETTER1(setuid)
SETTER1(setgid)
SETTER2(setreuid)
SETTER2(setregid)
SETTER3(setresuid)
SETTER3(setresgid)
SETTER1(setfsuid)
SETTER1(setfsgid)

static long store3(struct thread *caller, const unsigned long args[6], uint32_t a, uint32_t b, uint32_t c,
                   size_t size)
{
    uint32_t ids[3] = { a, b, c };
    for (int i = 0; i < 3; i++) {
        uint16_t id16 = narrow(ids[i]);
        const void *from = size == 2 ? (const void *)&id16 : &ids[i];
        if (mm_write(caller->mm, args[i], from, size) < 0)
            return -EFAULT;
    }
    return 0;
}

long call_getresuid(struct thread *caller, const unsigned long args[6])
{
    return store3(caller, args, caller->cred.uid, caller->cred.euid, caller->cred.suid, 4);
}

long call_getresgid(struct thread *caller, const unsigned long args[6])
{
    return store3(caller, args, caller->cred.gid, caller->cred.egid, caller->cred.sgid, 4);
}

long call_getresuid16(struct thread *caller, const unsigned long args[6])
{
    return store3(caller, args, caller->cred.uid, caller->cred.euid, caller->cred.suid, 2);
}

long call_getresgid16(struct thread *caller, const unsigned long args[6])
{
    return store3(caller, args, caller->cred.gid, caller->cred.egid, caller->cred.sgid, 2);
}

long call_getuid16(struct thread *caller, const unsigned long args[6]) { return narrow(caller->cred.uid); }

long call_geteuid16(struct thread *caller, const unsigned long args[6]) { return narrow(caller->cred.euid); }

long call_getgid16(struct thread *caller, const unsigned long args[6]) { return narrow(caller->cred.gid); }

long call_getegid16(struct thread *caller, const unsigned long args[6]) { return narrow(caller->cred.egid); }

// --- supplementary groups

static long get_groups(struct thread *caller, const unsigned long args[6], size_t size)
{
    int room = (int)args[0];
    uint32_t count = caller->cred.group_count;
    if (room < 0 || (room > 0 && (uint32_t)room < count))
        return -EINVAL;
    for (uint32_t i = 0; room > 0 && i < count; i++) {
        uint16_t id16 = narrow(caller->cred.groups[i]);
        const void *from = size == 2 ? (const void *)&id16 : &caller->cred.groups[i];
        if (mm_write(caller->mm, args[1] + i * size, from, size) < 0)
            return -EFAULT;
    }
    return (long)count;
}

// As Linux keeps them, and shows them.
static void sort_groups(struct credentials *cred)
{
    for (uint32_t i = 1; i < cred->group_count; i++) {
        uint32_t gid = cred->groups[i], at = i;
        for (; at > 0 && cred->groups[at - 1] > gid; at--)
            cred->groups[at] = cred->groups[at - 1];
        cred->groups[at] = gid;
    }
}

static long set_groups(struct thread *caller, const unsigned long args[6], size_t size)
{
    struct credentials new = caller->cred;
    if (!capable(caller, CAP_SETGID))
        return -EPERM;
    if (args[0] > CREDENTIAL_GROUPS)
        return -EINVAL;
    memset(new.groups, 0, sizeof new.groups);
    new.group_count = (uint32_t)args[0];
    for (uint32_t i = 0; i < new.group_count; i++)
        if (mm_read(caller->mm, &new.groups[i], args[1] + i * size, size) <
            0) // little endian: narrow ids fit below
            return -EFAULT;
    sort_groups(&new);
    return change(caller, &new);
}

long call_getgroups(struct thread *caller, const unsigned long args[6])
{
    return get_groups(caller, args, 4);
}

long call_getgroups16(struct thread *caller, const unsigned long args[6])
{
    return get_groups(caller, args, 2);
}

long call_setgroups(struct thread *caller, const unsigned long args[6])
{
    return set_groups(caller, args, 4);
}

long call_setgroups16(struct thread *caller, const unsigned long args[6])
{
    return set_groups(caller, args, 2);
}

// --- capabilities (capget(2)): versions 1 to 3

#define CAPABILITY_VERSION1 0x19980330u
#define CAPABILITY_VERSION2 0x20071026u
#define CAPABILITY_VERSION3 0x20080522u

struct capability_header {
    uint32_t version;
    int32_t pid;
};
struct capability_data {
    uint32_t effective, permitted, inheritable;
};

// -> how many 32-bit words each set has; an unknown version is answered with the one to use.
static long read_header(struct thread *caller, unsigned long address, struct capability_header *header)
{
    if (mm_read(caller->mm, header, address, sizeof *header) < 0)
        return -EFAULT;
    if (header->version == CAPABILITY_VERSION1)
        return 1;
    if (header->version == CAPABILITY_VERSION2 || header->version == CAPABILITY_VERSION3)
        return 2;
    uint32_t version = CAPABILITY_VERSION3;
    return mm_write(caller->mm, address, &version, sizeof version) < 0 ? -EFAULT : -EINVAL;
}

long call_capget(struct thread *caller, const unsigned long args[6])
{
    struct capability_header header;
    long words = read_header(caller, args[0], &header);
    if (words < 0)
        return words == -EINVAL && !args[1] ? 0 : words;
    if (header.pid < 0)
        return -EINVAL;
    struct pid *pid = header.pid ? pid_find(header.pid) : caller->pid;
    if (!pid || !pid->thread)
        return -ESRCH;
    const struct credentials *cred = &pid->thread->cred;
    struct capability_data data[2];
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(cred->effective >> 32 * i);
        data[i].permitted = (uint32_t)(cred->permitted >> 32 * i);
        data[i].inheritable = (uint32_t)(cred->inheritable >> 32 * i);
    }
    return mm_write(caller->mm, args[1], data, (size_t)words * sizeof data[0]);
}

long call_capset(struct thread *caller, const unsigned long args[6])
{
    struct capability_header header;
    struct capability_data data[2] = { { 0 } };
    long words = read_header(caller, args[0], &header);
    if (words < 0)
        return words;
    if (header.pid != 0 && header.pid != caller->pid->number)
        return -EPERM;
    if (mm_read(caller->mm, data, args[1], (size_t)words * sizeof data[0]) < 0)
        return -EFAULT;
    struct credentials new = caller->cred;
    const struct credentials *old = &caller->cred;
    new.effective = (data[0].effective | (uint64_t)data[1].effective << 32) & CAP_FULL;
    new.permitted = (data[0].permitted | (uint64_t)data[1].permitted << 32) & CAP_FULL;
    new.inheritable = (data[0].inheritable | (uint64_t)data[1].inheritable << 32) & CAP_FULL;
    bool may_inherit = capable(caller, CAP_SETPCAP);
    if ((new.permitted & ~old->permitted) || (new.effective & ~new.permitted) ||
        (!may_inherit && (new.inheritable & ~(old->inheritable | old->permitted))) ||
        (new.inheritable & ~(old->inheritable | old->bounding)))
        return -EPERM;
    new.ambient &= new.permitted &new.inheritable;
    return change(caller, &new);
}
