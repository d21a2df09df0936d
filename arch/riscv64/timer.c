// SPDX-License-Identifier: MIT
// riscv64: the clock (`time` counter), the one-shot timer (stimecmp of the Sstc extension, else the firmware's), the
// wall clock (goldfish RTC) and entropy from the device tree.

#include "csr.h"
#include "riscv64.h"
#include <arch/cpu.h>
#include <clock.h>
#include <assert.h>
#include <string.h>

#define NANOSECONDS 1000000000ull
// Off is a time not too far away. A QEMU that counts instructions (-icount) goes on to the next timer's time whenever
// the guest waits, be it for the host: if that is the end of time, where the firmware's timer stands, no clock goes on.
#define IDLE_SECONDS 10

static uint64_t ns_per_tick;  // 32.32 fixed point
static uint64_t ticks_per_ns; // 0.64 fixed point: the counter is slower than 1 GHz
static uint64_t programmed;   // tick the timer is set to, UINT64_MAX: nothing is waited for
static uint64_t boot_time;    // ticks at boot: where the monotonic clock starts

void timer_init(void)
{
    assert(platform.timebase > 0 && platform.timebase < NANOSECONDS);
    ns_per_tick = (NANOSECONDS << 32) / platform.timebase;
    uint64_t upper = platform.timebase << 32;
    ticks_per_ns = upper / NANOSECONDS << 32 | (upper % NANOSECONDS << 32) / NANOSECONDS;
    boot_time = arch_cycles();
    csr_write(scounteren, COUNTEREN_TIME);
    programmed = 0;
    arch_timer_set(NO_DEADLINE);
    csr_set(sie, SIE_TIMER);
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return (uint64_t)((unsigned __int128)cycles * ns_per_tick >> 32);
}

// scounteren lets user mode read the counter (timer_init).
bool arch_clock_scale(struct clock_scale *scale)
{
    *scale = (struct clock_scale){ boot_time, ns_per_tick, 32 };
    return true;
}

uint64_t arch_clock(void) { return arch_cycles_to_ns(arch_cycles() - boot_time); }

uint64_t arch_clock_frequency(void) { return platform.timebase; }

// The first tick after the deadline.
static uint64_t deadline_tick(uint64_t deadline)
{
    if (deadline == NO_DEADLINE)
        return UINT64_MAX;
    return (uint64_t)((unsigned __int128)deadline * ticks_per_ns >> 64) + 1 + boot_time;
}

void arch_timer_set(uint64_t deadline)
{
    uint64_t tick = deadline_tick(deadline);
    if (tick == programmed)
        return;
    programmed = tick;
    if (tick == UINT64_MAX)
        tick = arch_cycles() + IDLE_SECONDS * platform.timebase;
    if (platform.sstc)
        csr_write(CSR_STIMECMP, tick);
    else
        sbi_set_timer(tick);
}

void timer_interrupt(void)
{
    programmed = 0;
    arch_timer_set(NO_DEADLINE);
    trap_timer();
}

uint64_t arch_wall_clock(void)
{
    if (!platform.rtc)
        return 0;
    volatile uint32_t *rtc = arch_map_device(platform.rtc, PAGE_SIZE);
    uint64_t low = rtc[0]; // latches the upper half
    return low | (uint64_t)rtc[1] << 32;
}

// Each byte of the seed is handed out once.
size_t arch_entropy(void *buffer, size_t length)
{
    size_t count = length < platform.seed_length ? length : platform.seed_length;
    platform.seed_length -= (unsigned)count;
    memcpy(buffer, platform.seed + platform.seed_length, count);
    memset(platform.seed + platform.seed_length, 0, count);
    return count;
}

// Interrupts are taken between the two writes to sstatus; wfi itself wakes for a pending one although they are off, so
// none is lost between the scheduler's last look and the halt.
void arch_wait(void)
{
    __asm__ volatile("wfi\n\t"
                     "csrsi sstatus, 2\n\t"
                     "csrci sstatus, 2" ::
                         : "memory");
}
