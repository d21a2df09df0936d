// SPDX-License-Identifier: MIT
// The files of /proc that are about the system (proc(5)).
#include "proc.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <arch/types.h>
#include <cpuinfo.h>
#include <server.h>

struct machine {
    uint64_t total, free; // frames
    uint64_t idle;        // ns
    uint64_t switches;
};

static struct machine machine(void)
{
    if (KCALL1(system_info, pm->system) < 0)
        return (struct machine){ 0 };
    const uint64_t *result = message_page->result;
    return (
        struct machine){ .total = result[0], .free = result[1], .idle = result[4], .switches = result[7] };
}

static unsigned long kib(uint64_t frames) { return (unsigned long)(frames * (PAGE_SIZE / 1024)); }

static void meminfo(struct text *text)
{
    struct machine now = machine();
    text_add(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n",
             kib(now.total), kib(now.free), kib(now.free));
    static const char *const empty[] = { "Buffers:        ", "Cached:         ", "SwapCached:     ",
                                         "Active:         ", "Inactive:       ", "SwapTotal:      ",
                                         "SwapFree:       ", "Dirty:          ", "Shmem:          ",
                                         "Slab:           ", "SReclaimable:   " };
    for (unsigned i = 0; i < sizeof empty / sizeof empty[0]; i++)
        text_add(text, "%s       0 kB\n", empty[i]);
}

static void hundredths(struct text *text, uint64_t ns, const char *after)
{
    text_add(text, "%llu.%02llu%s", (unsigned long long)(ns / 1000000000),
             (unsigned long long)(ns / 10000000 % 100), after);
}

static unsigned count_running(void)
{
    unsigned running = 0;
    uint32_t index = 0;
    const struct thread *thread;
    while ((thread = slots_next(&pm->threads, &index)))
        running += thread->process && proc_state(thread) == 'R';
    return running;
}

static void loadavg(struct text *text)
{
    for (int i = 0; i < 3; i++)
        text_add(text, "%llu.%02llu ", (unsigned long long)(pm->load[i] >> 11),
                 (unsigned long long)((pm->load[i] & 2047) * 100 >> 11));
    text_add(text, "%u/%u %d\n", count_running(), pm->threads.used, pm->last_pid);
}

static void system_stat(struct text *text)
{
    struct machine now = machine();
    uint64_t up = clock_monotonic();
    uint64_t idle = now.idle / CLOCK_TICK, busy = (up > now.idle ? up - now.idle : 0) / CLOCK_TICK;
    for (int i = 0; i < 2; i++)
        text_add(text, "cpu%s %llu 0 0 %llu 0 0 0 0 0 0\n", i == 0 ? " " : "0", (unsigned long long)busy,
                 (unsigned long long)idle);
    text_add(text, "intr 0\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %u\nprocs_blocked 0\n",
             (unsigned long long)now.switches, (unsigned long long)(pm->boot_time / 1000000000),
             (unsigned long long)pm->forks, count_running());
}

static void cpuinfo(struct text *text)
{
    char lines[1024];
    cpuinfo_text(lines, sizeof lines);
    text_add(text, "%s", lines);
}

bool proc_system(enum pm_proc_file file, struct text *text)
{
    const struct utsname *uts = &pm->uts;
    switch (file) {
    case PROC_MEMINFO: meminfo(text); break;
    case PROC_LOADAVG: loadavg(text); break;
    case PROC_SYSTEM_STAT: system_stat(text); break;
    case PROC_CPUINFO: cpuinfo(text); break;
    case PROC_UPTIME:
        hundredths(text, clock_monotonic(), " ");
        hundredths(text, machine().idle, "\n");
        break;
    case PROC_VERSION: text_add(text, "%s version %s %s\n", uts->sysname, uts->release, uts->version); break;
    case PROC_CMDLINE_BOOT: text_add(text, "%s\n", start_page->command_line); break;
    case PROC_PID_MAX: text_add(text, "%d\n", PID_MAX); break;
    case PROC_THREADS_MAX: text_add(text, "%d\n", THREADS_MAX); break;
    case PROC_HOSTNAME: text_add(text, "%s\n", uts->nodename); break;
    case PROC_DOMAINNAME: text_add(text, "%s\n", uts->domainname); break;
    case PROC_OSRELEASE: text_add(text, "%s\n", uts->release); break;
    case PROC_OSTYPE: text_add(text, "%s\n", uts->sysname); break;
    case PROC_KERNEL_VERSION: text_add(text, "%s\n", uts->version); break;
    case PROC_RANDOM_BOOT_ID: text_add(text, "%s\n", pm->boot_id); break;
    case PROC_OVERCOMMIT: text_add(text, "0\n"); break;
    case PROC_PANDO_COUNTS: proc_counts(text); break;
    case PROC_PANDO_FAIL_KERNEL:
    case PROC_PANDO_FAIL_PM: text_add(text, "%u\n", failure_countdown(file)); break;
    default: return false;
    }
    return true;
}
