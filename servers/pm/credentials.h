// SPDX-License-Identifier: MIT
// Who a thread is: ids, groups, capabilities; and what is counted per user.
#pragma once

#include <linux/misc.h>
#include <list.h>
#include <protocol_pm_vfs.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;

struct user { // one for each real uid in use
    struct list link;
    uint32_t uid;
    uint32_t references;
    uint32_t processes; // threads, as RLIMIT_NPROC counts
    uint32_t pending;   // queued signals
};

struct credentials {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t groups[CREDENTIAL_GROUPS];
    uint64_t permitted, effective, inheritable, bounding, ambient;
    uint32_t securebits;
    bool keep_capabilities;
    struct user *user; // of uid
};

#define OVERFLOW_ID 65534u // what the 16-bit calls show for larger ids

struct user *user_get(uint32_t uid); // NULL: no memory
void user_put(struct user *user);

bool capable(const struct thread *thread, unsigned capability);
bool in_group(const struct credentials *cred, uint32_t gid); // egid or supplementary
// May `sender` signal `target`? (kill(2))
bool may_signal(const struct thread *sender, const struct thread *target, int signal);
// Capabilities follow a change of uids (capabilities(7)).
void credentials_fix_capabilities(struct credentials *new, const struct credentials *old);
// Puts `new` in force for the thread: vfs first, then here. From a fiber. -> 0 or an error, nothing changed.
long credentials_commit(struct thread *thread, const struct credentials *new);
