// SPDX-License-Identifier: MIT
// struct rusage as programs see it.
#pragma once

struct thread;
struct usage;

long rusage_store(struct thread *thread, unsigned long address, const struct usage *usage);
