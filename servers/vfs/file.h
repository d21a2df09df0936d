// SPDX-License-Identifier: MIT
// Open file descriptions and descriptor tables.
#pragma once

#include <kernel.h>
#include <linux/fcntl.h>
#include <stdbool.h>
#include "client.h"
#include "inode.h"
#include "park.h"
#include "path.h"

// read, write: move bytes of the transfer -> 0: finished (transfer->done is the result); -EAGAIN: would block; -EFIBER;
// other errors count only if nothing was moved. *position is advanced by seekable files.
struct file_operations {
    long (*read)(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position);
    long (*write)(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position);
    unsigned (*poll)(struct file *file); // POLL* that hold now; NULL: always readable and writable
    long (*ioctl)(struct client *caller, struct file *file, unsigned long command, unsigned long argument);
    int (*map)(struct client *caller, struct file *file, bool shared,
               handle_t *memory); // a handle that is the caller's to close
    long (*seek)(struct file *file, int64_t offset, int whence, uint64_t *position); // NULL: see `seekable`
    uint64_t (*read_deadline)(struct file *file,
                              const struct transfer *transfer); // a parked read's; NULL: none
    void (*closed)(struct client *caller, struct file *file);   // one descriptor of it was closed
    void (*release)(struct file *file);                         // the last reference went
    // O_ASYNC shall be on or off: may it? (async.h); NULL: the file never signals anybody
    long (*async)(struct client *caller, struct file *file, bool on);
    bool seekable;
    bool stream; // no pread, pwrite: ESPIPE
};

struct file {
    unsigned references;
    unsigned flags; // O_*
    const struct file_operations *operations;
    struct path path; // of anonymous files: mount NULL
    struct inode *inode;
    struct wait_queue *queue; // who is told of readiness, NULL: always ready
    uint64_t position;
    void *state;         // the operations' own
    bool noctty;         // opened so
    bool writer;         // counted in inode->writers
    struct async *async; // F_SETOWN, F_SETSIG, O_ASYNC; NULL: none of them yet
    struct list watches; // epoll items
};

// A file for `path` (its references are taken over on success). NULL: no memory
struct file *file_create(struct path *path, unsigned flags, const struct file_operations *operations);
// A file without a path: its inode is in an internal file system. name: "pipe:" and the like; NULL: no memory
struct file *file_anonymous(const char *name, uint32_t mode, unsigned flags,
                            const struct file_operations *operations);
// Opens what path names, as open(2) does after resolution. -> 0 or error; path's references stay the caller's
int file_open(struct client *caller, const struct path *path, unsigned flags, struct file **file);
static inline struct file *file_get(struct file *file)
{
    file->references++;
    return file;
}
void file_release(struct file *file); // nobody refers to it any more
static inline void file_put(struct file *file)
{
    if (--file->references == 0)
        file_release(file);
}

static inline bool file_readable(const struct file *file) { return (file->flags & O_ACCMODE) != O_WRONLY; }
static inline bool file_writable(const struct file *file) { return (file->flags & O_ACCMODE) != O_RDONLY; }
unsigned file_poll(struct file *file);

// read_write.c: moves bytes, parking the call if it must wait. position NULL: the file's own
long file_transfer(struct client *caller, struct file *file, struct transfer *transfer,
                   const uint64_t *position, bool writing);

struct descriptor {
    struct file *file;
    bool cloexec;
};
#define FILES_FEW 16
struct files {
    unsigned references;
    unsigned size; // of table
    unsigned next; // no free descriptor is below
    unsigned end;  // nor one in use from here on
    struct descriptor *table;
    struct descriptor few[FILES_FEW]; // the table, as long as that is enough
};
struct files *files_create(void);
struct files *files_copy(const struct files *from);
void files_put(struct client *owner, struct files *files);
void files_close_on_exec(struct client *owner, struct files *files);
// The file of a descriptor, no reference; NULL: EBADF. files_get also refuses O_PATH descriptors.
struct file *files_get(struct client *caller, int fd);
struct file *files_get_any(struct client *caller, int fd);
// Takes over the file's reference on success. -> descriptor >= lowest, -EMFILE, -ENOMEM
long files_add(struct client *caller, struct file *file, bool cloexec, unsigned lowest);
long files_place(struct client *caller, struct file *file, bool cloexec, unsigned fd); // dup2
long files_close(struct client *caller, int fd);
