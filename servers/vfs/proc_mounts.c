// SPDX-License-Identifier: MIT
// /proc/PID/mounts and mountinfo (proc(5)): the mounts that the process can reach from its root.
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include "proc.h"

// Blanks and backslashes as octal, so that fields stay fields.
static void print_escaped(struct proc_text *text, const char *from)
{
    for (; *from; from++) {
        if (strchr(" \t\n\\", *from))
            proc_print(text, "\\%03o", *from);
        else
            proc_print(text, "%c", *from);
    }
}

static void print_options(struct proc_text *text, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } options[] = { { MS_NOSUID, "nosuid" },   { MS_NODEV, "nodev" },           { MS_NOEXEC, "noexec" },
                    { MS_NOATIME, "noatime" }, { MS_NODIRATIME, "nodiratime" }, { MS_RELATIME, "relatime" } };
    proc_print(text, flags & MS_RDONLY ? "ro" : "rw");
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (flags & options[i].flag)
            proc_print(text, ",%s", options[i].name);
}

// Where the mount is, seen from the process's root. -> its start in buffer, NULL: out of reach
static char *mount_point(const struct mount *mount, const struct path *root, char *buffer)
{
    struct path path = { (struct mount *)(uintptr_t)mount, mount->root };
    bool reachable;
    char *name = path_text(&path, root, buffer, PATH_MAX, &reachable);
    return reachable ? name : NULL;
}

// The name of the mount's root within its file system: "/" but for bind mounts.
static char *root_name(const struct mount *mount, char *buffer)
{
    char *start = buffer + PATH_MAX - 1;
    *start = 0;
    for (const struct dentry *dentry = mount->root; dentry->parent && dentry->parent != dentry;
         dentry = dentry->parent) {
        if (start - buffer < dentry->length + 1)
            break;
        start -= dentry->length;
        memcpy(start, dentry->name, dentry->length);
        *--start = '/';
    }
    if (!*start)
        *--start = '/';
    return start;
}

static void print_mount(struct proc_text *text, const struct mount *mount, const char *point)
{
    print_escaped(text, mount->source);
    proc_print(text, " ");
    print_escaped(text, point);
    proc_print(text, " %s ", mount->fs->type->name);
    print_options(text, mount->flags);
    proc_print(text, " 0 0\n");
}

static void print_mountinfo(struct proc_text *text, const struct mount *mount, const char *point)
{
    uint32_t device = mount->fs->device;
    proc_print(text, "%d %d %u:%u ", mount->id, mount->parent ? mount->parent->id : 0, DEVICE_MAJOR(device),
               DEVICE_MINOR(device));
    char *second = path_buffer();
    print_escaped(text, second ? root_name(mount, second) : "/");
    path_name_put(second);
    proc_print(text, " ");
    print_escaped(text, point);
    proc_print(text, " ");
    print_options(text, mount->flags);
    proc_print(text, " - %s ", mount->fs->type->name);
    print_escaped(text, mount->source);
    proc_print(text, mount->flags & MS_RDONLY ? " ro\n" : " rw\n");
}

static int print_all(struct inode *inode, struct proc_text *text, bool info)
{
    struct client *subject = proc_client(inode);
    char *buffer = subject ? path_buffer() : NULL;
    if (!buffer)
        return subject ? -ENOMEM : -EINVAL;
    list_for_each(mount, &mounts, struct mount, link)
    {
        char *point = mount_point(mount, &subject->fs->root, buffer);
        if (point && info)
            print_mountinfo(text, mount, point);
        else if (point)
            print_mount(text, mount, point);
    }
    path_name_put(buffer);
    return 0;
}

int proc_mounts(struct client *caller, struct inode *inode, struct proc_text *text)
{
    return print_all(inode, text, false);
}

int proc_mountinfo(struct client *caller, struct inode *inode, struct proc_text *text)
{
    return print_all(inode, text, true);
}
