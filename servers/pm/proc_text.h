// SPDX-License-Identifier: MIT
// The texts of /proc that pm knows.
#pragma once

#include <protocol_pm_vfs.h>
#include <stdbool.h>
#include <stddef.h>

struct process;
struct thread;

struct text { // growing; `failed` once memory ran out
    char *data;
    size_t length, capacity;
    bool failed;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const char *bytes, size_t length);

long proc_read_thread(struct thread *thread, enum pm_proc_file file, struct text *text); // -> 0, -ENOENT
long proc_read_system(enum pm_proc_file file, struct text *text);
long proc_write(struct thread *thread, enum pm_proc_file file, const char *from, size_t length);
