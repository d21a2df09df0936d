// SPDX-License-Identifier: MIT
// A client: vfs's record of one thread of a Linux process, named by a label in messages. It holds the call that
// the thread makes now; a thread has at most one.
#pragma once

#include <kernel.h>
#include <list.h>
#include <protocol_pm_vfs.h>
#include "park.h"
#include "path.h"

#define NO_REPLY ((long)(~0ul >> 1) * -1l - 1l) // the answer comes later, or went already
#define VFS_SHARE_FS 0x200ul                    // CLONE_FS and CLONE_FILES in VFS_CLONE and VFS_UNSHARE
#define VFS_SHARE_FILES 0x400ul
#define EFIBER 600 // "must wait for pm": the handler is started again on a fiber. Never seen by a program.

struct client;
struct files;

typedef long call_handler(struct client *caller, const unsigned long args[MESSAGE_WORDS]);

// Current directory, root and umask; shared by CLONE_FS.
struct fs {
    unsigned references;
    struct path cwd, root;
    unsigned umask;
};

struct client {
    unsigned long label, pm_label;
    int tid, tgid;
    struct list tid_link; // client_by_tid
    struct files *files;
    struct fs *fs;
    struct path exe; // what it executes, NULL if nothing yet
    struct vfs_identity identity;
    struct vfs_limits limits;
    uint32_t terminal; // its process's controlling one, as tty.h names it; 0: none

    // The call in hand.
    token_t token;
    call_handler *handler; // with args: what a fiber runs
    unsigned long args[MESSAGE_WORDS];
    unsigned long store_address, store_length; // what the answer takes along (user_store); length 0: nothing
    unsigned long divert;                      // answer with this reason instead of a plain value; 0: none
    bool on_fiber;                             // a fiber works on the call; the record must stay
    bool starved;   // its memory could not be reached for lack of frames, since the handler began
    bool cancelled; // before it began, or while on a fiber: do not park, answer as interrupted
    bool ended;     // while on a fiber: the thread died
    bool exiting;   // while on a fiber: VFS_EXIT came, do it when the fiber is through
    token_t exit_token;
    struct list held_link; // its answer waits until pm has heard of signals (pm_calls.c)
    unsigned long held_until;
    long held_result;
    struct parked parked;
    struct poll_again poll_again; // for restart_syscall, after a poll was interrupted
};

struct client *client_find(unsigned long label);
struct client *client_by_tid(int tid);
// -> the record with references to what the parent has (flags: CLONE_FS, CLONE_FILES share), NULL: no memory.
struct client *client_create(struct client *parent, unsigned long flags, int tid, int tgid,
                             unsigned long pm_label);
void client_exit(struct client *client); // drops everything it holds and the record
void client_set_exe(struct client *client,
                    const struct path *exe); // counted in its inode: ETXTBSY; NULL: none
void client_end_call(struct client *client); // the caller died: forgets the parked call
// Visits every client: *index starts at 0. -> NULL at the end
struct client *client_next(unsigned *index);
unsigned client_count(void);

struct fs *fs_create(void);
struct fs *fs_copy(const struct fs *from);
void fs_put(struct fs *fs);

static inline bool client_capable(const struct client *client, unsigned capability)
{
    return client->identity.capabilities >> capability & 1;
}
bool client_in_group(const struct client *client, uint32_t gid);

// Runs a handler for the call in hand and answers it, on a fiber if it must wait.
void client_run(struct client *client, call_handler *handler, const unsigned long args[MESSAGE_WORDS]);
void client_finish(struct client *client, long result);
void client_answer(struct client *client, long result); // the same, now

// The memory of the caller of the call in hand. -> 0, -EFAULT; for lack of frames with caller->starved, upon which
// client_run makes the whole call again when there are some: handlers change nothing before their copies, or undo it,
// or ask user_prepare first. Transfers are not begun again but go on (file_transfer).
int user_prepare(struct client *caller, unsigned long address, size_t length, unsigned access);
int user_read(struct client *caller, void *to, unsigned long from, size_t length);
int user_write(struct client *caller, unsigned long to, const void *from, size_t length);
// The last thing before a call returns: these bytes go to its memory, with the answer if they can. -> 0, -EFAULT
int user_store(struct client *caller, unsigned long to, const void *from, size_t length);
bool pm_holds_answers(void); // pm_calls.c: not until pm has heard what it is told
// The same to be filled in; NULL: the answer cannot take them.
static inline void *user_room(struct client *caller, unsigned long to, size_t length)
{
    if (length > MESSAGE_DATA || !reply_takes(caller->token) || reply_waits() || pm_holds_answers())
        return NULL;
    caller->store_address = to;
    caller->store_length = length;
    return reply_buffer();
}
int user_clear(struct client *caller, unsigned long to, size_t length);
// A NUL-terminated string of at most size - 1 bytes. -> length, -EFAULT, -ENAMETOOLONG
long user_string(struct client *caller, char *to, unsigned long from, size_t size);
