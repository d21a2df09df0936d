// SPDX-License-Identifier: MIT
// futex(2): waiting, waking, requeueing. A word is known by the address space and address, or by the object and
// offset behind a shared mapping.
#include "futex.h"

#include "calls.h"
#include "mm.h"
#include "state.h"
#include "timecalls.h"

#include <errno.h>
#include <linux/futex.h>

static struct list *bucket(const struct futex_key *key)
{
    uint64_t hash = (key->object ^ key->offset >> 2) * 0x9e3779b97f4a7c15ull;
    return &pm->futexes[hash >> 56];
}
_Static_assert(FUTEX_BUCKETS == 256, "the hash gives 8 bits");

static long get_key(struct mm *mm, unsigned long address, bool shared, struct futex_key *key)
{
    if (address & 3)
        return -EINVAL;
    if (address >= USER_END)
        return -EFAULT;
    *key = (struct futex_key){ (uint64_t)(unsigned long)mm << 1 | 1, address };
    if (!shared)
        return 0;
    message_page->target.token = 0;
    message_page->target.space = mm->space;
    if (mm_reached(mm, KCALL2(resolve, address, ACCESS_READ)) < 0)
        return -EFAULT;
    if (message_page->result[2])
        *key = (struct futex_key){ message_page->result[0] << 1, message_page->result[1] };
    else
        key->offset |= 2; // private memory through the shared operations
    return 0;
}

static bool same(const struct futex_key *a, const struct futex_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

static struct thread *waiter(struct list *link) { return container_of(link, struct thread, park.futex.link); }

static void wake_one(struct thread *thread)
{
    thread_unpark(thread);
    thread_return_later(thread, 0);
}

static int wake(const struct futex_key *key, int count, uint32_t bitset)
{
    struct list *head = bucket(key);
    int woken = 0;
    for (struct list *link = head->next, *next; link != head && woken < count; link = next) {
        next = link->next;
        struct thread *thread = waiter(link);
        if (!same(&thread->park.futex.key, key) || !(thread->park.futex.bitset & bitset))
            continue;
        wake_one(thread);
        woken++;
    }
    return woken;
}

void futex_wake_address(struct mm *mm, unsigned long address, int count)
{
    struct futex_key key;
    if (get_key(mm, address, true, &key) == 0)
        wake(&key, count, FUTEX_BITSET_MATCH_ANY);
}

// --- waiting

static long wait_until(struct thread *caller, unsigned long address, bool shared, uint32_t expected,
                       uint32_t bitset, uint64_t deadline)
{
    struct park *park = &caller->park;
    if (bitset == 0)
        return -EINVAL;
    long error = get_key(caller->mm, address, shared, &park->futex.key);
    if (error < 0)
        return error;
    // In the queue before the word is read, so that no wake between the two is lost.
    park->futex.bitset = bitset;
    list_append(bucket(&park->futex.key), &park->futex.link);
    uint32_t word;
    error = mm_read(caller->mm, &word, address, sizeof word);
    if (error == 0 && word != expected)
        error = -EAGAIN;
    if (error == 0 && deadline != NO_DEADLINE && deadline <= clock_monotonic())
        error = -ETIMEDOUT;
    caller->block = (struct restart_block){
        .kind = BLOCK_FUTEX,
        .deadline = deadline,
        .address = address,
        .value = expected,
        .bitset = bitset,
        .shared = shared,
    };
    if (error == 0 && signals_due(caller))
        error = futex_interrupted(caller);
    if (error < 0) {
        list_remove(&park->futex.link);
        return error;
    }
    thread_park(caller, PARK_FUTEX, deadline);
    return NO_REPLY;
}

// Without a timeout the whole call is run again, with one the rest of it.
long futex_interrupted(struct thread *thread)
{
    return thread->block.deadline == NO_DEADLINE ? -ERESTARTSYS : -ERESTART_RESTARTBLOCK;
}

long futex_restart(struct thread *thread)
{
    const struct restart_block block = thread->block;
    return wait_until(thread, block.address, block.shared, block.value, block.bitset, block.deadline);
}

// --- requeueing

static long requeue(struct thread *caller, const unsigned long *args, bool shared, bool compare)
{
    struct futex_key from, to;
    int wake_count = (int)args[2], move_count = (int)args[3];
    if (wake_count < 0 || move_count < 0)
        return -EINVAL;
    long error = get_key(caller->mm, args[0], shared, &from);
    if (error == 0)
        error = get_key(caller->mm, args[4], shared, &to);
    if (error != 0)
        return error;
    if (compare) {
        uint32_t word;
        if (mm_read(caller->mm, &word, args[0], sizeof word) < 0)
            return -EFAULT;
        if (word != (uint32_t)args[5])
            return -EAGAIN;
    }
    int done = wake(&from, wake_count, FUTEX_BITSET_MATCH_ANY), moved = 0;
    struct list *head = bucket(&from);
    for (struct list *link = head->next, *next; link != head && moved < move_count; link = next) {
        next = link->next;
        struct thread *thread = waiter(link);
        if (!same(&thread->park.futex.key, &from))
            continue;
        moved++;
        if (same(&from, &to))
            continue;
        list_remove(link);
        thread->park.futex.key = to;
        list_append(bucket(&to), link);
    }
    return done + moved; // Linux counts both, for FUTEX_REQUEUE too
}

// --- FUTEX_WAKE_OP: changes the second word atomically, wakes on the first, and on the second if its old value
// compares as asked

static uint32_t operate(unsigned operation, uint32_t word, uint32_t argument)
{
    switch (operation & 7) {
    case 0: return argument;
    case 1: return word + argument;
    case 2: return word | argument;
    case 3: return word & ~argument;
    default: return word ^ argument;
    }
}

static bool compares(unsigned comparison, int32_t word, int32_t argument)
{
    switch (comparison) {
    case 0: return word == argument;
    case 1: return word != argument;
    case 2: return word < argument;
    case 3: return word <= argument;
    case 4: return word > argument;
    default: return word >= argument;
    }
}

static int32_t sign_extend12(uint32_t value) { return (int32_t)(value << 20) >> 20; }

static long change_word(struct thread *caller, unsigned long address, uint32_t code, uint32_t *old)
{
    unsigned operation = code >> 28;
    uint32_t argument = (uint32_t)sign_extend12(code >> 12 & 0xfff), word;
    if (operation & 8)
        argument = 1u << (argument & 31);
    if ((operation & 7) > 4 || (code >> 24 & 15) > 5)
        return -ENOSYS;
    if (mm_read(caller->mm, &word, address, sizeof word) < 0)
        return -EFAULT;
    for (;;) {
        message_page->target.token = 0;
        message_page->target.space = caller->mm->space;
        if (mm_reached(caller->mm,
                       KCALL3(compare_exchange, address, word, operate(operation, word, argument))) < 0)
            return -EFAULT;
        uint32_t found = (uint32_t)message_page->result[0];
        if (found == word)
            break;
        word = found;
    }
    *old = word;
    return 0;
}

static long wake_op(struct thread *caller, const unsigned long *args, bool shared)
{
    struct futex_key first, second;
    uint32_t code = (uint32_t)args[5], old = 0;
    long error = get_key(caller->mm, args[0], shared, &first);
    if (error == 0)
        error = get_key(caller->mm, args[4], shared, &second);
    if (error == 0)
        error = change_word(caller, args[4], code, &old);
    if (error != 0)
        return error;
    int woken = wake(&first, (int)args[2], FUTEX_BITSET_MATCH_ANY);
    if (compares(code >> 24 & 15, (int32_t)old, sign_extend12(code & 0xfff)))
        woken += wake(&second, (int)args[3], FUTEX_BITSET_MATCH_ANY);
    return woken;
}

// --- the call

// FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's absolute, on either clock.
static long read_deadline(struct thread *caller, unsigned long address, int operation, bool wide,
                          uint64_t *deadline)
{
    *deadline = NO_DEADLINE;
    if (!address)
        return 0;
    uint64_t ns;
    long error = timespec_read(caller, address, wide, &ns);
    if (error < 0)
        return error;
    if ((operation & FUTEX_COMMAND_MASK) == FUTEX_WAIT) {
        *deadline = deadline_after(ns);
    } else if (operation & FUTEX_CLOCK_REALTIME) {
        uint64_t now = clock_realtime();
        *deadline = ns > now ? deadline_after(ns - now) : 0;
    } else {
        *deadline = ns;
    }
    return 0;
}

static long futex(struct thread *caller, const unsigned long args[6], bool wide)
{
    int operation = (int)args[1], command = operation & FUTEX_COMMAND_MASK;
    bool shared = !(operation & FUTEX_PRIVATE_FLAG);
    struct futex_key key;
    uint64_t deadline;
    long error;
    if ((operation & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        error = read_deadline(caller, args[3], operation, wide, &deadline);
        if (error < 0)
            return error;
        return wait_until(caller, args[0], shared, (uint32_t)args[2],
                          command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : (uint32_t)args[5], deadline);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
        if (command == FUTEX_WAKE_BITSET && (uint32_t)args[5] == 0)
            return -EINVAL;
        error = get_key(caller->mm, args[0], shared, &key);
        if (error < 0)
            return error;
        return wake(&key, (int)args[2] > 0 ? (int)args[2] : 1,
                    command == FUTEX_WAKE ? FUTEX_BITSET_MATCH_ANY : (uint32_t)args[5]);
    case FUTEX_REQUEUE: return requeue(caller, args, shared, false);
    case FUTEX_CMP_REQUEUE: return requeue(caller, args, shared, true);
    case FUTEX_WAKE_OP: return wake_op(caller, args, shared);
    default: return -ENOSYS;
    }
}

long call_futex(struct thread *caller, const unsigned long args[6])
{
    return futex(caller, args, sizeof(long) == 8);
}

long call_futex_time64(struct thread *caller, const unsigned long args[6])
{
    return futex(caller, args, true);
}

long call_set_robust_list(struct thread *caller, const unsigned long args[6])
{
    if (args[1] != sizeof(struct robust_list_head))
        return -EINVAL;
    caller->robust_list = args[0];
    return 0;
}

long call_get_robust_list(struct thread *caller, const unsigned long args[6])
{
    struct thread *target = caller;
    if ((int)args[0] != 0) {
        struct pid *pid = pid_find((int)args[0]);
        target = pid ? pid->thread : NULL;
    }
    if (!target)
        return -ESRCH;
    if (target->process != caller->process && !capable(caller, CAP_SYS_PTRACE))
        return -EPERM;
    unsigned long size = sizeof(struct robust_list_head);
    if (mm_write(caller->mm, args[2], &size, sizeof size) < 0)
        return -EFAULT;
    return mm_write(caller->mm, args[1], &target->robust_list, sizeof target->robust_list);
}
