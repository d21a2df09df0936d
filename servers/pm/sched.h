// SPDX-License-Identifier: MIT
// Scheduling parameters of threads: policy is Linux's, the mechanism the kernel's.
#pragma once

struct thread;

void schedule_apply(struct thread *thread); // tells the kernel policy, priority and nice
