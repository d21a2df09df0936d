// SPDX-License-Identifier: MIT
// Reads and writes that the delaying server answers itself. Each is held twice: before its effect, when a cancel may
// take it back, and between effect and answer, when the caller must learn that it has happened.
#include "delay.h"

#include <errno.h>
#include <linux_calls.h>
#include <protocol_pm_vfs.h>
#include <string.h>

static struct {
    uint32_t writes, reads, wrong;
} counters[DELAY_COUNTERS];
struct delay_report totals;

static bool is_write(const struct trap *trap) { return linux_call_of(trap->number) == LINUX_write; }

bool device_takes(const struct message *message)
{
    enum linux_call call = linux_call_of(message->number);
    return (call == LINUX_read || call == LINUX_write) && message->args[0] >= DELAY_DESCRIPTOR &&
           message->args[0] < DELAY_REPORT + DELAY_COUNTERS;
}

static void answer(struct trap *trap, long value)
{
    reply_value(trap->token, value);
    trap_free(trap);
}

static void report(struct trap *trap)
{
    unsigned long counter = trap->args[0] - DELAY_REPORT;
    if (is_write(trap)) {
        memset(&counters[counter], 0, sizeof(counters[counter]));
        answer(trap, 0);
        return;
    }
    struct delay_report report = totals;
    report.writes = counters[counter].writes;
    report.reads = counters[counter].reads;
    report.wrong = counters[counter].wrong;
    long copied = copy_out(trap->token, 0, &report, trap->args[1], sizeof(report));
    answer(trap, copied == sizeof(report) ? copied : -EFAULT);
}

// The effect: counted only if the caller's memory took or gave the number.
static long act(struct trap *trap)
{
    unsigned long counter = trap->args[0] - DELAY_DESCRIPTOR;
    if (trap->args[2] < sizeof(uint32_t))
        return -EINVAL;
    if (is_write(trap)) {
        uint32_t number;
        if (copy_in(trap->token, 0, &number, trap->args[1], sizeof(number)) != sizeof(number))
            return -EFAULT;
        counters[counter].wrong += number != counters[counter].writes;
        counters[counter].writes++;
        return sizeof(number);
    }
    if (copy_out(trap->token, 0, &counters[counter].reads, trap->args[1], sizeof(uint32_t)) !=
        sizeof(uint32_t))
        return -EFAULT;
    counters[counter].reads++;
    return sizeof(uint32_t);
}

static void due(struct held *held)
{
    struct trap *trap = container_of(held, struct trap, held);
    if (trap->done) {
        answer(trap, trap->result);
        return;
    }
    trap->result = act(trap);
    trap->done = true;
    hold(held);
}

void device_begin(struct trap *trap)
{
    trap->held.fire = due;
    if (trap->args[0] >= DELAY_REPORT)
        report(trap);
    else
        hold(&trap->held);
}

void device_cancelled(struct trap *trap)
{
    if (trap->done || chance(2)) {
        totals.late++;
        return;
    }
    totals.early++;
    reply_divert(trap->token, DIVERT_RESTARTSYS, -EINTR);
    trap_free(trap);
}
