// SPDX-License-Identifier: MIT
// The vDSO's clocks, for its functions of either word size. They run in the program: without libraries, writable data
// or relocations. The kernel reckons in the same way, so its answers and these never run backward to one another.
#pragma once

#include <linux/time.h>
#include <stdbool.h>
#include <vdso_arch.h>
#include <vdso_clock.h>

#define CLOCK_BIT(clock) (1u << (clock))
#define MONOTONIC_CLOCKS                                                                                     \
    (CLOCK_BIT(CLOCK_MONOTONIC) | CLOCK_BIT(CLOCK_MONOTONIC_RAW) | CLOCK_BIT(CLOCK_MONOTONIC_COARSE) |       \
     CLOCK_BIT(CLOCK_BOOTTIME))
#define WALL_CLOCKS (CLOCK_BIT(CLOCK_REALTIME) | CLOCK_BIT(CLOCK_REALTIME_COARSE) | CLOCK_BIT(CLOCK_TAI))
#define COARSE_CLOCKS (CLOCK_BIT(CLOCK_REALTIME_COARSE) | CLOCK_BIT(CLOCK_MONOTONIC_COARSE))
#define COARSE_RESOLUTION 4000000

static inline bool clock_among(int clock, unsigned clocks)
{
    return (unsigned)clock < 32 && (CLOCK_BIT(clock) & clocks);
}

// The offset is two words on some machines, so it is read until no change came between.
static inline uint64_t wall_offset(const volatile struct vdso_clock *page)
{
    uint64_t offset;
    uint32_t sequence;
    do {
        sequence = page->sequence;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        offset = page->wall_offset;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((sequence & 1) || page->sequence != sequence);
    return offset;
}

// -> false: only the system call knows
static inline bool clock_now(int clock, uint64_t *ns)
{
    const struct vdso_clock *page = vdso_clock_page();
    if (!clock_among(clock, MONOTONIC_CLOCKS | WALL_CLOCKS) || !page->multiplier)
        return false;
    *ns = counter_scale(counter_read() - page->start, page->multiplier, page->shift);
    if (clock_among(clock, WALL_CLOCKS))
        *ns += wall_offset(page);
    return true;
}
