// SPDX-License-Identifier: MIT
// What pm knows of /proc: lists of processes and threads, and the text of their files. vfs asks with PM_PROC_*;
// names, links and permissions are its own.
#pragma once

#include <kernel.h>
#include <protocol_pm_vfs.h>
#include <stdarg.h>
#include <stdbool.h>

struct process;
struct thread;

// Text that grows as it is written.
struct text {
    char *bytes;
    size_t length, size;
    bool failed; // out of memory
};
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t length);

long proc_call(const struct message *message); // answers PM_PROC_LIST, INFO, READ and WRITE, or NO_REPLY
void proc_counts(struct text *text);           // proc_counts.c
unsigned failure_countdown(enum pm_proc_file file);
bool failure_set(enum pm_proc_file file, const char *line); // false: no such number
long proc_pando(const struct message *message);             // proc_pando.c

#define CLOCK_TICK 10000000ull // ns; /proc counts in ticks of 100 Hz

struct proc_subject {
    struct process *process;
    struct thread *thread; // the leader if the whole process is meant
    bool whole;
    unsigned long terminal; // device number and foreground group, which vfs knows; 0 and -1: none
    long terminal_group;
};

char proc_state(const struct thread *thread); // R S T Z
void proc_stat(const struct proc_subject *subject, struct text *text);
void proc_status(const struct proc_subject *subject, struct text *text);
void proc_statm(const struct proc_subject *subject, struct text *text);
void proc_maps(const struct proc_subject *subject, struct text *text);
void proc_limits(const struct proc_subject *subject, struct text *text);
void proc_memory_range(const struct proc_subject *subject, enum pm_proc_file file, struct text *text);
bool proc_system(enum pm_proc_file file, struct text *text); // false: not a file of /proc itself
