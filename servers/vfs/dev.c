// SPDX-License-Identifier: MIT
// /dev: the registry of character devices, the memory devices (null, zero, full, random, kmsg), and the nodes.

#include "dev.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <random.h>
#include <server.h>
#include <string.h>
#include "async.h"
#include "pty.h"
#include "tmpfs.h"

static struct list classes = { &classes, &classes };

void device_register(struct device_class *class) { list_append(&classes, &class->link); }

int device_open(struct client *caller, struct file *file)
{
    list_for_each(class, &classes, struct device_class,
                  link) if (class->major == DEVICE_MAJOR(file->inode->rdev)) return class->open(caller, file);
    return -ENXIO;
}

// --- memory devices
static long read_nothing(struct client *caller, struct file *file, struct transfer *transfer,
                         uint64_t *position)
{
    return 0;
}

static long write_nothing(struct client *caller, struct file *file, struct transfer *transfer,
                          uint64_t *position)
{
    transfer->done += transfer->left;
    transfer->left = 0;
    return 0;
}

static long write_full(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    return transfer->left > 0 ? -ENOSPC : 0;
}

static long read_zero(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    long got = transfer_zero(transfer, transfer->left);
    return got < 0 ? got : 0;
}

static long read_random(struct client *caller, struct file *file, struct transfer *transfer,
                        uint64_t *position)
{
    char buffer[1024];
    while (transfer->left > 0) {
        random_bytes(buffer, sizeof(buffer));
        long got = transfer_out(transfer, buffer, sizeof(buffer));
        if (got < 0)
            return got;
    }
    return 0;
}

static long write_random(struct client *caller, struct file *file, struct transfer *transfer,
                         uint64_t *position)
{
    while (transfer->left > 0) {
        char stirred[64];
        long got = transfer_in(transfer, stirred, sizeof(stirred));
        if (got < 0)
            return got;
        random_stir(stirred, (size_t)got);
    }
    return 0;
}

// One record a line to the kernel's log; the priority prefix "<N>" is cut.
static long write_log(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    char line[256];
    while (transfer->left > 0) {
        long got = transfer_in(transfer, line, sizeof(line));
        if (got < 0)
            return got;
        char *text = line,
             *end = line[0] == '<' ? memchr(line, '>', (size_t)got < 6 ? (size_t)got : 6) : NULL;
        if (end)
            text = end + 1;
        log_write(text, (size_t)(line + got - text));
    }
    return 0;
}

// A private or shared mapping of /dev/zero is anonymous memory of its own, filled on demand.
static int map_zero(struct client *caller, struct file *file, bool shared, handle_t *memory)
{
    long handle = memory_create(tmpfs_quota, 1ull << 31, 0, 0);
    if (handle < 0)
        return -ENOMEM;
    *memory = (handle_t)handle;
    return 0;
}

static long seek_nowhere(struct file *file, int64_t offset, int whence, uint64_t *position)
{
    *position = 0;
    return 0;
}

static long ioctl_random(struct client *caller, struct file *file, unsigned long command,
                         unsigned long argument)
{
    static const int entropy = 256; // what Linux tells of a pool that is full
    return command == RNDGETENTCNT ? user_write(caller, argument, &entropy, sizeof(entropy)) : -EINVAL;
}

static const struct file_operations null_operations = { .read = read_nothing,
                                                        .write = write_nothing,
                                                        .seek = seek_nowhere };
static const struct file_operations zero_operations = {
    .read = read_zero, .write = write_nothing, .map = map_zero, .seek = seek_nowhere
};
static const struct file_operations full_operations = { .read = read_zero,
                                                        .write = write_full,
                                                        .seek = seek_nowhere };
static const struct file_operations random_operations = { .read = read_random,
                                                          .write = write_random,
                                                          .seek = seek_nowhere,
                                                          .ioctl = ioctl_random,
                                                          .async = async_any };
static const struct file_operations log_operations = { .read = read_nothing,
                                                       .write = write_log,
                                                       .seek = seek_nowhere };

static int open_memory(struct client *caller, struct file *file)
{
    static const struct file_operations *const by_minor[12] = {
        [3] = &null_operations,   [5] = &zero_operations,   [7] = &full_operations,
        [8] = &random_operations, [9] = &random_operations, [11] = &log_operations,
    };
    unsigned minor = DEVICE_MINOR(file->inode->rdev);
    if (minor >= 12 || !by_minor[minor])
        return -ENXIO;
    file->operations = by_minor[minor];
    return 0;
}

static struct device_class memory_class = { .major = MEMORY_MAJOR, .open = open_memory };

// --- nodes
static struct dentry *dev_root(void)
{
    list_for_each(mount, &mounts, struct mount,
                  link) if (mount->fs->type == &devtmpfs_type) return mount->root;
    return NULL;
}

static int directory_of(struct dentry **directory, const char *name, size_t length, uint32_t mode)
{
    struct dentry *child = dentry_child(*directory, name, length);
    if (!child) {
        int error = dentry_make(*directory, name, length, S_IFDIR | mode, 0, 0, &child);
        if (error < 0)
            return error;
        dentry_put(child); // its link keeps it
    }
    *directory = child;
    return 0;
}

int device_node(const char *name, uint32_t mode, uint32_t device, uint32_t gid)
{
    struct dentry *directory = dev_root(), *child;
    const char *slash;
    if (!directory)
        return -ENOENT;
    while ((slash = strchr(name, '/'))) {
        int error = directory_of(&directory, name, (size_t)(slash - name), 0755);
        if (error < 0)
            return error;
        name = slash + 1;
    }
    if (dentry_child(directory, name, strlen(name)))
        return -EEXIST;
    int error = dentry_make(directory, name, strlen(name), mode, 0, gid, &child);
    if (error < 0)
        return error;
    child->inode->rdev = device;
    dentry_put(child);
    return 0;
}

static int make_link(const char *name, const char *target)
{
    struct dentry *child;
    char *copy = heap_string(target);
    int error = copy ? dentry_make(dev_root(), name, strlen(name), S_IFLNK | 0777, 0, 0, &child) : -ENOMEM;
    if (error < 0)
        return error;
    child->inode->link.target = copy;
    child->inode->size = strlen(copy);
    dentry_put(child);
    return 0;
}

// The directory of that name below `at`, made if it is missing; a mount goes on it.
static int mount_at(const struct path *at, const char *name, uint32_t mode,
                    const struct file_system_type *type, unsigned flags, const char *source, const char *data)
{
    struct path point = { at->mount, at->dentry };
    int error = directory_of(&point.dentry, name, strlen(name), mode);
    return error < 0 ? error : mount_add(type, &point, flags, source, data);
}

int dev_init(void)
{
    static const struct {
        const char *name;
        uint32_t mode, device, gid;
    } nodes[] = {
        { "null", 0666, DEVICE(1, 3), 0 },         { "zero", 0666, DEVICE(1, 5), 0 },
        { "full", 0666, DEVICE(1, 7), 0 },         { "random", 0666, DEVICE(1, 8), 0 },
        { "urandom", 0666, DEVICE(1, 9), 0 },      { "kmsg", 0644, DEVICE(1, 11), 0 },
        { "tty", 0666, DEVICE(5, 0), TTY_GROUP },  { "console", 0600, DEVICE(5, 1), 0 },
        { "ptmx", 0666, DEVICE(5, 2), TTY_GROUP },
    };
    static const char *const links[][2] = { { "fd", "/proc/self/fd" },
                                            { "stdin", "/proc/self/fd/0" },
                                            { "stdout", "/proc/self/fd/1" },
                                            { "stderr", "/proc/self/fd/2" } };
    device_register(&memory_class);
    random_init(start_page->entropy);
    struct path root = { root_mount, root_mount->root };
    int error = mount_at(&root, "dev", 0755, &devtmpfs_type, MS_NOSUID, "devtmpfs", "mode=755");
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]) && error == 0; i++)
        error = device_node(nodes[i].name, S_IFCHR | nodes[i].mode, nodes[i].device, nodes[i].gid);
    for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]) && error == 0; i++)
        error = make_link(links[i][0], links[i][1]);
    struct path dev = { NULL, dev_root() };
    dev.mount = error == 0 ? mount_on(root_mount, dentry_child(root_mount->root, "dev", 3)) : NULL;
    if (error == 0)
        error = mount_at(&dev, "pts", 0755, &devpts_type, MS_NOSUID | MS_NOEXEC, "devpts", "");
    if (error == 0)
        error = mount_at(&dev, "shm", 01777, &tmpfs_type, MS_NOSUID | MS_NODEV, "tmpfs", "");
    return error;
}
