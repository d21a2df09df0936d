// SPDX-License-Identifier: MIT
// Texts of /proc itself (proc(5)), and what may be written there.
#include "proc_text.h"
#include "process.h"
#include "state.h"
#include "system.h"
#include "thread.h"

#include <errno.h>
#include <linux/process.h>
#include <linux/time.h>
#include <server.h>
#include <string.h>

static void render_meminfo(struct text *text)
{
    struct memory_numbers numbers;
    const unsigned kib = PAGE_SIZE / 1024;
    memory_read_info(&numbers);
    text_add(text, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n", numbers.total * kib,
             numbers.free * kib, numbers.free * kib);
    text_add(text, "Buffers:               0 kB\nCached:                0 kB\nSwapCached:            0 kB\n"
                   "Active:                0 kB\nInactive:              0 kB\nSwapTotal:             0 kB\n"
                   "SwapFree:              0 kB\nDirty:                 0 kB\nWriteback:             0 kB\n"
                   "Shmem:                 0 kB\nSlab:           %8llu kB\nSReclaimable:          0 kB\n",
             numbers.kernel_bytes / 1024);
}

static void render_uptime(struct text *text)
{
    struct memory_numbers numbers;
    uint64_t now = clock_monotonic();
    memory_read_info(&numbers);
    text_add(text, "%llu.%02llu %llu.%02llu\n", now / NSEC_PER_SEC, now % NSEC_PER_SEC / 10000000,
             numbers.idle_ns / NSEC_PER_SEC, numbers.idle_ns % NSEC_PER_SEC / 10000000);
}

static unsigned running(void)
{
    unsigned count = 0;
    for (struct pid *pid = pid_next(1); pid; pid = pid_next(pid->number + 1))
        if (pid->thread && (pid->thread->state == THREAD_IN ||
                            (pid->thread->state == THREAD_OUT && task_info(pid->thread->task) != TASK_INFO_CALLING)))
            count++;
    return count;
}

static void render_loadavg(struct text *text)
{
    load_update();
    for (int i = 0; i < 3; i++)
        text_add(text, "%llu.%02llu ", pm->load[i] >> 11, (pm->load[i] & 2047) * 100 >> 11);
    text_add(text, "%u/%u %d\n", running(), pm->thread_count, pm->last_pid);
}

static void render_stat(struct text *text)
{
    struct memory_numbers numbers;
    struct usage sum = { 0 };
    memory_read_info(&numbers);
    for (struct pid *pid = pid_next(1); pid; pid = pid_next(pid->number + 1)) {
        struct usage usage;
        if (!pid->process)
            continue;
        process_usage(pid->process, &usage);
        sum.user_time += usage.user_time + (pid->process == pm->init ? pid->process->children_usage.user_time : 0);
        sum.system_time += usage.system_time;
    }
    static const char *const rows[] = { "cpu ", "cpu0" };
    for (int i = 0; i < 2; i++)
        text_add(text, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", rows[i], sum.user_time / NSEC_PER_TICK,
                 sum.system_time / NSEC_PER_TICK, numbers.idle_ns / NSEC_PER_TICK);
    text_add(text, "intr 0\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %u\nprocs_blocked 0\n", numbers.switches,
             pm->boot_time / NSEC_PER_SEC, pm->forks + 1, running());
}

static void render_cpuinfo(struct text *text)
{
    char cpu[512];
    int n = arch_cpuinfo(cpu, sizeof cpu);
    text_add_bytes(text, cpu, n < (int)sizeof cpu ? (size_t)n : sizeof cpu - 1);
}

long proc_read_system(enum pm_proc_file file, struct text *text)
{
    const struct utsname *uts = &pm->uts;
    switch (file) {
    case PROC_MEMINFO: render_meminfo(text); break;
    case PROC_UPTIME: render_uptime(text); break;
    case PROC_LOADAVG: render_loadavg(text); break;
    case PROC_SYSTEM_STAT: render_stat(text); break;
    case PROC_CPUINFO: render_cpuinfo(text); break;
    case PROC_VERSION: text_add(text, "%s version %s (pando) %s\n", uts->sysname, uts->release, uts->version); break;
    case PROC_CMDLINE_BOOT: text_add(text, "%s\n", start_page->command_line); break;
    case PROC_PID_MAX: text_add(text, "%d\n", PID_MAX); break;
    case PROC_THREADS_MAX: text_add(text, "%d\n", THREADS_MAX); break;
    case PROC_HOSTNAME: text_add(text, "%s\n", uts->nodename); break;
    case PROC_OSRELEASE: text_add(text, "%s\n", uts->release); break;
    case PROC_OSTYPE: text_add(text, "%s\n", uts->sysname); break;
    case PROC_KERNEL_VERSION: text_add(text, "%s\n", uts->version); break;
    case PROC_RANDOM_BOOT_ID: text_add(text, "%s\n", pm->boot_id); break;
    case PROC_OVERCOMMIT: text_add(text, "0\n"); break;
    case PROC_DOMAINNAME: text_add(text, "%s\n", uts->domainname); break;
    default: return -ENOENT;
    }
    return 0;
}

static long set_name(char *name, const char *from, size_t length)
{
    if (length > 0 && from[length - 1] == '\n')
        length--;
    if (length >= UTS_LENGTH)
        return -EINVAL;
    memset(name, 0, UTS_LENGTH);
    memcpy(name, from, length);
    return 0;
}

static long read_number(const char *from, long *number)
{
    bool negative = *from == '-';
    char *end;
    *number = (long)strtoul(from + negative, &end, 10);
    if (end == from + negative)
        return -EINVAL;
    if (negative)
        *number = -*number;
    return 0;
}

long proc_write(struct thread *thread, enum pm_proc_file file, const char *from, size_t length)
{
    long error = -EINVAL, number;
    if (file == PROC_HOSTNAME)
        error = set_name(pm->uts.nodename, from, length);
    else if (file == PROC_DOMAINNAME)
        error = set_name(pm->uts.domainname, from, length);
    else if (!thread)
        return -EINVAL;
    switch (file) {
    case PROC_COMM:
        strlcpy(thread->comm, from, sizeof thread->comm);
        if (strchr(thread->comm, '\n'))
            *strchr(thread->comm, '\n') = '\0';
        error = 0;
        break;
    case PROC_OOM_SCORE_ADJ:
        error = read_number(from, &number);
        if (error == 0 && (number < -1000 || number > 1000))
            error = -EINVAL;
        if (error == 0)
            thread->process->oom_score_adj = (int)number;
        break;
    case PROC_LOGINUID:
        error = read_number(from, &number);
        if (error == 0)
            thread->process->login_uid = (uint32_t)number;
        break;
    default: break;
    }
    return error < 0 ? error : (long)length;
}
