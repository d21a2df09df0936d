// SPDX-License-Identifier: MIT
// Accounting: at any moment one counter pays. User tasks pay for their own running with user_time, and with
// system_time while the kernel or a server works for them; the counters are in cycles, which costs least.
#include <arch.h>
#include <arch/cpu.h>
#include <sched.h>
#include <task.h>

void account_switch(struct cpu *cpu, uint64_t *counter)
{
    uint64_t now = arch_cycles();
    *cpu->account += now - cpu->accounted;
    cpu->accounted = now;
    cpu->account = counter;
}

void account_forget(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (cpu->account == &task->user_time || cpu->account == &task->system_time)
        account_switch(cpu, &cpu->kernel_time);
}
