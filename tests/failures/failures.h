// SPDX-License-Identifier: MIT
// What the work between two counts says of itself by its exit status.
#pragma once

#define WORK_DONE 0
#define WORK_REFUSED 10 // a call said that there is no memory
#define WORK_WRONG 11   // some other error, or a wrong result; told on standard output

#define NOTHING "--nothing" // the program that does nothing

// work.c: a little of everything that allocates: files, pipes, processes, threads, signals, memory. Ends the process.
_Noreturn void work(void);
