// SPDX-License-Identifier: MIT
// devpts: the directory of the slaves that exist now, and ptmx. Every mount shows the same ones.
#include <errno.h>
#include <heap.h>
#include <linux/statfs.h>
#include <printf.h>
#include <string.h>
#include "dirs.h"
#include "pty.h"

#define TTY_GID 5

static struct file_system *slaves; // the nodes are of no mount in particular
static struct inode *ptmx;

static bool slaves_ready(void)
{
    if (!slaves)
        slaves = file_system_create(&devpts_type);
    if (slaves && !ptmx) {
        ptmx = inode_create(slaves, S_IFCHR | 0666, 0, 0);
        if (ptmx)
            ptmx->rdev = DEVICE(5, 2);
    }
    return ptmx != NULL;
}

struct inode *devpts_inode(struct client *caller, unsigned number)
{
    struct inode *inode =
        slaves_ready() ? inode_create(slaves, S_IFCHR | 0620, caller->identity.fsuid, TTY_GID) : NULL;
    if (inode) {
        inode->number = number + 3;
        inode->rdev = DEVICE(PTS_MAJOR, number);
    }
    return inode;
}

// The node that a name stands for, no reference. NULL: none
static struct inode *find(const char *name, size_t length)
{
    char *end, text[12];
    if (length == 4 && memcmp(name, "ptmx", 4) == 0)
        return slaves_ready() ? ptmx : NULL;
    if (length == 0 || length >= sizeof(text) || (name[0] == '0' && length > 1))
        return NULL;
    memcpy(text, name, length);
    text[length] = 0;
    if (text[0] < '0' || text[0] > '9')
        return NULL;
    struct pty *pty = pty_find((unsigned)strtoul(text, &end, 10));
    return *end == 0 && pty ? pty->inode : NULL;
}

static int lookup(struct client *caller, struct dentry *directory, const char *name, size_t length,
                  struct dentry **child)
{
    struct inode *inode = find(name, length);
    if (!inode)
        return -ENOENT;
    *child = dentry_create(directory, name, length, inode_get(inode));
    if (*child)
        return 0;
    inode_put(inode);
    return -ENOMEM;
}

// Positions: DYNAMIC_BASE is ptmx, DYNAMIC_BASE + 1 + n slave n.
static int list(struct client *caller, struct dentry *directory, uint64_t from, struct dir_sink *sink)
{
    if (!slaves_ready())
        return -ENOMEM;
    bool first = from == DYNAMIC_BASE;
    if (first && !sink->add(sink, "ptmx", 4, ptmx->number, ptmx->mode, from + 1))
        return 0;
    unsigned number = first ? 0 : (unsigned)(from - DYNAMIC_BASE - 1);
    for (struct pty *pty; (pty = pty_next(&number)); number++) {
        char name[12];
        size_t length = (size_t)snprintf(name, sizeof(name), "%u", number);
        if (!sink->add(sink, name, length, pty->inode->number, pty->inode->mode, DYNAMIC_BASE + 2 + number))
            return 0;
    }
    return 0;
}

static const struct inode_operations root_operations = { .lookup = lookup, .list = list };

static struct dentry *devpts_mount(struct file_system *fs, const char *data, int *error)
{
    struct inode *inode = inode_create(fs, S_IFDIR | 0755, 0, 0);
    struct dentry *root = inode ? dentry_create(NULL, "/", 1, inode) : NULL;
    if (!root) {
        if (inode)
            inode_put(inode);
        *error = -ENOMEM;
        return NULL;
    }
    inode->operations = &root_operations;
    root->parent = root;
    return root;
}

const struct file_system_type devpts_type = { "devpts", true, DEVPTS_SUPER_MAGIC, devpts_mount };

// TIOCGPTPEER: opens the slave below any mount of devpts, else without a path.
int devpts_open_slave(struct client *caller, struct pty *pty, unsigned flags, struct file **file)
{
    struct mount *found = NULL;
    list_for_each(mount, &mounts, struct mount, link) if (!found && mount->fs->type == &devpts_type) found =
        mount;
    char name[12];
    size_t length = (size_t)snprintf(name, sizeof(name), "%u", pty->number);
    struct path path = { found,
                         dentry_create(found ? found->root : NULL, name, length, inode_get(pty->inode)) };
    if (!path.dentry) {
        inode_put(pty->inode);
        return -ENOMEM;
    }
    bool locked = pty->locked;
    pty->locked = false; // the lock is for those who open by name
    int error = file_open(caller, &path, flags, file);
    pty->locked = locked;
    dentry_put(path.dentry);
    return error;
}
