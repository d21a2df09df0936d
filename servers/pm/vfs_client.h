// SPDX-License-Identifier: MIT
// pm's calls to vfs (protocol_pm_vfs.h). All run on fibers; those that return nothing need not wait.
#pragma once

#include "thread.h"

#include <protocol_pm_vfs.h>

struct process;

// The child's record in vfs; parent NULL for the first process. -> 0 with child->vfs_label, or an error
long vfs_clone(struct thread *parent, struct thread *child, uint64_t flags, int tgid);
void vfs_exit(struct thread *thread);
void vfs_drop(unsigned long label); // undoes vfs_clone
long vfs_identity(struct thread *thread, const struct credentials *cred);
long vfs_identity_process(struct process *process); // every thread's, after a change of group or session
long vfs_limits(struct process *process);
long vfs_unshare(struct thread *thread, unsigned long flags);
long vfs_session_end(int sid, bool *hung_up);
void vfs_sync(void);
void vfs_pidfd_ready(uint32_t label); // of the leader: wakes who polls for its end
// For the process that `leader` leads, or is about to.
long vfs_pidfd_open(struct thread *thread, struct thread *leader, unsigned flags);
long vfs_pidfd_get(struct thread *thread, int fd); // -> pid

struct open_file { // of VFS_OPEN_EXEC, VFS_MMAP
    handle_t memory;
    struct vfs_exec_file info; // with path vfs's answer, as it comes
    char path[1024];
};
void open_file_init(struct open_file *file); // nothing is open, the rest is garbage
long vfs_open_exec(struct thread *thread, int dirfd, const char *path, unsigned flags,
                   struct open_file *file);
void vfs_close_exec(struct open_file *file); // and its memory object
// cred: what is in force from now on, NULL if that and the thread's id stay the same
void vfs_exec(struct thread *thread, struct open_file *file, const struct credentials *cred);
long vfs_mmap(struct thread *thread, int fd, unsigned prot, bool shared, struct open_file *file);
