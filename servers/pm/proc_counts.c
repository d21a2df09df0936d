// SPDX-License-Identifier: MIT
// /proc/pando/counts: how much there is of everything in the kernel and in pm, a name and a number a line. What two
// readings of an idle system differ by was leaked in between (docs/architecture.md, "Counts").
#include "proc.h"

#include "state.h"

#include <heap.h>
#include <server.h>
#include <string.h>

static void count(struct text *text, const char *name, uint64_t value)
{
    text_add(text, "%s %llu\n", name, (unsigned long long)value);
}

static void count_kernel(struct text *text)
{
    static const char *const kinds[] = { "frames", "ports",  "spaces", "memories",
                                         "calls",  "routes", "quotas", "irqs" };
    uint64_t result[8];
    if (KCALL2(system_info, pm->system, 1) == 0) {
        memcpy(result, message_page->result, sizeof result);
        for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            count(text, kinds[i], result[i]);
    }
    if (KCALL2(system_info, pm->system, 0) == 0) {
        memcpy(result, message_page->result, sizeof result);
        count(text, "free_frames", result[1]);
        count(text, "tasks", result[2]);
        count(text, "handles", result[3]);
        count(text, "kernel_bytes", result[5]);
        count(text, "objects", result[6]);
    }
}

static void count_quota(struct text *text, const char *name, handle_t quota)
{
    if (KCALL1(quota_info, quota) < 0)
        return;
    uint64_t result[8];
    memcpy(result, message_page->result, sizeof result);
    text_add(text, "%s_frames %llu\n%s_tasks %llu\n%s_bytes %llu\n%s_objects %llu\n", name,
             (unsigned long long)result[1], name, (unsigned long long)result[3], name,
             (unsigned long long)result[4], name, (unsigned long long)result[5]);
}

// --- /proc/pando/fail-kernel, fail-pm: which of the next allocations fails

unsigned failure_countdown(enum pm_proc_file file)
{
    if (file == PROC_PANDO_FAIL_PM)
        return heap_failure_countdown;
    long left = KCALL2(system_fail, pm->system, 0);
    KCALL2(system_fail, pm->system, left);
    return (unsigned)left;
}

bool failure_set(enum pm_proc_file file, const char *line)
{
    char *end;
    unsigned long n = strtoul(line, &end, 10);
    if (end == line || *end || n > INT32_MAX)
        return false;
    if (file == PROC_PANDO_FAIL_PM)
        heap_failure_countdown = (unsigned)n;
    return file == PROC_PANDO_FAIL_PM || KCALL2(system_fail, pm->system, n) >= 0;
}

void proc_counts(struct text *text)
{
    uint64_t bytes = heap_used(); // without this text
    count_kernel(text);
    count_quota(text, "pm", self_quota);
    count_quota(text, "users", pm->user_quota);
    count(text, "pm_heap_bytes", bytes);
    count(text, "pm_heap_pages", heap_pages());
    count(text, "threads", pm->threads.used);
}
