// SPDX-License-Identifier: MIT
// pm's calls: the life of clients, files for exec and mmap, sessions. None of them waits for user programs.

#include "pm_calls.h"
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <protocol_pm_vfs.h>
#include <server.h>
#include <string.h>
#include "chardev.h"
#include "file.h"
#include "pidfd.h"
#include "tmpfs.h"
#include "tty.h"

#define SHARE_MASK (VFS_SHARE_FS | VFS_SHARE_FILES)

typedef long pm_handler(const struct message *message, struct message *reply);

// A file that pm opened for execution, until it says what became of it.
struct exec {
    struct list link;
    uint64_t id;
    struct path path;
};
static struct list execs = { &execs, &execs };
static uint64_t next_exec = 1;

static uint64_t join(unsigned long low, unsigned long high) { return (uint32_t)low | (uint64_t)high << 32; }

static struct exec *exec_find(uint64_t id)
{
    list_for_each(exec, &execs, struct exec, link) if (exec->id == id) return exec;
    return NULL;
}

static void exec_free(struct exec *exec)
{
    list_remove(&exec->link);
    exec->path.dentry->inode->execs--;
    path_put(&exec->path);
    heap_free(exec);
}

static long read_window(const struct message *message, void *to, size_t size)
{
    if (message->readable.length < size)
        return -EINVAL;
    return copy_in(message->token, 0, to, message->readable.base, size) == (long)size ? 0 : -EFAULT;
}

// --- clients
static long vfs_clone(const struct message *message, struct message *reply)
{
    struct client *parent = client_find(message->args[0]);
    if (message->args[0] && !parent)
        return -ESRCH;
    struct client *child = client_create(parent, message->args[1] & SHARE_MASK, (int)message->args[2],
                                         (int)message->args[3], message->args[4]);
    return child ? (long)child->label : -ENOMEM;
}

static long vfs_exit(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    if (!client)
        return -ESRCH;
    if (client->on_fiber) {
        client->ended = client->exiting = true;
        client->exit_token = message->token;
        return NO_REPLY;
    }
    client_exit(client);
    return 0;
}

static long vfs_identity(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    int session = client ? client->identity.sid : 0;
    long error = client ? read_window(message, &client->identity, sizeof(client->identity)) : -ESRCH;
    if (error == 0 && client->identity.sid != session)
        client->terminal = 0; // setsid
    return error;
}

static long vfs_limits(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    return client ? read_window(message, &client->limits, sizeof(client->limits)) : -ESRCH;
}

static long unshare_files(struct client *client)
{
    if (client->files->references == 1)
        return 0;
    struct files *copy = files_copy(client->files);
    if (!copy)
        return -ENOMEM;
    files_put(client, client->files);
    client->files = copy;
    return 0;
}

static long unshare_fs(struct client *client)
{
    if (client->fs->references == 1)
        return 0;
    struct fs *copy = fs_copy(client->fs);
    if (!copy)
        return -ENOMEM;
    fs_put(client->fs);
    client->fs = copy;
    return 0;
}

static long vfs_unshare(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    if (!client)
        return -ESRCH;
    long error = message->args[1] & VFS_SHARE_FILES ? unshare_files(client) : 0;
    return error == 0 && message->args[1] & VFS_SHARE_FS ? unshare_fs(client) : error;
}

// --- exec and mmap
static int executable(struct client *client, const struct path *path)
{
    struct inode *inode = path->dentry->inode;
    if (!S_ISREG(inode->mode) || inode->operations)
        return -EACCES;
    if (path->mount && path->mount->flags & MS_NOEXEC)
        return -EACCES;
    int error = inode_permission(client, inode, X_OK);
    if (error < 0)
        return error;
    return inode->writers > 0 ? -ETXTBSY : tmpfs_memory(inode);
}

// struct vfs_exec_file and the absolute path, as much as fits into the writable window.
static long describe(const struct message *message, struct client *client, const struct path *path,
                     uint64_t exec_id)
{
    struct inode *inode = path->dentry->inode;
    struct vfs_exec_file file = {
        .size = inode->size,
        .inode = inode->number,
        .device = inode->fs->device,
        .mode = inode->mode,
        .uid = inode->uid,
        .gid = inode->gid,
        .nosuid = path->mount && path->mount->flags & MS_NOSUID,
        .exec_id = exec_id,
    };
    bool reachable;
    char *buffer = path_buffer();
    if (!buffer)
        return -ENOMEM;
    char *text = path_text(path, &client->fs->root, buffer, PATH_MAX, &reachable);
    size_t length = text ? strlen(text) + 1 : 0, room = message->writable.length;
    long error = room < sizeof(file) ? -EINVAL : 0;
    if (error == 0 &&
        copy_out(message->token, 0, &file, message->writable.base, sizeof(file)) != sizeof(file))
        error = -EFAULT;
    room -= sizeof(file);
    if (error == 0 && length > 0 && room > 0)
        copy_out(message->token, 0, text, message->writable.base + sizeof(file),
                 length < room ? length : room);
    path_name_put(buffer);
    return error;
}

static long open_exec(const struct message *message, struct client *client, const char *name,
                      handle_t *memory)
{
    unsigned flags = (unsigned)message->args[2];
    unsigned lookup =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    struct path path;
    int error = path_lookup(client, (int)message->args[1], name, lookup, &path);
    if (error < 0)
        return error;
    error = S_ISLNK(path.dentry->inode->mode) ? -ELOOP : executable(client, &path);
    long handle = error;
    if (error == 0)
        handle =
            handle_duplicate(path.dentry->inode->regular.memory, RIGHT_READ | RIGHT_EXECUTE | RIGHT_TRANSFER);
    struct exec *exec = handle < 0 ? NULL : heap_alloc(sizeof(*exec));
    long result = handle < 0 ? handle : !exec ? -ENOMEM : describe(message, client, &path, next_exec);
    if (result < 0) {
        if (handle > 0)
            handle_close((handle_t)handle);
        heap_free(exec);
        path_put(&path);
        return result;
    }
    exec->id = next_exec++;
    exec->path = path;
    path.dentry->inode->execs++;
    list_append(&execs, &exec->link);
    *memory = (handle_t)handle;
    return 0;
}

static long vfs_open_exec(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    if (!client)
        return -ESRCH;
    char *name = path_buffer();
    if (!name)
        return -ENOMEM;
    size_t length = message->readable.length < PATH_MAX ? message->readable.length : PATH_MAX;
    long result = -ENAMETOOLONG;
    if (copy_in(message->token, 0, name, message->readable.base, length) != (long)length)
        result = -EFAULT;
    else if (length < PATH_MAX || memchr(name, 0, length)) {
        if (length < PATH_MAX)
            name[length] = 0;
        result = open_exec(message, client, name, &reply->handles[0]);
    }
    path_name_put(name);
    return result;
}

static long vfs_close_exec(const struct message *message, struct message *reply)
{
    struct exec *exec = exec_find(join(message->args[0], message->args[1]));
    if (!exec)
        return -ENOENT;
    exec_free(exec);
    return 0;
}

static long vfs_exec(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    struct exec *exec = exec_find(join(message->args[1], message->args[2]));
    if (!client || !exec)
        return -ESRCH;
    long error = message->readable.length ? vfs_identity(message, reply) : 0;
    if (error == 0)
        error = unshare_files(client);
    if (error < 0)
        return error;
    files_close_on_exec(client, client->files);
    client_set_exe(client, &exec->path);
    exec_free(exec);
    return 0;
}

static int mappable(const struct file *file, unsigned prot, bool shared)
{
    if (!file_readable(file))
        return -EACCES;
    if (shared && prot & PROT_WRITE_BIT && (!file_writable(file) || file->flags & O_APPEND))
        return -EACCES;
    if (shared && prot & PROT_WRITE_BIT && file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (file->path.mount && file->path.mount->flags & MS_NOEXEC && prot & PROT_EXECUTE_BIT)
        return -EPERM;
    return file->operations->map ? 0 : -ENODEV;
}

static long vfs_mmap(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    struct file *file = client ? files_get(client, (int)message->args[1]) : NULL;
    if (!file)
        return client ? -EBADF : -ESRCH;
    bool shared = message->args[3] & 1;
    long error = mappable(file, (unsigned)message->args[2], shared);
    if (error == 0)
        error = describe(message, client, &file->path, 0);
    return error < 0 ? error : file->operations->map(client, file, shared, &reply->handles[0]);
}

static long vfs_session_end(const struct message *message, struct message *reply)
{
    bool hung_up;
    long group = tty_session_end((int)message->args[0], &hung_up);
    reply->args[0] = hung_up;
    return group;
}

static long vfs_pidfd(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    if (!client)
        return -ESRCH;
    return pidfd_create(client, message->args[1], (int)message->args[2], (unsigned)message->args[3]);
}

static long vfs_pidfd_ready(const struct message *message, struct message *reply)
{
    pidfd_ready(message->args[0]);
    return 0;
}

static long vfs_fd_pidfd(const struct message *message, struct message *reply)
{
    struct client *client = client_find(message->args[0]);
    if (!client)
        return -ESRCH;
    return pidfd_target(client, (int)message->args[1], &reply->args[0], &reply->args[1]);
}

// Before power off: what programs wrote to the host has left.
static long vfs_sync(const struct message *message, struct message *reply)
{
    if (!fiber_current())
        return -EFIBER;
    ports_sync();
    return 0;
}

static pm_handler *const handlers[] = {
    [0] = vfs_clone,
    [VFS_EXIT - VFS_CLONE] = vfs_exit,
    [VFS_IDENTITY - VFS_CLONE] = vfs_identity,
    [VFS_LIMITS - VFS_CLONE] = vfs_limits,
    [VFS_UNSHARE - VFS_CLONE] = vfs_unshare,
    [VFS_OPEN_EXEC - VFS_CLONE] = vfs_open_exec,
    [VFS_CLOSE_EXEC - VFS_CLONE] = vfs_close_exec,
    [VFS_EXEC - VFS_CLONE] = vfs_exec,
    [VFS_MMAP - VFS_CLONE] = vfs_mmap,
    [VFS_SESSION_END - VFS_CLONE] = vfs_session_end,
    [VFS_PIDFD - VFS_CLONE] = vfs_pidfd,
    [VFS_PIDFD_READY - VFS_CLONE] = vfs_pidfd_ready,
    [VFS_FD_PIDFD - VFS_CLONE] = vfs_fd_pidfd,
    [VFS_SYNC - VFS_CLONE] = vfs_sync,
};

static void answer(const struct message *message, struct message *reply, long result)
{
    if (result == NO_REPLY)
        return;
    reply->value = result;
    reply_message(message->token, reply);
    if (reply->handles[0])
        handle_close(reply->handles[0]); // the receiver has its own by now
}

static void run_on_fiber(void *argument)
{
    struct message *message = argument, reply = { 0 };
    answer(message, &reply, handlers[message->number - VFS_CLONE](message, &reply));
    heap_free(message);
}

void pm_call(const struct message *message)
{
    struct message reply; // that part of it which is sent
    memset(reply.args, 0, sizeof(reply.args));
    memset(reply.handles, 0, sizeof(reply.handles));
    unsigned long index = message->number - VFS_CLONE;
    if (index >= sizeof(handlers) / sizeof(handlers[0])) {
        reply_value(message->token, -ENOSYS);
        return;
    }
    long result = handlers[index](message, &reply);
    if (result != -EFIBER) {
        answer(message, &reply, result);
        return;
    }
    struct message *copy = heap_alloc(sizeof(*copy));
    if (copy)
        *copy = *message;
    if (!copy || fiber_run(run_on_fiber, copy, true) < 0) {
        heap_free(copy);
        reply_value(message->token, -ENOMEM);
    }
}

// --- to pm
handle_t pm_port(void)
{
    static handle_t port;
    if (!port)
        port = start_handle("pm");
    return port;
}

long pm_ask(unsigned long number, struct message *message)
{
    if (!fiber_current())
        return -EFIBER;
    message->number = number;
    return fiber_call(pm_port(), message);
}

// --- what pm is told: one thing after the other. Calls that end meanwhile are answered when pm has heard it, so
// that a signal is there before the call that caused it returns.

struct told {
    struct list link;
    struct message message;
};
static struct list untold = { &untold, &untold };
static struct async_call telling;
static unsigned long told, heard;
static struct list held = { &held, &held }; // clients, by held_until

static void tell_next(void)
{
    if (list_empty(&untold) || telling.busy)
        return;
    struct told *first = list_first(&untold, struct told, link);
    struct message message = first->message;
    list_remove(&first->link);
    heap_free(first);
    async_begin(&telling, pm_port(), &message);
}

static void pm_heard(struct async_call *async, const struct message *reply)
{
    heard++;
    tell_next();
    while (!list_empty(&held)) {
        struct client *client = list_first(&held, struct client, held_link);
        if ((long)(heard - client->held_until) < 0)
            break;
        list_remove(&client->held_link);
        client_answer(client, client->held_result);
    }
}

int pm_tell_init(void) { return async_init(&telling, pm_heard); }

void pm_tell(const struct message *message)
{
    struct told *record = heap_alloc(sizeof(*record));
    if (!record)
        return;
    told++;
    record->message = *message;
    list_append(&untold, &record->link);
    tell_next();
}

bool pm_holds_answers(void) { return told != heard; }

bool pm_hold_answer(struct client *client, long result)
{
    if (!pm_holds_answers())
        return false;
    client->held_until = told;
    client->held_result = result;
    list_append(&held, &client->held_link);
    return true;
}
