// SPDX-License-Identifier: MIT
// Pseudo-terminals: /dev/ptmx makes a pair, devpts (devpts.c) lists the slaves.
#pragma once

#include "dev.h"
#include "tty.h"

#define PTY_LIMIT 4096u

extern const struct file_system_type devpts_type;

struct pty {
    struct tty slave;
    unsigned number;
    struct inode *inode; // of /dev/pts/number
    bool locked;         // until TIOCSPTLCK
    bool slave_closed;   // it was open and is no more: the master reads EIO
    bool master_closed;  // the pair waits for its last slave file to be freed
    bool packet;
    struct wait_queue queue; // the master's
    unsigned output_told;    // to the master's owner (O_ASYNC), of ldisc.output_head
    bool full;               // a write of the master's found no room: its owner hears when there is some
    // What the master wrote and the slave's line discipline has no room for yet.
    unsigned pending, taken;
    uint8_t buffer[4096];
};

int ptmx_open(struct client *caller, struct file *file); // character device 5:2
int pts_open(struct client *caller, struct file *file);  // 136:number
struct pty *pty_find(unsigned number);                   // NULL if there is none
struct pty *pty_next(unsigned *number);                  // the first from *number on

// --- devpts.c
struct inode *devpts_inode(struct client *caller, unsigned number); // NULL: no memory
int devpts_open_slave(struct client *caller, struct pty *pty, unsigned flags, struct file **file);
