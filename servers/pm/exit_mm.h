// SPDX-License-Identifier: MIT
// What a thread owes its memory when it lets go of it (exit, execve), in Linux's order.
#pragma once

struct thread;

void exit_mm(struct thread *thread); // robust list, clear_child_tid, vfork's waiter, then the mm itself
void exit_robust_list(struct thread *thread);
void clear_child_tid(struct thread *thread);
void vfork_done(struct thread *thread);
