// SPDX-License-Identifier: MIT
// Process identifiers: numbers, and what is known by one (a thread, a thread group, a process group, a session).
// A number is free again only when nothing of these is left.
#pragma once

#include <list.h>
#include <rbtree.h>
#include <stdint.h>

#define PID_MAX 32768

struct pid {
    struct rbtree_node node; // of pm->pids, by number
    int32_t number;
    uint32_t references;
    int32_t serial;          // > 0: tells it from others that have had this number
    struct thread *thread;   // whose tid this is
    struct process *process; // whose thread group id this is
    struct list group;       // processes of this process group
    struct list session;     // processes of this session
};

struct pid *pid_alloc(int *error); // one reference; NULL: *error is -EAGAIN or -ENOMEM
struct pid *pid_get(struct pid *pid);
void pid_put(struct pid *pid);
struct pid *pid_find(long number); // no reference taken
struct pid *pid_next(long number); // the first with this number or a higher one
