// SPDX-License-Identifier: MIT
// /proc as a file system: inodes and names from the tables, permissions.
#include "proc.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/statfs.h>
#include <printf.h>
#include <string.h>
#include "dirs.h"

static const struct inode_operations proc_operations, magic_operations;

#define NUMBER_LIMIT 100000000u // names of eight digits

static struct inode *make_inode(struct file_system *fs, const struct proc_found *found)
{
    const struct proc_node *node = found->node;
    struct inode *inode = inode_create(fs, found->mode ? found->mode : node->mode, found->uid, found->gid);
    if (!inode)
        return NULL;
    inode->operations = node->target ? &magic_operations : &proc_operations;
    inode->number = 1 + ((uint64_t)(uint32_t)found->pid << 24) + ((unsigned)found->number << 8) +
                    ((unsigned long)node >> 4 & 0xff);
    inode->proc.kind = (unsigned long)node;
    inode->proc.pid = found->pid;
    inode->proc.number = found->number;
    return inode;
}

// -> the number a name is, or -1
static int number_of(const char *name, size_t length)
{
    unsigned number = 0;
    if (length == 0 || length > 8 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (unsigned)(name[i] - '0');
    }
    return (int)number;
}

static int find(struct client *caller, struct inode *directory, const char *name, size_t length,
                struct proc_found *found)
{
    const struct proc_node *node = proc_node(directory);
    for (const struct proc_node *child = node->children; child && child->name; child++)
        if (strlen(child->name) == length && memcmp(child->name, name, length) == 0) {
            *found = (struct proc_found){ child,          directory->proc.pid, directory->proc.number,
                                          directory->uid, directory->gid,      0 };
            return 0;
        }
    int number = number_of(name, length);
    return node->dynamic && number >= 0 ? node->dynamic->find(caller, directory, (unsigned)number, found)
                                        : -ENOENT;
}

static int lookup(struct client *caller, struct dentry *directory, const char *name, size_t length,
                  struct dentry **child)
{
    struct proc_found found;
    int error = find(caller, directory->inode, name, length, &found);
    if (error < 0)
        return error;
    struct inode *inode = make_inode(directory->inode->fs, &found);
    *child = inode ? dentry_create(directory, name, length, inode) : NULL;
    if (*child)
        return 0;
    if (inode)
        inode_put(inode);
    return -ENOMEM;
}

// Positions: DYNAMIC_BASE + index of a constant child, then DYNAMIC_BASE + CONSTANT_ROOM + number.
#define CONSTANT_ROOM 0x1000u

static int list_numbers(struct client *caller, struct inode *directory, unsigned from, struct dir_sink *sink)
{
    const struct proc_dynamic *dynamic = proc_node(directory)->dynamic;
    unsigned number;
    int more;
    while ((more = dynamic->next(caller, directory, from, &number)) > 0) {
        char name[12];
        size_t length = (size_t)snprintf(name, sizeof(name), "%u", number);
        if (!sink->add(sink, name, length, 1 + ((uint64_t)number << 24), dynamic->mode,
                       DYNAMIC_BASE + CONSTANT_ROOM + number + 1))
            return 0;
        from = number + 1;
    }
    return more;
}

static int list(struct client *caller, struct dentry *directory, uint64_t from, struct dir_sink *sink)
{
    const struct proc_node *node = proc_node(directory->inode);
    uint64_t at = from - DYNAMIC_BASE, index = 0;
    for (const struct proc_node *child = node->children; child && child->name; child++, index++) {
        if (index < at)
            continue;
        uint64_t inode =
            1 + ((uint64_t)(uint32_t)directory->inode->proc.pid << 24) + ((unsigned long)child >> 4 & 0xff);
        if (!sink->add(sink, child->name, strlen(child->name), inode, child->mode, DYNAMIC_BASE + index + 1))
            return 0;
    }
    if (!node->dynamic)
        return 0;
    return list_numbers(caller, directory->inode, at > CONSTANT_ROOM ? (unsigned)(at - CONSTANT_ROOM) : 0,
                        sink);
}

// --- links

static long readlink(struct client *caller, struct dentry *link, char *to, size_t size)
{
    struct inode *inode = link->inode;
    const struct proc_node *node = proc_node(inode);
    if (node->link)
        return node->link(caller, inode, to, size);
    struct path path = { NULL, NULL };
    int error = proc_may_trace(caller, inode) ? node->target(caller, inode, &path) : -EACCES;
    if (error < 0)
        return error;
    bool reachable;
    char *buffer = path_buffer();
    char *text = buffer ? path_text(&path, &caller->fs->root, buffer, PATH_MAX, &reachable) : NULL;
    long length = !buffer ? -ENOMEM : !text ? -ENAMETOOLONG : (long)strlen(text);
    if (length > (long)size)
        length = (long)size;
    if (length > 0)
        memcpy(to, text, (size_t)length);
    path_name_put(buffer);
    path_put(&path);
    return length;
}

// Links with a text are followed like any symbolic link; the others lead to the very file.
static int follow(struct client *caller, struct dentry *link, struct path *to)
{
    const struct proc_node *node = proc_node(link->inode);
    if (!proc_may_trace(caller, link->inode))
        return -EACCES;
    return node->target(caller, link->inode, to);
}

// --- permissions

bool proc_may_trace(struct client *caller, const struct inode *inode)
{
    struct client *subject = proc_client(inode);
    if ((subject && subject->tgid == caller->tgid) || client_capable(caller, CAP_SYS_PTRACE))
        return true;
    const struct vfs_identity *own = &caller->identity;
    if (!subject || own->fsuid != inode->uid || own->fsgid != inode->gid) // inode: 0 if not dumpable
        return false;
    const struct vfs_identity *other = &subject->identity;
    return other->uid == own->fsuid && other->suid == own->fsuid && other->gid == own->fsgid &&
           other->sgid == own->fsgid;
}

static int permission(struct client *caller, struct inode *inode, unsigned mask)
{
    const struct proc_node *node = proc_node(inode);
    if (node->guarded && !proc_may_trace(caller, inode))
        return -EACCES;
    if (S_ISLNK(inode->mode))
        return 0;
    struct client *subject = S_ISDIR(inode->mode) && node->guarded ? proc_client(inode) : NULL;
    if (subject && subject->tgid == caller->tgid && !(mask & W_OK))
        return 0; // its own descriptors, even after it changed its ids
    unsigned granted = inode->mode & 7;
    if (caller->identity.fsuid == inode->uid)
        granted = inode->mode >> 6 & 7;
    else if (client_in_group(caller, inode->gid))
        granted = inode->mode >> 3 & 7;
    if ((mask & ~granted) == 0 || client_capable(caller, CAP_DAC_OVERRIDE))
        return 0;
    return -EACCES;
}

static int open(struct client *caller, struct file *file)
{
    if (S_ISREG(file->inode->mode))
        file->operations = &proc_file_operations;
    return S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode) ? 0 : -ENXIO;
}

static void release(struct inode *inode) {}

static const struct inode_operations proc_operations = {
    .lookup = lookup,
    .list = list,
    .readlink = readlink,
    .open = open,
    .permission = permission,
    .release = release,
};
// Links that lead to a file rather than to a name.
static const struct inode_operations magic_operations = {
    .readlink = readlink,
    .follow = follow,
    .open = open,
    .permission = permission,
    .release = release,
};

static struct dentry *mount_tree(struct file_system *fs, const struct proc_node *tree, int *error)
{
    struct inode *inode = make_inode(fs, &(struct proc_found){ .node = tree });
    struct dentry *root = inode ? dentry_create(NULL, "/", 1, inode) : NULL;
    if (root) {
        root->parent = root;
        return root;
    }
    if (inode)
        inode_put(inode);
    *error = -ENOMEM;
    return NULL;
}

static struct dentry *proc_mount(struct file_system *fs, const char *data, int *error)
{
    return mount_tree(fs, &proc_root_node, error);
}

// There is nothing in it: programs that mount it, or look for devices there, find an empty directory.
static struct dentry *sysfs_mount(struct file_system *fs, const char *data, int *error)
{
    static const struct proc_node empty = { .mode = S_IFDIR | 0555 };
    return mount_tree(fs, &empty, error);
}

const struct file_system_type proc_type = { "proc", true, PROC_SUPER_MAGIC, proc_mount };
const struct file_system_type sysfs_type = { "sysfs", true, SYSFS_MAGIC, sysfs_mount };
