// SPDX-License-Identifier: MIT
// /proc/PID, its threads and descriptors. Who exists and owns it pm says; what is open, executed and current is
// vfs's own record.
#include "proc.h"

#include <errno.h>
#include <linux/fcntl.h>
#include <string.h>
#include "pm_calls.h"

struct client *proc_client(const struct inode *inode)
{
    struct client *client = client_by_tid(inode->proc.pid);
    if (client || inode->proc.pid == 0)
        return client;
    unsigned index = 0; // the leader is gone, others of the process may live
    while ((client = client_next(&index)))
        if (client->tgid == inode->proc.pid)
            return client;
    return NULL;
}

// --- links

static int take(const struct path *from, struct path *to)
{
    if (!from->dentry)
        return -ENOENT;
    *to = *from;
    path_get(to);
    return 0;
}

static int target_exe(struct client *caller, struct inode *inode, struct path *to)
{
    struct client *subject = proc_client(inode);
    return subject ? take(&subject->exe, to) : -ENOENT;
}

static int target_cwd(struct client *caller, struct inode *inode, struct path *to)
{
    struct client *subject = proc_client(inode);
    return subject ? take(&subject->fs->cwd, to) : -ENOENT;
}

static int target_root(struct client *caller, struct inode *inode, struct path *to)
{
    struct client *subject = proc_client(inode);
    return subject ? take(&subject->fs->root, to) : -ENOENT;
}

// --- descriptors

static struct descriptor *descriptor_of(const struct inode *inode, unsigned fd)
{
    struct client *subject = proc_client(inode);
    if (!subject || fd >= subject->files->size || !subject->files->table[fd].file)
        return NULL;
    return &subject->files->table[fd];
}

static int target_fd(struct client *caller, struct inode *inode, struct path *to)
{
    struct descriptor *descriptor = descriptor_of(inode, (unsigned)inode->proc.number);
    return descriptor ? take(&descriptor->file->path, to) : -ENOENT;
}

static int text_fdinfo(struct client *caller, struct inode *inode, struct proc_text *text)
{
    struct descriptor *descriptor = descriptor_of(inode, (unsigned)inode->proc.number);
    if (!descriptor)
        return -ENOENT;
    const struct file *file = descriptor->file;
    proc_print(text, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n", (unsigned long long)file->position,
               file->flags | (descriptor->cloexec ? O_CLOEXEC : 0),
               file->path.mount ? file->path.mount->id : 0, (unsigned long long)file->inode->number);
    return 0;
}

static const struct proc_node fd_node = { .mode = S_IFLNK | 0700, .guarded = true, .target = target_fd };
static const struct proc_node fdinfo_node = { .mode = S_IFREG | 0444, .guarded = true, .text = text_fdinfo };

static int found_fd(struct inode *directory, unsigned fd, const struct proc_node *node,
                    struct proc_found *found)
{
    struct descriptor *descriptor = descriptor_of(directory, fd);
    if (!descriptor)
        return -ENOENT;
    *found = (struct proc_found){ node, directory->proc.pid, (int)fd, directory->uid, directory->gid, 0 };
    if (!S_ISLNK(node->mode))
        return 0;
    const struct file *file = descriptor->file; // the link's mode tells how the file is open
    bool read = file_readable(file), write = file_writable(file);
    found->mode = S_IFLNK | 0100u | (read ? 0400u : 0) | (write ? 0200u : 0);
    return 0;
}

static int find_fd(struct client *caller, struct inode *directory, unsigned number, struct proc_found *found)
{
    return found_fd(directory, number, &fd_node, found);
}

static int find_fdinfo(struct client *caller, struct inode *directory, unsigned number,
                       struct proc_found *found)
{
    return found_fd(directory, number, &fdinfo_node, found);
}

static int next_fd(struct client *caller, struct inode *directory, unsigned from, unsigned *number)
{
    struct client *subject = proc_client(directory);
    for (*number = from; subject && *number < subject->files->size; ++*number)
        if (subject->files->table[*number].file)
            return 1;
    return 0;
}

static const struct proc_dynamic fds = { S_IFLNK, find_fd, next_fd },
                                 fdinfos = { S_IFREG, find_fdinfo, next_fd };

// --- processes and threads

static int text_constant_zero(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "0\n");
    return 0;
}

static int text_cgroup(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "0::/\n");
    return 0;
}

static const struct proc_dynamic tasks;

#define TEXT(text_name, bits, file_name)                                                                     \
    { .name = text_name, .mode = S_IFREG | (bits), .file = PROC_FROM_PM(file_name) }
#define SECRET(text_name, bits, file_name)                                                                   \
    { .name = text_name, .mode = S_IFREG | (bits), .guarded = true, .file = PROC_FROM_PM(file_name) }
#define OWN(text_name, bits, function) { .name = text_name, .mode = S_IFREG | (bits), .text = function }
#define LINK(link_name, function) { .name = link_name, .mode = S_IFLNK | 0777, .target = function }

// What a process and each of its threads show.
#define COMMON_FILES                                                                                         \
    TEXT("stat", 0444, PROC_STAT), TEXT("status", 0444, PROC_STATUS), TEXT("statm", 0444, PROC_STATM),       \
        TEXT("cmdline", 0444, PROC_CMDLINE), TEXT("comm", 0644, PROC_COMM), SECRET("maps", 0444, PROC_MAPS), \
        SECRET("environ", 0400, PROC_ENVIRON), SECRET("auxv", 0400, PROC_AUXV),                              \
        TEXT("limits", 0444, PROC_LIMITS), TEXT("wchan", 0444, PROC_WCHAN),                                  \
        TEXT("oom_score_adj", 0644, PROC_OOM_SCORE_ADJ), TEXT("loginuid", 0644, PROC_LOGINUID),              \
        OWN("oom_score", 0444, text_constant_zero), OWN("cgroup", 0444, text_cgroup),                        \
        OWN("mounts", 0444, proc_mounts), OWN("mountinfo", 0444, proc_mountinfo), LINK("exe", target_exe),   \
        LINK("cwd", target_cwd), LINK("root", target_root),                                                  \
        { .name = "fd", .mode = S_IFDIR | 0500, .guarded = true, .dynamic = &fds },                          \
    {                                                                                                        \
        .name = "fdinfo", .mode = S_IFDIR | 0555, .guarded = true, .dynamic = &fdinfos                       \
    }

static const struct proc_node thread_files[] = { COMMON_FILES, { .name = NULL } };
static const struct proc_node process_files[] = {
    COMMON_FILES,
    { .name = "task", .mode = S_IFDIR | 0555, .dynamic = &tasks },
    { .name = NULL },
};
static const struct proc_node process_node = { .mode = S_IFDIR | 0555, .children = process_files };
static const struct proc_node thread_node = { .mode = S_IFDIR | 0555, .children = thread_files };

static int info(struct client *caller, unsigned id, struct pm_proc_info *to)
{
    if ((int)id == caller->tgid) { // known: pm keeps the replica
        const struct vfs_identity *own = &caller->identity;
        *to = (struct pm_proc_info){ .tgid = caller->tgid, .euid = own->euid, .egid = own->egid };
        return 0;
    }
    struct message message = { .args = { id } };
    message.writable = (struct window){ (unsigned long)to, sizeof(*to) };
    long error = pm_ask(PM_PROC_INFO, &message);
    return error == -ESRCH ? -ENOENT : (int)error;
}

static int find_process(struct client *caller, struct inode *directory, unsigned number,
                        struct proc_found *found)
{
    struct pm_proc_info process;
    int error = number ? info(caller, number, &process) : -ENOENT;
    if (error < 0)
        return error;
    *found = (struct proc_found){ &process_node, (int)number, 0, process.euid, process.egid, 0 };
    return 0;
}

static int find_thread(struct client *caller, struct inode *directory, unsigned number,
                       struct proc_found *found)
{
    struct pm_proc_info thread;
    int error = number ? info(caller, number, &thread) : -ENOENT;
    if (error < 0)
        return error;
    if (thread.tgid != directory->proc.pid)
        return -ENOENT;
    *found = (struct proc_found){ &thread_node, (int)number, 0, thread.euid, thread.egid, 0 };
    return 0;
}

static int next_id(unsigned from, int tgid, unsigned *number)
{
    uint32_t id;
    struct message message = { .args = { from, (unsigned long)tgid } };
    message.writable = (struct window){ (unsigned long)&id, sizeof(id) };
    long count = pm_ask(PM_PROC_LIST, &message);
    if (count > 0)
        *number = id;
    return count > 0 ? 1 : count == -ESRCH ? 0 : (int)count;
}

static int next_process(struct client *caller, struct inode *directory, unsigned from, unsigned *number)
{
    return next_id(from, 0, number);
}

static int next_thread(struct client *caller, struct inode *directory, unsigned from, unsigned *number)
{
    return next_id(from, directory->proc.pid, number);
}

static const struct proc_dynamic tasks = { S_IFDIR, find_thread, next_thread };
const struct proc_dynamic proc_processes = { S_IFDIR, find_process, next_process };
