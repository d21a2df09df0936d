// SPDX-License-Identifier: MIT
// Accounting: at any moment one counter pays. User tasks pay for their own running with user_time, and with
// system_time while the kernel or a server works for them; the counters are in cycles, which costs least.
#include <arch.h>
#include <arch/cpu.h>
#include <inline.h>
#include <sched.h>
#include <task.h>

APART void account_switch(struct cpu *cpu, uint64_t *counter) { account_move(cpu, counter); }

// A native server that calls another passes its charge on, so there can be a chain of them.
void account_end_service(struct task *task)
{
    struct task *server = task->call.state == CALL_OPEN ? task->call.server : NULL;
    while (server && (server->charge == &task->user_time || server->charge == &task->system_time)) {
        server->charge = &server->user_time;
        server = server->call.state == CALL_OPEN ? server->call.server : NULL;
    }
}

void account_forget(struct task *task)
{
    struct cpu *cpu = this_cpu();
    if (cpu->account == &task->user_time || cpu->account == &task->system_time)
        account_switch(cpu, &cpu->kernel_time);
}
