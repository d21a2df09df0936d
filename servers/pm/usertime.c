// SPDX-License-Identifier: MIT
// Times in user memory (timespec(3type)).
#include "usertime.h"

#include "mm.h"
#include "thread.h"

#include <errno.h>
#include <linux/time.h>

#define SECONDS_MAX (INT64_MAX / (int64_t)NSEC_PER_SEC)

long user_time_read(struct thread *thread, unsigned long address, bool wide, uint64_t *time)
{
    struct timespec64 both;
    struct timespec_long native;
    if (wide) {
        if (mm_read(thread->mm, &both, address, sizeof both) < 0)
            return -EFAULT;
        if (sizeof(long) == 4) // the padding beside 32-bit nanoseconds may hold anything
            both.nanoseconds = (int32_t)both.nanoseconds;
    } else {
        if (mm_read(thread->mm, &native, address, sizeof native) < 0)
            return -EFAULT;
        both = (struct timespec64){ native.seconds, native.nanoseconds };
    }
    if (both.seconds < 0 || both.nanoseconds < 0 || both.nanoseconds >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    *time = both.seconds >= SECONDS_MAX ? INT64_MAX
                                        : (uint64_t)both.seconds * NSEC_PER_SEC + (uint64_t)both.nanoseconds;
    return 0;
}

long user_time_write(struct thread *thread, unsigned long address, bool wide, uint64_t time)
{
    struct timespec64 both = { (int64_t)(time / NSEC_PER_SEC), (int64_t)(time % NSEC_PER_SEC) };
    struct timespec_long native = { (long)both.seconds, (long)both.nanoseconds };
    return wide ? mm_write(thread->mm, address, &both, sizeof both)
                : mm_write(thread->mm, address, &native, sizeof native);
}

uint64_t time_add(uint64_t a, uint64_t b)
{
    return a > INT64_MAX - b || b > INT64_MAX ? INT64_MAX : a + b;
}

uint64_t time_from_realtime(uint64_t time)
{
    uint64_t offset = clock_realtime() - clock_monotonic();
    return time > offset ? time - offset : 0;
}
