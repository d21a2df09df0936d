// SPDX-License-Identifier: MIT
// Handlers of Linux calls: what table.c dispatches to. Each gets the calling thread, whose call pm holds, and the
// trap's arguments; it returns the result, -ERESTART*, or NO_REPLY when it parked the thread or runs on.
#pragma once

#include "thread.h"

typedef long call_handler(struct thread *caller, const unsigned long args[6]);

call_handler *call_handler_of(enum linux_call call); // NULL: not built
void routes_build(void);

// Constants that the kernel answers by itself.
enum { CONSTANT_TGID, CONSTANT_TID, CONSTANT_PPID, CONSTANT_UID, CONSTANT_EUID, CONSTANT_GID, CONSTANT_EGID, CONSTANT_PGRP };
void constants_set_ids(struct thread *thread);    // all of them
void constants_set_new(struct thread *thread);    // those that differ between parent and child
void constants_set_parent(struct process *process);
void constants_set_group(struct process *process);

