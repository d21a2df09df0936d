// SPDX-License-Identifier: MIT
// Mounts and path resolution (path_resolution(7)).
#pragma once

#include <list.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct dentry;
struct file_system;
struct file_system_type;

struct mount {
    struct list link; // mounts, in order
    unsigned references;
    struct mount *parent; // NULL: the root, or detached
    struct dentry *point; // on the parent
    struct dentry *root;
    struct file_system *fs;
    unsigned flags; // MS_RDONLY, MS_NOSUID ...
    char *source;
    int id;
};

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

void path_get(const struct path *path);
void path_put(struct path *path); // and clears it
bool path_equal(const struct path *a, const struct path *b);

// Does the mount or its file system forbid writing? -> 0, -EROFS
int path_writable(const struct path *path);

#define LOOKUP_FOLLOW 1u    // a final symbolic link is followed
#define LOOKUP_DIRECTORY 2u // must end in a directory
#define LOOKUP_EMPTY 4u     // an empty path is dirfd itself
#define LOOKUP_NO_SYMLINKS 8u
#define LOOKUP_BENEATH 16u
#define LOOKUP_IN_ROOT 32u
#define LOOKUP_NO_XDEV 64u
#define LOOKUP_NO_MAGIC 128u

// -> 0 and a reference in *result, or an error
int path_lookup(struct client *caller, int dirfd, const char *name, unsigned flags, struct path *result);
// Where a name is to be made or removed: the directory and its last component.
enum last_kind { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };
struct last {
    enum last_kind kind;
    bool slash; // the name ended in '/'
    size_t length;
    char name[256];
};
int path_lookup_parent(struct client *caller, int dirfd, const char *name, unsigned flags,
                       struct path *directory, struct last *last);

// The same in steps, for open: walk_start, walk_parent (up to the last component), and walk_link with the link
// that was found there, until it is none. walk_end gives everything back.
struct walk {
    struct client *caller;
    struct path at;    // reference
    struct path bound; // LOOKUP_BENEATH, LOOKUP_IN_ROOT: reference to where it started
    const char *rest;
    char *text; // buffer that rest points into, NULL: the first name
    unsigned flags, links;
};
int walk_start(struct walk *walk, struct client *caller, int dirfd, const char *name, unsigned flags);
int walk_parent(struct walk *walk, struct last *last);
int walk_link(struct walk *walk,
              const struct path *link); // -> 0: go on with walk_parent; 1: walk->at is the target
int walk_special(struct walk *walk, const struct last *last); // moves to ".", "..", "/"
void walk_end(struct walk *walk);

// One step from a directory, mounts followed, links not. -> 0, -ENOENT ...
int path_child(struct client *caller, const struct path *directory, const char *name, size_t length,
               struct path *child);
// Absolute name as seen from `root`, written to the end of buffer. -> its start; NULL: -ENAMETOOLONG.
// *reachable false if path is not below root; unlinked names get " (deleted)".
char *path_text(const struct path *path, const struct path *root, char *buffer, size_t size, bool *reachable);

// A buffer of PATH_MAX bytes; copies the caller's string there. -> 0, -EFAULT, -ENAMETOOLONG, -ENOMEM
int path_name(struct client *caller, unsigned long address, char **name);
char *path_buffer(void); // NULL: no memory
void path_name_put(char *name);

// mounts
extern struct mount *root_mount;
extern struct list mounts;
int mount_add(const struct file_system_type *type, const struct path *point, unsigned flags,
              const char *source, const char *data);
struct mount *mount_on(const struct mount *parent, const struct dentry *point);
struct mount *mount_get(struct mount *mount);
void mount_put(struct mount *mount);
