// SPDX-License-Identifier: MIT
// Advisory locks of an inode, in one list. Ranges of one owner never overlap: setting a lock first cuts the range out
// of what the owner has. A call that must wait parks and is run again when a lock of the inode goes.

#include "locks.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include "calls.h"
#include "file.h"

#define END_OF_FILE INT64_MAX

enum lock_family { FAMILY_POSIX, FAMILY_OFD, FAMILY_FLOCK };

struct lock {
    struct list link;
    const void *owner;
    enum lock_family family;
    int pid;
    int type;           // F_RDLCK, F_WRLCK
    int64_t start, end; // end inclusive
};

struct lock_list {
    struct list locks;
    struct wait_queue queue;
};

// POSIX requests that wait, for finding deadlocks.
struct blocked {
    struct list link;
    const void *owner, *by;
};
#define BLOCKED_LIMIT 64
static struct list blocked_list = { &blocked_list, &blocked_list };

static struct lock_list *list_of(struct inode *inode)
{
    if (inode->locks)
        return inode->locks;
    inode->locks = heap_alloc(sizeof(*inode->locks));
    if (inode->locks) {
        list_init(&inode->locks->locks);
        queue_init(&inode->locks->queue);
    }
    return inode->locks;
}

void locks_free(struct inode *inode)
{
    if (!inode->locks)
        return;
    list_for_each_safe(lock, &inode->locks->locks, struct lock, link) heap_free(lock);
    heap_free(inode->locks);
    inode->locks = NULL;
}

static bool same_space(enum lock_family a, enum lock_family b)
{
    return (a == FAMILY_FLOCK) == (b == FAMILY_FLOCK);
}

static bool conflicts(const struct lock *have, const struct lock *want)
{
    return same_space(have->family, want->family) &&
           (have->owner != want->owner || have->family != want->family) && have->start <= want->end &&
           want->start <= have->end && (have->type == F_WRLCK || want->type == F_WRLCK);
}

static struct lock *find_conflict(struct inode *inode, const struct lock *want)
{
    if (inode->locks)
        list_for_each(lock, &inode->locks->locks, struct lock, link) if (conflicts(lock, want)) return lock;
    return NULL;
}

static void wake(struct inode *inode) { queue_wake(&inode->locks->queue, POLLIN); }

// Cuts [start, end] out of the owner's locks. `spare` becomes the second half of a lock that is split.
static bool cut(struct inode *inode, const struct lock *range, struct lock **spare)
{
    bool changed = false;
    list_for_each_safe(lock, &inode->locks->locks, struct lock, link)
    {
        if (lock->owner != range->owner || lock->family != range->family || lock->end < range->start ||
            lock->start > range->end)
            continue;
        changed = true;
        bool before = lock->start<range->start, after = lock->end> range->end;
        if (before && after) {
            struct lock *rest = *spare;
            *spare = NULL;
            *rest = *lock;
            rest->start = range->end + 1;
            list_append(&inode->locks->locks, &rest->link);
            lock->end = range->start - 1;
        } else if (before) {
            lock->end = range->start - 1;
        } else if (after) {
            lock->start = range->end + 1;
        } else {
            list_remove(&lock->link);
            heap_free(lock);
        }
    }
    return changed;
}

// No conflict is left: the range is now of type want->type, or unlocked. -> 0, -ENOLCK
static int set_range(struct inode *inode, const struct lock *want)
{
    if (!list_of(inode))
        return -ENOLCK;
    struct lock *lock = heap_alloc(sizeof(*lock)), *spare = heap_alloc(sizeof(*spare));
    if (!lock || !spare) {
        heap_free(lock);
        heap_free(spare);
        return -ENOLCK;
    }
    bool changed = cut(inode, want, &spare);
    heap_free(spare);
    if (want->type == F_UNLCK) {
        heap_free(lock);
    } else {
        *lock = *want;
        list_append(&inode->locks->locks, &lock->link);
    }
    if (changed)
        wake(inode);
    return 0;
}

static void drop_owner(struct inode *inode, const void *owner, enum lock_family family)
{
    bool changed = false;
    list_for_each_safe(lock, &inode->locks->locks, struct lock,
                       link) if (lock->owner == owner && lock->family == family)
    {
        list_remove(&lock->link);
        heap_free(lock);
        changed = true;
    }
    if (changed)
        wake(inode);
}

void locks_file_gone(struct file *file)
{
    if (!file->inode->locks)
        return;
    drop_owner(file->inode, file, FAMILY_OFD);
    drop_owner(file->inode, file, FAMILY_FLOCK);
}

void locks_files_closed(struct inode *inode, const struct files *files)
{
    drop_owner(inode, files, FAMILY_POSIX);
}

// --- waiting
static bool would_deadlock(const void *owner, const void *by)
{
    for (unsigned depth = 0; depth < BLOCKED_LIMIT; depth++) {
        if (by == owner)
            return true;
        const void *next = NULL;
        list_for_each(blocked, &blocked_list, struct blocked, link) if (blocked->owner == by) next =
            blocked->by;
        if (!next)
            return false;
        by = next;
    }
    return false;
}

struct lock_request {
    struct blocked blocked;
    struct file *file; // reference
    struct lock lock;
};

static long lock_retry(struct client *caller)
{
    struct lock_request *request = caller->parked.lock.request;
    struct lock *conflict = find_conflict(request->file->inode, &request->lock);
    if (!conflict)
        return set_range(request->file->inode, &request->lock);
    request->blocked.by = conflict->owner;
    return NO_REPLY;
}

static void lock_release(struct client *caller)
{
    struct lock_request *request = caller->parked.lock.request;
    list_remove(&request->blocked.link);
    file_put(request->file);
    heap_free(request);
}

static const struct park_kind park_lock = {
    .retry = lock_retry,
    .release = lock_release,
    .divert = DIVERT_RESTARTSYS,
};

static long wait_for_lock(struct client *caller, struct file *file, const struct lock *want,
                          const struct lock *conflict)
{
    if (want->family == FAMILY_POSIX && would_deadlock(want->owner, conflict->owner))
        return -EDEADLOCK;
    struct lock_request *request = heap_alloc(sizeof(*request));
    if (!request)
        return -ENOLCK;
    request->file = file_get(file);
    request->lock = *want;
    request->blocked.owner = want->owner;
    request->blocked.by = conflict->owner;
    list_init(&request->blocked.link);
    if (want->family == FAMILY_POSIX)
        list_append(&blocked_list, &request->blocked.link);
    caller->parked.lock.request = request;
    return park(caller, &park_lock, &file->inode->locks->queue, POLLIN, NO_DEADLINE);
}

static long set_lock(struct client *caller, struct file *file, const struct lock *want, bool wait)
{
    struct lock *conflict = want->type == F_UNLCK ? NULL : find_conflict(file->inode, want);
    if (!conflict)
        return set_range(file->inode, want);
    return wait ? wait_for_lock(caller, file, want, conflict) : -EAGAIN;
}

// --- fcntl
static int to_range(const struct file *file, const struct linux_flock64 *flock, struct lock *lock)
{
    int64_t base = 0, start;
    if (flock->l_whence == SEEK_CUR)
        base = (int64_t)file->position;
    else if (flock->l_whence == SEEK_END)
        base = (int64_t)file->inode->size;
    else if (flock->l_whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, flock->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    lock->start = start;
    lock->end = END_OF_FILE;
    if (flock->l_len > 0 && __builtin_add_overflow(start, flock->l_len - 1, &lock->end))
        return -EOVERFLOW;
    if (flock->l_len < 0) {
        if (start + flock->l_len < 0)
            return -EINVAL;
        lock->start = start + flock->l_len;
        lock->end = start - 1;
    }
    return 0;
}

static int read_flock(struct client *caller, unsigned long from, bool wide, struct linux_flock64 *flock)
{
    struct linux_flock narrow;
    if (wide)
        return user_read(caller, flock, from, sizeof(*flock));
    int error = user_read(caller, &narrow, from, sizeof(narrow));
    *flock =
        (struct linux_flock64){ narrow.l_type, narrow.l_whence, narrow.l_start, narrow.l_len, narrow.l_pid };
    return error;
}

static int write_flock(struct client *caller, unsigned long to, bool wide, const struct linux_flock64 *flock)
{
    if (wide)
        return user_write(caller, to, flock, sizeof(*flock));
    struct linux_flock narrow = { flock->l_type, flock->l_whence, (long)flock->l_start, (long)flock->l_len,
                                  flock->l_pid };
    return user_write(caller, to, &narrow, sizeof(narrow));
}

static long get_lock(struct client *caller, struct file *file, struct lock *want, struct linux_flock64 *flock)
{
    if (flock->l_type != F_RDLCK && flock->l_type != F_WRLCK)
        return -EINVAL;
    struct lock *conflict = find_conflict(file->inode, want);
    if (!conflict) {
        flock->l_type = F_UNLCK;
        return 0;
    }
    flock->l_type = (int16_t)conflict->type;
    flock->l_whence = SEEK_SET;
    flock->l_start = conflict->start;
    flock->l_len = conflict->end == END_OF_FILE ? 0 : conflict->end - conflict->start + 1;
    flock->l_pid = conflict->family == FAMILY_POSIX ? conflict->pid : -1;
    return 0;
}

static int check_type(const struct file *file, int type)
{
    if (type == F_RDLCK)
        return file_readable(file) ? 0 : -EBADF;
    if (type == F_WRLCK)
        return file_writable(file) ? 0 : -EBADF;
    return type == F_UNLCK ? 0 : -EINVAL;
}

long locks_fcntl(struct client *caller, struct file *file, unsigned command, const unsigned long args[6])
{
    bool ofd = command >= F_OFD_GETLK && command <= F_OFD_SETLKW;
    bool wide = sizeof(long) == 8 || ofd || (command >= F_GETLK64 && command <= F_SETLKW64);
    bool wait = command == F_SETLKW || command == F_SETLKW64 || command == F_OFD_SETLKW;
    struct linux_flock64 flock;
    int error = read_flock(caller, args[2], wide, &flock);
    if (error < 0)
        return error;
    if (ofd && flock.l_pid != 0)
        return -EINVAL;
    struct lock lock = { .owner = ofd ? (void *)file : (void *)caller->files,
                         .family = ofd ? FAMILY_OFD : FAMILY_POSIX,
                         .pid = caller->tgid,
                         .type = flock.l_type };
    error = to_range(file, &flock, &lock);
    if (error < 0)
        return error;
    if (command == F_GETLK || command == F_GETLK64 || command == F_OFD_GETLK) {
        error = (int)get_lock(caller, file, &lock, &flock);
        return error < 0 ? error : write_flock(caller, args[2], wide, &flock);
    }
    error = check_type(file, lock.type);
    return error < 0 ? error : set_lock(caller, file, &lock, wait);
}

long call_flock(struct client *caller, const unsigned long args[6])
{
    struct file *file = files_get(caller, (int)args[0]);
    unsigned operation = (unsigned)args[1] & ~(unsigned)LOCK_NB;
    if (!file)
        return -EBADF;
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
        return -EINVAL;
    struct lock lock = { .owner = file,
                         .family = FAMILY_FLOCK,
                         .pid = caller->tgid,
                         .end = END_OF_FILE,
                         .type = operation == LOCK_SH   ? F_RDLCK
                                 : operation == LOCK_EX ? F_WRLCK
                                                        : F_UNLCK };
    return set_lock(caller, file, &lock, !(args[1] & LOCK_NB));
}
