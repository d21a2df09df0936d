// SPDX-License-Identifier: MIT
// Addresses of unix sockets: bind, connect, listen, accept, and asking for names. A path's socket is found by the
// inode that bind made; an abstract name by its bytes.

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <string.h>
#include "async.h"
#include "calls.h"
#include "names.h"
#include "names_check.h"
#include "socket.h"

#define ADDRESS_HEADER ((unsigned)offsetof(struct linux_sockaddr_un, sun_path))

long socket_address(struct client *caller, unsigned long from, unsigned long length,
                    struct linux_sockaddr_un *name)
{
    if (length < ADDRESS_HEADER || length > sizeof(*name))
        return -EINVAL;
    memset(name, 0, sizeof(*name));
    if (user_read(caller, name, from, length) < 0)
        return -EFAULT;
    if (name->sun_family == AF_UNIX && length > ADDRESS_HEADER && name->sun_path[0])
        length = ADDRESS_HEADER + strnlen(name->sun_path, UNIX_PATH_MAX) + 1; // a path ends at its NUL
    return (long)(length < sizeof(*name) ? length : sizeof(*name));
}

static bool is_path(const struct linux_sockaddr_un *name, unsigned length)
{
    return length > ADDRESS_HEADER && name->sun_path[0];
}

// The name as a string that path functions take: a full sun_path has no NUL of its own.
static void path_string(const struct linux_sockaddr_un *name, char text[UNIX_PATH_MAX + 1])
{
    memcpy(text, name->sun_path, UNIX_PATH_MAX);
    text[UNIX_PATH_MAX] = 0;
}

long socket_lookup(struct client *caller, const struct linux_sockaddr_un *name, unsigned length,
                   struct socket **found)
{
    char text[UNIX_PATH_MAX + 1];
    struct path path;
    if (name->sun_family != AF_UNIX || length <= ADDRESS_HEADER)
        return -EINVAL;
    if (!is_path(name, length)) {
        *found = socket_named(name, length, NULL);
        return *found ? 0 : -ECONNREFUSED;
    }
    path_string(name, text);
    long error = path_lookup(caller, AT_FDCWD, text, LOOKUP_FOLLOW, &path);
    if (error < 0)
        return error;
    struct inode *inode = path.dentry->inode;
    error = inode_permission(caller, inode, W_OK);
    *found = error == 0 && S_ISSOCK(inode->mode) ? socket_named(NULL, 0, inode) : NULL;
    if (error == 0 && !*found)
        error = -ECONNREFUSED;
    path_put(&path);
    return error;
}

long socket_put_address(struct client *caller, const struct linux_sockaddr_un *name, unsigned length,
                        unsigned long to, unsigned long length_to)
{
    struct linux_sockaddr_un family_only = { .sun_family = AF_UNIX };
    int32_t room;
    if (!to)
        return 0;
    if (user_read(caller, &room, length_to, sizeof(room)) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (length == 0) {
        name = &family_only;
        length = ADDRESS_HEADER;
    }
    size_t part = (unsigned)room < length ? (unsigned)room : length;
    if (user_write(caller, to, name, part) < 0)
        return -EFAULT;
    room = (int32_t)length;
    return user_write(caller, length_to, &room, sizeof(room));
}

// --- bind
static long bind_path(struct client *caller, struct socket *socket, const struct linux_sockaddr_un *name)
{
    char text[UNIX_PATH_MAX + 1];
    struct path directory, old;
    struct last last;
    struct dentry *child;
    path_string(name, text);
    int error = path_lookup_parent(caller, AT_FDCWD, text, 0, &directory, &last);
    if (error < 0)
        return error;
    error =
        last.kind != LAST_NAME ? -EADDRINUSE : path_child(caller, &directory, last.name, last.length, &old);
    if (error == 0) {
        path_put(&old);
        error = -EADDRINUSE;
    } else if (error == -ENOENT) {
        error = name_create(caller, &directory, &last, S_IFSOCK | 0777, 0, &child);
        if (error == 0) {
            socket->inode = inode_get(child->inode);
            dentry_put(child);
        }
    }
    path_put(&directory);
    return error;
}

// A name of five hex digits that nobody has (autobind of unix(7)).
static void pick_name(struct linux_sockaddr_un *name, unsigned *length)
{
    static unsigned next;
    do {
        unsigned number = next++;
        name->sun_path[0] = 0;
        for (unsigned i = 0; i < 5; i++)
            name->sun_path[1 + i] = "0123456789abcdef"[number >> (16 - 4 * i) & 15];
        *length = ADDRESS_HEADER + 6;
    } while (socket_named(name, *length, NULL));
}

long call_bind(struct client *caller, const unsigned long args[6])
{
    struct linux_sockaddr_un name;
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    long length = socket_address(caller, args[1], args[2], &name);
    if (length < 0)
        return length;
    if (name.sun_family != AF_UNIX || socket->name_length)
        return -EINVAL;
    unsigned used = (unsigned)length;
    if (used == ADDRESS_HEADER)
        pick_name(&name, &used);
    else if (is_path(&name, used))
        error = bind_path(caller, socket, &name);
    else if (socket_named(&name, used, NULL))
        error = -EADDRINUSE;
    if (error < 0)
        return error;
    socket->name = name;
    socket->name_length = used;
    socket_bound(socket);
    return 0;
}

// --- connecting
static long connect_stream(struct client *caller, struct file *file, struct socket *socket,
                           struct socket *target, const unsigned long args[6])
{
    if (socket->connected)
        return -EISCONN;
    if (socket->listening)
        return -EINVAL;
    if (target->type != socket->type)
        return -EPROTOTYPE;
    if (!target->listening || target->shut_read)
        return -ECONNREFUSED;
    if (target->waiting > target->backlog_limit) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        return park_redo(caller, call_connect, args, file, &target->queue, POLL_WRITABLE);
    }
    struct socket *other = socket_create(caller, socket->type);
    if (!other)
        return -ENOMEM;
    other->credentials = target->credentials;
    other->name = target->name;
    other->name_length = target->name_length;
    other->peer_name = socket->name;
    other->peer_name_length = socket->name_length;
    socket->peer_name = target->name;
    socket->peer_name_length = target->name_length;
    socket_join(socket, other);
    list_append(&target->backlog, &other->backlog_link);
    target->waiting++;
    queue_wake(&target->queue, POLL_READABLE);
    async_notify(&target->queue, ASYNC_IN, NULL);
    return 0;
}

long call_connect(struct client *caller, const unsigned long args[6])
{
    struct linux_sockaddr_un name;
    struct file *file;
    struct socket *target = NULL;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    long length = socket_address(caller, args[1], args[2], &name);
    if (length < 0)
        return length;
    if (socket->type == SOCK_DGRAM && name.sun_family == AF_UNSPEC) {
        socket_aim(socket, NULL);
        return 0;
    }
    error = socket_lookup(caller, &name, (unsigned)length, &target);
    if (error < 0 || !target)
        return error < 0 ? error : -ECONNREFUSED;
    if (socket->type != SOCK_DGRAM)
        return connect_stream(caller, file, socket, target, args);
    if (target->type != SOCK_DGRAM)
        return -EPROTOTYPE;
    socket_aim(socket, target);
    socket->peer_name = target->name;
    socket->peer_name_length = target->name_length;
    return 0;
}

long call_listen(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (socket->connected || !socket->name_length)
        return -EINVAL;
    socket->listening = true;
    socket->backlog_limit = args[1] < SOCKET_BACKLOG_MAX ? (unsigned)args[1] : SOCKET_BACKLOG_MAX;
    socket->credentials = (struct linux_ucred){ caller->tgid, caller->identity.euid, caller->identity.egid };
    return 0;
}

long call_accept4(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    if (args[3] & ~(unsigned long)(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!socket->listening)
        return -EINVAL;
    if (list_empty(&socket->backlog)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        return park_redo(caller, call_accept4, args, file, NULL, POLL_READABLE);
    }
    struct socket *accepted = list_first(&socket->backlog, struct socket, backlog_link);
    error = socket_put_address(caller, &accepted->peer_name, accepted->peer_name_length, args[1], args[2]);
    if (error < 0)
        return error;
    list_remove(&accepted->backlog_link);
    socket->waiting--;
    queue_wake(&socket->queue, POLL_WRITABLE);
    return socket_install(caller, accepted, (unsigned)args[3]);
}

long call_accept(struct client *caller, const unsigned long args[6])
{
    return call_accept4(caller, (const unsigned long[6]){ args[0], args[1], args[2], 0 });
}

long call_getsockname(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    return socket ? socket_put_address(caller, &socket->name, socket->name_length, args[1], args[2]) : error;
}

long call_getpeername(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    if (!socket->connected)
        return -ENOTCONN;
    return socket_put_address(caller, &socket->peer_name, socket->peer_name_length, args[1], args[2]);
}
