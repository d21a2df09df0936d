// SPDX-License-Identifier: MIT
// Users, capabilities, and putting changed credentials in force.
#include "credentials.h"

#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "vfs_client.h"

#include <errno.h>
#include <heap.h>
#include <linux/signal.h>

struct user *user_get(uint32_t uid)
{
    list_for_each(user, &pm->users, struct user, link)
    {
        if (user->uid == uid) {
            user->references++;
            return user;
        }
    }
    struct user *user = heap_alloc(sizeof *user);
    if (!user)
        return NULL;
    *user = (struct user){ .uid = uid, .references = 1 };
    list_append(&pm->users, &user->link);
    return user;
}

void user_put(struct user *user)
{
    if (!user || --user->references > 0)
        return;
    list_remove(&user->link);
    heap_free(user);
}

bool capable(const struct thread *thread, unsigned capability)
{
    return thread->cred.effective & CAP_BIT(capability);
}

bool in_group(const struct credentials *cred, uint32_t gid)
{
    if (gid == cred->egid)
        return true;
    for (uint32_t i = 0; i < cred->group_count; i++)
        if (cred->groups[i] == gid)
            return true;
    return false;
}

bool may_signal(const struct thread *sender, const struct thread *target, int signal)
{
    const struct credentials *from = &sender->cred, *to = &target->cred;
    if (sender->process == target->process || capable(sender, CAP_KILL))
        return true;
    if (from->euid == to->suid || from->euid == to->uid || from->uid == to->suid || from->uid == to->uid)
        return true;
    return signal == SIGCONT && sender->process->session == target->process->session;
}

void credentials_fix_capabilities(struct credentials *new, const struct credentials *old)
{
    bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
    bool has_root = new->uid == 0 || new->euid == 0 || new->suid == 0;
    if (had_root && !has_root) {
        if (!new->keep_capabilities) {
            new->permitted = 0;
            new->effective = 0;
        }
        new->ambient = 0;
    }
    if (old->euid == 0 && new->euid != 0)
        new->effective = 0;
    if (old->euid != 0 && new->euid == 0)
        new->effective = new->permitted;
}

static void charge_user(struct thread *thread, struct user *user)
{
    thread->cred.user->processes--;
    user_put(thread->cred.user);
    user->processes++;
}

long credentials_commit(struct thread *thread, const struct credentials *new)
{
    struct credentials cred = *new;
    struct user *user = NULL;
    if (cred.uid != thread->cred.uid) {
        user = user_get(cred.uid);
        if (!user)
            return -EAGAIN;
        cred.user = user;
    }
    long error = vfs_identity(thread, &cred);
    if (error < 0) {
        user_put(user);
        return error;
    }
    if (user)
        charge_user(thread, user);
    if (cred.euid != thread->cred.euid || cred.egid != thread->cred.egid)
        thread->mm->dumpable = false;
    thread->cred = cred;
    constants_set_ids(thread);
    return 0;
}
