// SPDX-License-Identifier: MIT
// /proc/PID texts (proc(5)).
#include "proc_text.h"

#include "mm.h"
#include "process.h"
#include "state.h"
#include "thread.h"

#include <errno.h>
#include <heap.h>
#include <linux/time.h>
#include <printf.h>
#include <string.h>

#define WINDOW_MAX 65536u // of memory shown by cmdline and environ

static bool reserve(struct text *text, size_t more)
{
    if (text->failed)
        return false;
    if (text->length + more <= text->capacity)
        return true;
    size_t capacity = (text->length + more) * 2;
    char *data = heap_resize(text->data, capacity);
    text->failed = !data;
    if (!data)
        return false;
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length))
        return;
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
}

void text_add(struct text *text, const char *format, ...)
{
    if (!reserve(text, 512))
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->data + text->length, 512, format, args);
    va_end(args);
    text->length += n < 512 ? (size_t)n : 511;
}

static char state_letter(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_DEAD: return thread->process->live == 0 || thread == thread->process->leader ? 'Z' : 'X';
    case THREAD_STOPPED: return 'T';
    case THREAD_PARKED: return thread->park.kind == PARK_VFORK ? 'D' : 'S';
    case THREAD_OUT: {
        long state = task_info(thread->task);
        return state == TASK_INFO_CALLING ? 'S' : 'R';
    }
    default: return 'R';
    }
}

static const char *state_name(char letter)
{
    switch (letter) {
    case 'R': return "running";
    case 'D': return "disk sleep";
    case 'T': return "stopped";
    case 'Z': return "zombie";
    case 'X': return "dead";
    default: return "sleeping";
    }
}

// --- stat

static void signal_sets(struct thread *thread, uint64_t *ignored, uint64_t *caught)
{
    *ignored = *caught = 0;
    for (int i = 0; thread->sighand && i < SIGNALS; i++) {
        unsigned long handler = thread->sighand->actions[i].handler;
        if (handler == SIG_IGN)
            *ignored |= 1ull << i;
        else if (handler != SIG_DFL)
            *caught |= 1ull << i;
    }
}

static void render_stat(struct thread *thread, struct text *text)
{
    struct process *process = thread->process;
    struct mm *mm = thread->mm;
    struct mm_usage memory = { 0 };
    struct usage usage;
    uint64_t ignored, caught;
    process_usage(process, &usage);
    if (mm)
        mm_usage(mm, &memory);
    signal_sets(thread, &ignored, &caught);
    const struct usage *children = &process->children_usage;
    text_add(text, "%d (%s) %c %d %d %d 0 -1 4194304 0 0 0 0 ", thread->pid->number, thread->comm, state_letter(thread),
             process_parent_id(process), process->group->number, process->session->number);
    text_add(text, "%llu %llu %llu %llu %d %d %u 0 %llu ", usage.user_time / NSEC_PER_TICK,
             usage.system_time / NSEC_PER_TICK, children->user_time / NSEC_PER_TICK,
             children->system_time / NSEC_PER_TICK, 20 + thread->nice, thread->nice, process->live ? process->live : 1,
             thread->start_time / NSEC_PER_TICK);
    text_add(text, "%llu %llu %llu %lu %lu %lu 0 0 ", memory.mapped * PAGE_SIZE, memory.resident,
             process->limits[RLIMIT_RSS].current, mm ? mm->start_code : 0, mm ? mm->end_code : 0,
             mm ? mm->start_stack : 0);
    text_add(text, "%llu %llu %llu %llu 0 0 0 %d 0 %u %d 0 0 0 ", thread->pending.set & 0x7fffffff,
             thread->blocked & 0x7fffffff, ignored & 0x7fffffff, caught & 0x7fffffff, process->exit_signal,
             (unsigned)thread->priority, thread->policy);
    text_add(text, "%lu %lu %lu %lu %lu %lu %lu %d\n", mm ? mm->start_data : 0, mm ? mm->end_data : 0,
             mm ? mm->start_brk : 0, mm ? mm->arg_start : 0, mm ? mm->arg_end : 0, mm ? mm->env_start : 0,
             mm ? mm->env_end : 0, process->exit_status);
}

// --- status

static void render_status_memory(struct mm *mm, struct text *text)
{
    struct mm_usage memory;
    const unsigned kib = PAGE_SIZE / 1024;
    mm_usage(mm, &memory);
    text_add(text, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t       0 kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n",
             memory.mapped * kib, memory.mapped * kib, mm->peak_pages * kib, memory.resident * kib);
    text_add(text, "VmData:\t%8lu kB\nVmStk:\t     132 kB\nVmExe:\t%8lu kB\nVmPTE:\t%8llu kB\nVmSwap:\t       0 kB\n",
             (mm->brk - mm->start_data) / 1024, (mm->end_code - mm->start_code) / 1024, memory.tables * kib);
}

static void render_status(struct thread *thread, struct text *text)
{
    struct process *process = thread->process;
    const struct credentials *cred = &thread->cred;
    uint64_t ignored, caught;
    char letter = state_letter(thread);
    signal_sets(thread, &ignored, &caught);
    text_add(text, "Name:\t%s\nUmask:\t0022\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
             thread->comm, letter, state_name(letter), process_id(process), thread->pid->number,
             process_parent_id(process));
    text_add(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t", cred->uid, cred->euid, cred->suid,
             cred->fsuid, cred->gid, cred->egid, cred->sgid, cred->fsgid);
    for (uint32_t i = 0; i < cred->group_count; i++)
        text_add(text, "%u ", cred->groups[i]);
    text_add(text, "\n");
    if (thread->mm)
        render_status_memory(thread->mm, text);
    text_add(text, "Threads:\t%u\nSigQ:\t%u/%llu\nSigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n",
             process->live ? process->live : 1, cred->user ? cred->user->pending : 0,
             process->limits[RLIMIT_SIGPENDING].current, thread->pending.set, process->shared.set, thread->blocked);
    text_add(text, "SigIgn:\t%016llx\nSigCgt:\t%016llx\nCapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n", ignored,
             caught, cred->inheritable, cred->permitted, cred->effective);
    text_add(text, "CapBnd:\t%016llx\nCapAmb:\t%016llx\nNoNewPrivs:\t%d\nSeccomp:\t0\nCpus_allowed:\t1\n"
                   "Cpus_allowed_list:\t0\nvoluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t0\n",
             cred->bounding, cred->ambient, thread->no_new_privs, thread->switches);
}

// --- memory

static void render_statm(struct thread *thread, struct text *text)
{
    struct mm_usage memory = { 0 };
    struct mm *mm = thread->mm;
    if (mm)
        mm_usage(mm, &memory);
    text_add(text, "%llu %llu 0 %lu 0 %lu 0\n", memory.mapped, memory.resident,
             mm ? (mm->end_code - mm->start_code) / PAGE_SIZE : 0, mm ? (mm->brk - mm->start_data) / PAGE_SIZE : 0);
}

static void render_memory(struct thread *thread, unsigned long start, unsigned long end, struct text *text)
{
    struct mm *mm = thread->mm;
    size_t length = mm && end > start ? end - start : 0;
    if (length > WINDOW_MAX)
        length = WINDOW_MAX;
    if (length == 0 || !reserve(text, length))
        return;
    long n = copy_in(0, mm->space, text->data + text->length, start, length);
    if (n > 0)
        text->length += (size_t)n;
}

// What a program wrote over the end of its arguments (setproctitle) runs on into the environment.
static void render_cmdline(struct thread *thread, struct text *text)
{
    struct mm *mm = thread->mm;
    if (!mm)
        return;
    render_memory(thread, mm->arg_start, mm->arg_end, text);
    if (text->failed || text->length == 0 || text->data[text->length - 1] == '\0')
        return;
    render_memory(thread, mm->env_start, mm->env_end, text);
    size_t end = strnlen(text->data, text->length);
    text->length = end < text->length ? end + 1 : end;
}

static void render_maps(struct thread *thread, struct text *text)
{
    struct mm *mm = thread->mm;
    struct region_info region;
    unsigned long address = 0;
    while (mm && space_query(mm->space, address, &region) == 0 && region.end > address) {
        address = region.end;
        uint64_t device = 0, inode = 0;
        if (region.tag >= MM_FILE && region.tag - MM_FILE < mm->file_count) {
            device = mm->files[region.tag - MM_FILE]->device;
            inode = mm->files[region.tag - MM_FILE]->inode;
        }
        int before = (int)text->length;
        text_add(text, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu", region.start, region.end,
                 region.flags & PROT_READ_BIT ? 'r' : '-', region.flags & PROT_WRITE_BIT ? 'w' : '-',
                 region.flags & PROT_EXECUTE_BIT ? 'x' : '-', region.flags & MAP_SHARED_BIT ? 's' : 'p', region.offset,
                 (unsigned)(device >> 8 & 0xfff), (unsigned)(device & 0xff), inode);
        const char *name = mm_tag_name(mm, region.tag);
        int pad = 73 - ((int)text->length - before);
        if (*name)
            text_add(text, "%*s%s", pad > 1 ? pad : 1, "", name);
        text_add(text, "\n");
    }
}

static void render_limits(struct process *process, struct text *text)
{
    static const struct {
        const char *name, *unit;
    } names[RLIMITS] = {
        { "Max cpu time", "seconds" },     { "Max file size", "bytes" },      { "Max data size", "bytes" },
        { "Max stack size", "bytes" },     { "Max core file size", "bytes" }, { "Max resident set", "bytes" },
        { "Max processes", "processes" },  { "Max open files", "files" },     { "Max locked memory", "bytes" },
        { "Max address space", "bytes" },  { "Max file locks", "locks" },     { "Max pending signals", "signals" },
        { "Max msgqueue size", "bytes" },  { "Max nice priority", "" },       { "Max realtime priority", "" },
        { "Max realtime timeout", "us" },
    };
    text_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIMITS; i++) {
        char soft[24] = "unlimited", hard[24] = "unlimited";
        const struct rlimit64 *limit = &process->limits[i];
        if (limit->current != RLIMIT_INFINITY)
            snprintf(soft, sizeof soft, "%llu", (unsigned long long)limit->current);
        if (limit->maximum != RLIMIT_INFINITY)
            snprintf(hard, sizeof hard, "%llu", (unsigned long long)limit->maximum);
        text_add(text, "%-25s %-20s %-20s %-10s\n", names[i].name, soft, hard, names[i].unit);
    }
}

long proc_read_thread(struct thread *thread, enum pm_proc_file file, struct text *text)
{
    struct mm *mm = thread->mm;
    switch (file) {
    case PROC_STAT: render_stat(thread, text); break;
    case PROC_STATUS: render_status(thread, text); break;
    case PROC_STATM: render_statm(thread, text); break;
    case PROC_CMDLINE: render_cmdline(thread, text); break;
    case PROC_ENVIRON: render_memory(thread, mm ? mm->env_start : 0, mm ? mm->env_end : 0, text); break;
    case PROC_COMM: text_add(text, "%s\n", thread->comm); break;
    case PROC_MAPS: render_maps(thread, text); break;
    case PROC_LIMITS: render_limits(thread->process, text); break;
    case PROC_AUXV:
        if (mm)
            text_add_bytes(text, (const char *)mm->auxv, mm->auxv_words * sizeof mm->auxv[0]);
        break;
    case PROC_OOM_SCORE_ADJ: text_add(text, "%d\n", thread->process->oom_score_adj); break;
    case PROC_WCHAN: text_add(text, "0"); break;
    case PROC_LOGINUID: text_add(text, "%u", thread->process->login_uid); break;
    default: return -ENOENT;
    }
    return 0;
}
