// SPDX-License-Identifier: MIT
// Time: the TSC is the monotonic clock, the local APIC's timer the one-shot. Both are measured at boot against the
// PIT, whose frequency is known.

#include "i386.h"
#include <arch.h>
#include <clock.h>

#define NANOSECONDS 1000000000u
#define PIT_FREQUENCY 1193182u
#define PIT_MEASURE 2386u // ticks: 2 ms
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define PIT_ABSENT_READS 10000u
#define SAMPLES 8

#define TIMER_SPAN 4000000000u // ns that one run of the 32-bit timer can wait

// ns = cycles * multiplier >> shift, the multiplier being below 2^32
struct ratio {
    uint32_t multiplier, shift;
};

static uint64_t clock_frequency;
static struct ratio cycles_to_ns;
static struct ratio ns_to_timer;
static uint64_t clock_start;

static struct ratio make_ratio(uint64_t numerator, uint64_t denominator)
{
    struct ratio ratio = { .shift = 32 };
    uint64_t multiplier;
    do
        multiplier = (numerator << --ratio.shift) / denominator;
    while (multiplier > UINT32_MAX);
    ratio.multiplier = (uint32_t)multiplier;
    return ratio;
}

static uint64_t scale(struct ratio ratio, uint64_t value)
{
    uint64_t high = (value >> 32) * ratio.multiplier;
    uint64_t low = (value & UINT32_MAX) * ratio.multiplier;
    return (high << (32 - ratio.shift)) + (low >> ratio.shift);
}

static uint16_t pit_read(void)
{
    out8(PIT_COMMAND, 0x80); // latch channel 2
    uint16_t low = in8(PIT_CHANNEL2);
    return (uint16_t)(low | in8(PIT_CHANNEL2) << 8);
}

static void pit_start(void)
{
    out8(PIT_GATE, (in8(PIT_GATE) & ~2) | 1); // count, speaker off
    out8(PIT_COMMAND, 0xb0);                  // channel 2, both bytes, mode 0: counts down once
    out8(PIT_CHANNEL2, 0xff);
    out8(PIT_CHANNEL2, 0xff);
}

// One look at all three clocks.
struct sample {
    uint64_t cycles;
    uint32_t timer;
    uint16_t pit;
};

// The quickest of a few, because QEMU may be interrupted in any.
static struct sample take_sample(void)
{
    struct sample best = { 0 };
    uint64_t shortest = UINT64_MAX;
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct sample sample = { arch_cycles(), apic_timer_count(), pit_read() };
        uint64_t duration = arch_cycles() - sample.cycles;
        if (duration < shortest) {
            shortest = duration;
            best = sample;
        }
    }
    return best;
}

// What is near 1 GHz is 1 GHz: QEMU's timer always, and its TSC with -icount.
static uint64_t settle(uint64_t frequency, uint64_t tolerance)
{
    uint64_t distance = frequency > NANOSECONDS ? frequency - NANOSECONDS : NANOSECONDS - frequency;
    return distance < tolerance ? NANOSECONDS : frequency;
}

void clock_calibrate(void)
{
    pit_start();
    apic_timer_start(UINT32_MAX);
    struct sample first = take_sample();
    for (unsigned reads = 0; reads < PIT_ABSENT_READS && (uint16_t)(first.pit - pit_read()) < PIT_MEASURE;
         reads++)
        ;
    struct sample last = take_sample();
    apic_timer_start(0);
    uint64_t ticks = (uint16_t)(first.pit - last.pit);
    uint64_t timer = first.timer - last.timer;
    uint64_t timer_frequency = NANOSECONDS; // without a PIT, QEMU's is taken for granted
    if (ticks >= PIT_MEASURE)
        timer_frequency = settle(timer * PIT_FREQUENCY / ticks, NANOSECONDS / 100);
    clock_frequency = settle((last.cycles - first.cycles) * timer_frequency / timer, NANOSECONDS / 1000);
    cycles_to_ns = make_ratio(NANOSECONDS, clock_frequency);
    ns_to_timer = make_ratio(timer_frequency, NANOSECONDS);
    clock_start = arch_cycles();
    this_cpu()->arch.timer_deadline = NO_DEADLINE;
}

uint64_t arch_clock_frequency(void) { return clock_frequency; }
uint64_t arch_cycles_to_ns(uint64_t cycles) { return scale(cycles_to_ns, cycles); }

// CR4.TSD is clear: rdtsc is everybody's.
bool arch_clock_scale(struct clock_scale *scale)
{
    *scale = (struct clock_scale){ clock_start, cycles_to_ns.multiplier, cycles_to_ns.shift };
    return true;
}

uint64_t arch_clock(void) { return scale(cycles_to_ns, arch_cycles() - clock_start); }

void arch_timer_set(uint64_t deadline)
{
    this_cpu()->arch.timer_deadline = deadline;
    if (deadline == NO_DEADLINE) {
        apic_timer_start(0);
        return;
    }
    uint64_t now = arch_clock();
    uint64_t wait = deadline > now ? deadline - now : 0;
    if (wait > TIMER_SPAN)
        wait = TIMER_SPAN;
    apic_timer_start((uint32_t)scale(ns_to_timer, wait) + 1);
}

// The timer may have run out before the deadline: the wait was too long for it, or the two clocks differ.
void clock_timer_fired(void)
{
    uint64_t deadline = this_cpu()->arch.timer_deadline;
    if (arch_clock() < deadline) {
        arch_timer_set(deadline);
        return;
    }
    this_cpu()->arch.timer_deadline = NO_DEADLINE;
    trap_timer();
}
