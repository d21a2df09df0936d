// SPDX-License-Identifier: MIT
// pidfds: descriptors that name a process of pm.
#pragma once

struct client;

long pidfd_create(struct client *caller, unsigned long pm_label, int pid, unsigned flags); // -> descriptor
void pidfd_ready(unsigned long pm_label); // the process ended: whoever polls is woken
long pidfd_target(struct client *caller, int fd, unsigned long *pm_label, unsigned long *pid);
