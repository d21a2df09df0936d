// SPDX-License-Identifier: MIT
// Terminals: a line discipline with a device below it, open files above it, and the session it controls.
// tty.c: reading, writing, polling; tty_ioctl.c: ioctl_tty(2); tty_job.c: sessions, job control, signals.
#pragma once

#include <stdbool.h>
#include "file.h"
#include "ldisc.h"

struct tty;

// What is below a terminal. Functions run on the loop's stack or a fiber and never wait.
struct tty_driver {
    void (*start)(struct tty *tty);   // there may be output to fetch with ldisc_output
    void (*resume)(struct tty *tty);  // there is room for input again
    void (*idle)(struct tty *tty);    // the last file of it was closed
    bool (*drained)(struct tty *tty); // has everything fetched left? NULL: at once
    bool pty;
};

struct tty {
    const struct tty_driver *driver;
    struct list link; // of all terminals
    uint32_t device;
    struct ldisc ldisc;
    struct linux_termios2 initial; // attributes after a hang-up
    struct wait_queue queue;
    unsigned lines_told; // to owners of its files (O_ASYNC), of ldisc.lines
    bool full;           // a write found no room: they hear when there is some
    unsigned opens;      // files
    unsigned hangups;    // files opened before the last hang-up are dead
    bool exclusive;
    struct linux_winsize size;
    // Controlling terminal of this session (0: none), foreground group (0: none). `control` is a new number each time
    // that a session gets it: processes that have it keep the number, so all of them lose it with the session.
    int session, group;
    uint32_t control;
    // VTIME
    struct timer timer;
    bool timed_out;
};

// A file's state.
struct tty_file {
    struct tty *tty;
    unsigned hangups;
    bool console; // /dev/console: survives hang-ups
};

extern const struct file_operations tty_file_operations;

int terminals_start(void); // console_tty.c: at vfs's start, after dev_init. -> 0 or error
void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t device, unsigned cflag,
              unsigned speed);
void tty_gone(struct tty *tty); // before its memory is freed
int tty_open(struct client *caller, struct file *file, struct tty *tty, bool console);
void tty_receive_done(struct tty *tty); // after ldisc_receive: wakes readers, sends echoes
void tty_output_done(struct tty *tty);  // after the driver took output: wakes writers
void tty_hangup(struct tty *tty);       // every file of it is dead, its session loses it
static inline bool tty_hung_up(const struct file *file)
{
    const struct tty_file *state = file->state;
    return state->hangups != state->tty->hangups && !state->console;
}

// --- tty_ioctl.c
long tty_ioctl(struct client *caller, struct file *file, unsigned long command, unsigned long argument);
// The ioctls that a pty's master shares with its slave. -ENOTTY: none of them
long tty_common_ioctl(struct client *caller, struct tty *tty, unsigned long command, unsigned long argument);
long tty_flush(struct tty *tty, unsigned long which); // TCIFLUSH, TCOFLUSH, TCIOFLUSH
void tty_resize(struct tty *tty, const struct linux_winsize *size);

// --- tty_job.c
struct tty *tty_of(const struct client *client); // its controlling terminal, or NULL
struct tty *tty_of_session(int session);
// May the caller change or use the terminal from where it stands? signal: SIGTTIN, SIGTTOU.
// -> 0, -EIO, -EFIBER; -EINTR with the caller's divert set: its group was signalled
int tty_check(struct client *caller, struct tty *tty, int signal);
void tty_signal_group(struct tty *tty, int signal);
void tty_opened(struct client *caller, struct tty *tty,
                struct file *file); // makes it the controlling one if it may
long tty_set_controlling(struct client *caller, struct tty *tty, struct file *file, unsigned long steal);
long tty_drop_controlling(struct client *caller, struct tty *tty); // TIOCNOTTY
long tty_set_group(struct client *caller, struct tty *tty, int group);
void tty_leave_session(struct tty *tty); // hang-up: signals the leader, forgets the session
// VFS_SESSION_END -> foreground group, 0: none; *hung_up: it lost the terminal before
long tty_session_end(int session, bool *hung_up);

// --- console_tty.c
void console_sync(void); // on a fiber: returns when what was written has left
