// SPDX-License-Identifier: MIT
// The files of /proc/PID that are about one process or thread (proc(5)).
#include "mm.h"
#include "proc.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <arch/types.h>
#include <linux/sched.h>
#include <string.h>

char proc_state(const struct thread *thread)
{
    if (thread->process->zombie || thread->state == THREAD_DEAD)
        return 'Z';
    if (thread->state == THREAD_STOPPED)
        return 'T';
    if (thread->state == THREAD_PARKED)
        return 'S';
    return 'R';
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R': return "R (running)";
    case 'T': return "T (stopped)";
    case 'Z': return "Z (zombie)";
    default: return "S (sleeping)";
    }
}

struct signal_sets {
    uint64_t pending, shared, blocked, ignored, caught;
};

static struct signal_sets signal_sets(const struct proc_subject *subject)
{
    const struct thread *thread = subject->thread;
    struct signal_sets sets = {
        .pending = thread->pending.set,
        .shared = subject->process->shared.set,
        .blocked = thread->blocked,
    };
    for (int signal = 1; thread->sighand && signal <= SIGNALS; signal++) {
        unsigned long handler = thread->sighand->actions[signal - 1].handler;
        if (handler == SIG_IGN)
            sets.ignored |= SIGNAL_BIT(signal);
        else if (handler != SIG_DFL)
            sets.caught |= SIGNAL_BIT(signal);
    }
    return sets;
}

static unsigned live_threads(const struct process *process) { return process->live; }

static void times_of(const struct proc_subject *subject, struct usage *usage)
{
    if (subject->whole) {
        process_usage(subject->process, usage);
        return;
    }
    thread_count_time(subject->thread);
    *usage = (struct usage){ .user_time = subject->thread->user_time,
                             .system_time = subject->thread->system_time };
}

void proc_stat(const struct proc_subject *subject, struct text *text)
{
    static const struct mm no_mm;
    struct process *process = subject->process;
    const struct thread *thread = subject->thread;
    const struct mm *mm = thread->mm ? thread->mm : &no_mm;
    struct mm_usage memory = { 0 };
    struct usage usage;
    struct signal_sets sets = signal_sets(subject);
    if (thread->mm)
        mm_usage(thread->mm, &memory);
    times_of(subject, &usage);
    const struct usage *children = &process->children_usage;
    text_add(text, "%d (%s) %c %d %d %d %lu %ld 0 0 0 0 0 ", thread->pid->number, thread->comm,
             proc_state(thread), process_parent_id(process), process->group ? process->group->number : 0,
             process->session ? process->session->number : 0, subject->terminal, subject->terminal_group);
    text_add(text, "%llu %llu %llu %llu %d %d %u 0 %llu %llu %llu %llu ",
             (unsigned long long)(usage.user_time / CLOCK_TICK),
             (unsigned long long)(usage.system_time / CLOCK_TICK),
             (unsigned long long)(children->user_time / CLOCK_TICK),
             (unsigned long long)(children->system_time / CLOCK_TICK),
             thread->policy == SCHED_FIFO || thread->policy == SCHED_RR ? -1 - thread->priority
                                                                        : 20 + thread->nice,
             thread->nice, live_threads(process), (unsigned long long)(thread->start_time / CLOCK_TICK),
             (unsigned long long)memory.mapped * PAGE_SIZE, (unsigned long long)memory.resident,
             (unsigned long long)process->limits[RLIMIT_RSS].current);
    text_add(text, "%lu %lu %lu 0 0 %llu %llu %llu %llu 0 0 0 %d 0 %d %d 0 0 0 ", mm->start_code,
             mm->end_code, mm->start_stack, (unsigned long long)(sets.pending & 0x7fffffff),
             (unsigned long long)(sets.blocked & 0x7fffffff), (unsigned long long)(sets.ignored & 0x7fffffff),
             (unsigned long long)(sets.caught & 0x7fffffff), subject->whole ? process->exit_signal : -1,
             thread->priority, thread->policy);
    text_add(text, "%lu %lu %lu %lu %lu %lu %lu %d\n", mm->start_data, mm->end_data, mm->start_brk,
             mm->arg_start, mm->arg_end, mm->env_start, mm->env_end,
             process->zombie ? process->exit_status : 0);
}

static void status_memory(const struct thread *thread, struct text *text)
{
    struct mm_usage usage;
    if (!thread->mm)
        return;
    mm_usage(thread->mm, &usage);
    unsigned long page = PAGE_SIZE / 1024;
    text_add(text,
             "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t%8lu "
             "kB\nVmRSS:\t%8lu kB\nVmPTE:\t%8lu "
             "kB\nVmSwap:\t       0 kB\n",
             (unsigned long)usage.mapped * page, (unsigned long)usage.mapped * page,
             (unsigned long)thread->mm->peak_pages * page, (unsigned long)usage.resident * page,
             (unsigned long)usage.tables * page);
}

void proc_status(const struct proc_subject *subject, struct text *text)
{
    const struct thread *thread = subject->thread;
    struct process *process = subject->process;
    const struct credentials *cred = &thread->cred;
    struct signal_sets sets = signal_sets(subject);
    text_add(text, "Name:\t%s\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
             thread->comm, state_name(proc_state(thread)), process_id(process), thread->pid->number,
             process_parent_id(process));
    text_add(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t", cred->uid,
             cred->euid, cred->suid, cred->fsuid, cred->gid, cred->egid, cred->sgid, cred->fsgid);
    for (uint32_t i = 0; i < cred->group_count; i++)
        text_add(text, "%u ", cred->groups[i]);
    text_add(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process_id(process),
             thread->pid->number, process->group ? process->group->number : 0,
             process->session ? process->session->number : 0);
    status_memory(thread, text);
    text_add(text, "Threads:\t%u\nSigQ:\t%u/%lld\n", live_threads(process),
             cred->user ? cred->user->pending : 0, (long long)process->limits[RLIMIT_SIGPENDING].current);
    text_add(
        text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
        (unsigned long long)sets.pending, (unsigned long long)sets.shared, (unsigned long long)sets.blocked,
        (unsigned long long)sets.ignored, (unsigned long long)sets.caught);
    text_add(text,
             "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n",
             (unsigned long long)cred->inheritable, (unsigned long long)cred->permitted,
             (unsigned long long)cred->effective, (unsigned long long)cred->bounding,
             (unsigned long long)cred->ambient);
    text_add(text, "NoNewPrivs:\t%d\nSeccomp:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n",
             thread->no_new_privs);
    text_add(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t0\n",
             (unsigned long long)thread->switches);
}

void proc_statm(const struct proc_subject *subject, struct text *text)
{
    struct mm_usage usage = { 0 };
    const struct mm *mm = subject->thread->mm;
    if (mm)
        mm_usage(subject->thread->mm, &usage);
    unsigned long code = mm ? (mm->end_code - mm->start_code + PAGE_SIZE - 1) / PAGE_SIZE : 0;
    text_add(text, "%llu %llu 0 %lu 0 %llu 0\n", (unsigned long long)usage.mapped,
             (unsigned long long)usage.resident, code,
             (unsigned long long)(usage.mapped > code ? usage.mapped - code : 0));
}

static void map_line(const struct mm *mm, const struct region_info *region, struct text *text)
{
    const char *name = mm_tag_name(mm, region->tag);
    const struct mapped_file *file = region->tag >= MM_FILE && region->tag - MM_FILE < mm->file_count
                                         ? mm->files[region->tag - MM_FILE]
                                         : NULL;
    size_t before = text->length;
    text_add(text, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu", region->start, region->end,
             region->flags & PROT_READ_BIT ? 'r' : '-', region->flags & PROT_WRITE_BIT ? 'w' : '-',
             region->flags & PROT_EXECUTE_BIT ? 'x' : '-', region->flags & MAP_SHARED_BIT ? 's' : 'p',
             (unsigned long long)(file ? region->offset : 0),
             file ? (unsigned)(file->device >> 8 & 0xfff) : 0, file ? (unsigned)(file->device & 0xff) : 0,
             (unsigned long long)(file ? file->inode : 0));
    if (*name) { // names start in the same column
        size_t width = text->length - before, column = sizeof(long) == 8 ? 73 : 49;
        text_add(text, "%*s%s", (int)(width < column ? column - width : 1), "", name);
    }
    text_add(text, "\n");
}

void proc_maps(const struct proc_subject *subject, struct text *text)
{
    const struct mm *mm = subject->thread->mm;
    struct region_info region;
    unsigned long address = 0;
    while (mm && space_query(mm->space, address, &region) == 0) {
        map_line(mm, &region, text);
        address = region.end;
    }
}

static void limit_value(struct text *text, uint64_t value)
{
    if (value == RLIMIT_INFINITY)
        text_add(text, "%-20s ", "unlimited");
    else
        text_add(text, "%-20llu ", (unsigned long long)value);
}

void proc_limits(const struct proc_subject *subject, struct text *text)
{
    static const struct {
        const char *name, *unit;
    } rows[RLIMITS] = {
        [RLIMIT_CPU] = { "Max cpu time", "seconds" },
        [RLIMIT_FSIZE] = { "Max file size", "bytes" },
        [RLIMIT_DATA] = { "Max data size", "bytes" },
        [RLIMIT_STACK] = { "Max stack size", "bytes" },
        [RLIMIT_CORE] = { "Max core file size", "bytes" },
        [RLIMIT_RSS] = { "Max resident set", "bytes" },
        [RLIMIT_NPROC] = { "Max processes", "processes" },
        [RLIMIT_NOFILE] = { "Max open files", "files" },
        [RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
        [RLIMIT_AS] = { "Max address space", "bytes" },
        [RLIMIT_LOCKS] = { "Max file locks", "locks" },
        [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
        [RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
        [RLIMIT_NICE] = { "Max nice priority", "" },
        [RLIMIT_RTPRIO] = { "Max realtime priority", "" },
        [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
    };
    text_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIMITS; i++) {
        text_add(text, "%-25s ", rows[i].name);
        limit_value(text, subject->process->limits[i].current);
        limit_value(text, subject->process->limits[i].maximum);
        text_add(text, "%-10s\n", rows[i].unit);
    }
}

// Arguments and environment are read where the program keeps (and may have changed) them.
void proc_memory_range(const struct proc_subject *subject, enum pm_proc_file file, struct text *text)
{
    const struct mm *mm = subject->thread->mm;
    if (!mm)
        return;
    if (file == PROC_AUXV) {
        text_add_bytes(text, mm->auxv, mm->auxv_words * sizeof mm->auxv[0]);
        return;
    }
    unsigned long at = file == PROC_CMDLINE ? mm->arg_start : mm->env_start;
    unsigned long end = file == PROC_CMDLINE ? mm->arg_end : mm->env_end;
    char bytes[512];
    while (at < end && !text->failed) {
        size_t wanted = end - at < sizeof bytes ? end - at : sizeof bytes;
        long copied = copy_in(0, mm->space, bytes, at, wanted);
        if (copied <= 0)
            return;
        text_add_bytes(text, bytes, (size_t)copied);
        at += (unsigned long)copied;
    }
}
