// SPDX-License-Identifier: MIT
// Files as they are (inodes), their names (dentries) and the file systems they belong to. Names of tmpfs-like
// directories are linked dentries; /proc makes dentries on lookup. A dentry holds its inode and its parent.
#pragma once

#include <abi/message.h>
#include <linux/stat.h>
#include <list.h>
#include <rbtree.h>
#include <stdbool.h>

struct client;
struct file_system;
struct dentry;
struct file;
struct inode;
struct path;
struct pipe;
struct lock_list;

struct file_system_type {
    const char *name;
    bool nodev; // /proc/filesystems says so
    uint32_t magic;
    // -> root dentry (reference) or NULL; data is mount's option string
    struct dentry *(*mount)(struct file_system *fs, const char *data, int *error);
};

struct file_system {
    const struct file_system_type *type;
    unsigned references; // inodes and mounts
    unsigned mounts;
    uint32_t device;
    uint64_t next_inode;
    uint64_t limit, used; // tmpfs: pages, 0: only the quota's
    uint64_t inode_limit, inodes;
    bool internal; // pipes, sockets: no path
};

// Called when `name` is opened or looked up.
struct dir_sink;
struct inode_operations {
    int (*lookup)(struct client *caller, struct dentry *directory, const char *name, size_t length,
                  struct dentry **child);
    int (*list)(struct client *caller, struct dentry *directory, uint64_t from, struct dir_sink *sink);
    long (*readlink)(struct client *caller, struct dentry *link, char *to, size_t size);
    int (*follow)(struct client *caller, struct dentry *link, struct path *to); // magic links
    int (*open)(struct client *caller, struct file *file);
    int (*permission)(struct client *caller, struct inode *inode, unsigned mask);
    void (*refresh)(struct inode *inode); // brings attributes up to date
    void (*release)(struct inode *inode);
};

struct inode {
    unsigned references;
    struct file_system *fs;
    const struct inode_operations *operations; // NULL: tmpfs and plain nodes
    uint64_t number;
    uint32_t mode, links, uid, gid, rdev;
    int64_t atime, mtime, ctime, btime;
    uint64_t size;
    unsigned seals;          // F_SEAL_*, F_SEAL_SEAL until memfd_create allows
    bool unlinkable;         // made by O_TMPFILE with O_EXCL: never gets a name
    unsigned writers, execs; // open for writing; being executed (ETXTBSY)
    struct lock_list *locks;
    union {
        struct {
            handle_t memory;    // 0: nothing written yet
            uint64_t allocated; // size of the memory object
        } regular;
        struct {
            char *target;
        } link;
        struct {
            struct pipe *pipe; // while open
        } fifo;
        struct {
            unsigned long kind; // /proc: what it shows
            int pid, number;
        } proc;
        void *private;
    };
};

struct dentry {
    unsigned references; // one for being linked
    struct inode *inode;
    struct dentry *parent; // reference; itself for a root, NULL for anonymous files
    char *name;
    uint16_t length, room; // of name; what its storage can take
    bool linked;           // in parent's children
    bool mounted;          // something is mounted on it
    // children of a linked-name directory
    struct rbtree children; // by name
    struct list ordered;    // by sequence, what getdents walks
    uint64_t next_sequence;
    struct rbtree_node node; // in parent's children
    struct list link;        // in parent's ordered
    uint64_t sequence;
    char first_name[];
};

struct file_system *file_system_create(const struct file_system_type *type);
void file_system_put(struct file_system *fs);
struct inode *inode_create(struct file_system *fs, uint32_t mode, uint32_t uid, uint32_t gid);
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);
void inode_attributes(struct inode *inode, struct attributes *attributes);
// mask: R_OK | W_OK | X_OK. -> 0, -EACCES. Decided by fsuid, fsgid, groups and capabilities.
int inode_permission(struct client *caller, struct inode *inode, unsigned mask);
bool inode_owned(struct client *caller, const struct inode *inode); // owner, or CAP_FOWNER
int64_t time_now(void);                                             // wall clock, ns

struct dentry *dentry_create(struct dentry *parent, const char *name, size_t length,
                             struct inode *inode); // takes inode's reference
struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
struct dentry *dentry_child(struct dentry *directory, const char *name, size_t length); // no reference
void dentry_link(struct dentry *dentry);                                                // into its parent
void dentry_unlink(struct dentry *dentry); // out of it; drops the link's reference
int dentry_move(struct dentry *dentry, struct dentry *directory, const char *name,
                size_t length); // linked ones
bool dentry_has_children(const struct dentry *directory);
// Makes an inode and links it under a name. -> 0, -ENOMEM, -ENOSPC
int dentry_make(struct dentry *directory, const char *name, size_t length, uint32_t mode, uint32_t uid,
                uint32_t gid, struct dentry **child);
