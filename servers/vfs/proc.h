// SPDX-License-Identifier: MIT
// /proc: names, links and permissions are vfs's own, text comes from pm (PM_PROC_READ). Its directories are made
// on lookup; nothing of it is kept.
#pragma once

#include "file.h"

extern const struct file_system_type proc_type, sysfs_type;

// A text being made; grows as needed.
struct proc_text {
    char *bytes;
    size_t length, size;
    bool failed; // no memory
};
void proc_print(struct proc_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define PROC_FROM_PM(file) ((file) + 1)

// What a name of /proc is. Rows of constant tables, which end with a row without name; an inode points to its row
// (proc.kind) and says whom it is about (proc.pid, proc.number).
struct proc_node {
    const char *name;
    uint32_t mode;
    bool guarded; // only for who may trace the process
    // Directories: constant children, then those that `list` and `find` make up.
    const struct proc_node *children;
    const struct proc_dynamic *dynamic;
    // Files: text made by vfs, or by pm (PROC_FROM_PM(enum pm_proc_file)).
    int (*text)(struct client *caller, struct inode *inode, struct proc_text *text);
    int (*write)(const char *line); // of what vfs makes the text of
    int file;
    // Links: the text, or what path it leads to (reference).
    long (*link)(struct client *caller, struct inode *inode, char *to, size_t size);
    int (*target)(struct client *caller, struct inode *inode, struct path *to);
};

// What a directory's made-up name is.
struct proc_found {
    const struct proc_node *node;
    int pid, number;
    uint32_t uid, gid, mode; // mode 0: the node's
};
struct proc_dynamic {
    uint32_t mode; // type of what it finds
    int (*find)(struct client *caller, struct inode *directory, unsigned number, struct proc_found *found);
    // The first number >= from. -> 1; 0: no more; or an error
    int (*next)(struct client *caller, struct inode *directory, unsigned from, unsigned *number);
};

static inline const struct proc_node *proc_node(const struct inode *inode)
{
    return (const struct proc_node *)inode->proc.kind;
}

// A living thread of the process (or the thread) that an inode is about, NULL: none.
struct client *proc_client(const struct inode *inode);
bool proc_may_trace(struct client *caller, const struct inode *inode);
extern const struct file_operations proc_file_operations;

// --- the tables
extern const struct proc_node proc_root_node;                                        // proc_root.c
extern const struct proc_dynamic proc_processes;                                     // proc_pid.c
int proc_mounts(struct client *caller, struct inode *inode, struct proc_text *text); // proc_mounts.c
int proc_mountinfo(struct client *caller, struct inode *inode, struct proc_text *text);
extern const struct file_system_type *const file_system_types[]; // mount.c
