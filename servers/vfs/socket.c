// SPDX-License-Identifier: MIT
// Unix sockets: two ends that know each other. What is sent is queued as packets at the end that will read it, with
// the files that travel along.

#include "socket.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/termios.h>
#include <string.h>
#include "async.h"

#define SIGPIPE 13
#define STREAM_PACKET 16384u

static struct list bound = { &bound, &bound };

struct socket *socket_create(struct client *caller, int type)
{
    struct socket *socket = heap_alloc(sizeof(*socket));
    if (!socket)
        return NULL;
    queue_init(&socket->queue);
    socket->type = type;
    list_init(&socket->packets);
    list_init(&socket->link);
    list_init(&socket->backlog);
    list_init(&socket->backlog_link);
    list_init(&socket->senders);
    list_init(&socket->sender_link);
    socket->credentials = (struct linux_ucred){ caller->tgid, caller->identity.euid, caller->identity.egid };
    return socket;
}

void packet_free(struct packet *packet)
{
    list_remove(&packet->link);
    for (unsigned i = 0; i < packet->file_count; i++)
        file_put(packet->files[i]);
    heap_free(packet->files);
    heap_free(packet);
}

static void wake_all(struct socket *socket)
{
    queue_wake(&socket->queue, POLL_READABLE | POLL_WRITABLE | POLLHUP | POLLRDHUP);
}

void socket_free(struct socket *socket)
{
    struct socket *peer = socket->peer;
    list_remove(&socket->sender_link);
    list_remove(&socket->backlog_link);
    list_remove(&socket->link);
    if (peer && peer->peer == socket)
        peer->peer = NULL;
    if (peer)
        wake_all(peer);
    if (peer && socket->type != SOCK_DGRAM)
        async_notify(&peer->queue, ASYNC_HUP, NULL);
    list_for_each_safe(sender, &socket->senders, struct socket, sender_link)
    {
        list_remove(&sender->sender_link);
        sender->peer = NULL;
        wake_all(sender);
    }
    while (!list_empty(&socket->backlog))
        socket_free(list_first(&socket->backlog, struct socket, backlog_link));
    while (!list_empty(&socket->packets))
        packet_free(list_first(&socket->packets, struct packet, link));
    if (socket->inode)
        inode_put(socket->inode);
    queue_clear(&socket->queue);
    heap_free(socket);
}

void socket_join(struct socket *a, struct socket *b)
{
    a->peer = b;
    b->peer = a;
    a->connected = b->connected = true;
    a->peer_credentials = b->credentials;
    b->peer_credentials = a->credentials;
}

void socket_aim(struct socket *socket, struct socket *peer)
{
    list_remove(&socket->sender_link);
    socket->peer = peer;
    socket->connected = peer != NULL;
    if (peer)
        list_append(&peer->senders, &socket->sender_link);
}

struct socket *socket_named(const struct linux_sockaddr_un *name, unsigned length, const struct inode *inode)
{
    list_for_each(socket, &bound, struct socket,
                  link) if (inode ? socket->inode == inode
                                  : !socket->inode && socket->name_length == length &&
                                        !memcmp(&socket->name, name, length)) return socket;
    return NULL;
}

void socket_bound(struct socket *socket) { list_append(&bound, &socket->link); }

// --- sending
static struct packet *packet_create(struct socket *from, size_t length)
{
    struct packet *packet = heap_alloc_raw(sizeof(*packet) + length);
    if (!packet)
        return NULL;
    *packet = (struct packet){ 0 }; // its data is read as far as it was written
    list_init(&packet->link);
    packet->from = from->name;
    packet->from_length = from->name_length;
    return packet;
}

long socket_send(struct socket *from, struct socket *to, struct transfer *transfer, struct file **files,
                 unsigned count)
{
    bool stream = from->type == SOCK_STREAM;
    if (!to || from->shut_write || to->shut_read)
        return -EPIPE;
    if (!stream && transfer->left > SOCKET_ROOM)
        return -EMSGSIZE;
    size_t room = SOCKET_ROOM > to->queued ? SOCKET_ROOM - to->queued : 0, length = transfer->left;
    if (stream && length > STREAM_PACKET)
        length = STREAM_PACKET;
    if (room == 0 || (!stream && room < length && to->queued > 0)) {
        from->full = true;
        return -EAGAIN;
    }
    if (stream && length > room)
        length = room;
    struct packet *packet = packet_create(from, length);
    if (!packet)
        return -ENOMEM;
    long got = length > 0 ? transfer_in(transfer, packet->data, length) : 0;
    if (got < 0 || (!stream && (size_t)got < length)) {
        packet_free(packet);
        return -EFAULT;
    }
    packet->length = (size_t)got;
    packet->files = files;
    packet->file_count = count;
    list_append(&to->packets, &packet->link);
    to->queued += packet->length;
    queue_wake(&to->queue, POLL_READABLE);
    async_notify(&to->queue, ASYNC_IN, NULL);
    return got;
}

static long socket_write(struct client *caller, struct file *file, struct transfer *transfer,
                         uint64_t *position)
{
    struct socket *socket = file->state;
    if (!socket->connected)
        return socket->type == SOCK_DGRAM ? -EDESTADDRREQ : -ENOTCONN;
    if (transfer->left == 0 && socket->type == SOCK_STREAM)
        return 0;
    long result;
    do
        result = socket_send(socket, socket->peer, transfer, NULL, 0);
    while (result >= 0 && transfer->left > 0 && socket->type == SOCK_STREAM);
    if (result == -EPIPE && socket->type == SOCK_DGRAM)
        return socket->shut_write ? -EPIPE : -ECONNREFUSED;
    if (result == -EPIPE && caller && !(transfer->flags & MSG_NOSIGNAL))
        caller->divert = DIVERT_RAISE + SIGPIPE;
    return result < 0 ? result : 0;
}

// --- receiving
struct packet *socket_first(struct socket *socket, bool *end)
{
    *end = false;
    if (!list_empty(&socket->packets))
        return list_first(&socket->packets, struct packet, link);
    bool peer_done =
        socket->type != SOCK_DGRAM && socket->connected && (!socket->peer || socket->peer->shut_write);
    *end = socket->shut_read || peer_done;
    return NULL;
}

static bool has_room(const struct socket *socket)
{
    return !socket->peer || socket->peer->queued < SOCKET_ROOM / 2;
}

static void room_made(struct socket *sender)
{
    queue_wake(&sender->queue, POLL_WRITABLE);
    if (!sender->full || !has_room(sender))
        return;
    sender->full = false;
    async_notify(&sender->queue, ASYNC_OUT, NULL);
}

static long socket_read(struct client *caller, struct file *file, struct transfer *transfer,
                        uint64_t *position)
{
    struct socket *socket = file->state;
    bool end;
    if (socket->listening || (!socket->connected && socket->type != SOCK_DGRAM))
        return socket->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
    struct packet *packet = socket_first(socket, &end);
    if (!packet)
        return end || transfer->left == 0 ? 0 : -EAGAIN;
    // Of a packet what does not fit is lost, but not for lack of frames.
    if (socket->type != SOCK_STREAM && transfer_prepare(transfer, packet->length) < 0)
        return -EFAULT;
    do {
        long got = transfer_out(transfer, packet->data + packet->taken, packet->length - packet->taken);
        if (got < 0)
            return got;
        packet->taken += (size_t)got;
        if (packet->taken < packet->length && socket->type == SOCK_STREAM)
            break;
        socket->queued -= packet->length;
        packet_free(packet);
        packet = socket_first(socket, &end);
        // Bytes with files start a new read, or the files would be lost among others.
    } while (packet && socket->type == SOCK_STREAM && transfer->left > 0 && packet->file_count == 0);
    queue_wake(&socket->queue, POLL_WRITABLE); // those who send here without a connection
    if (socket->peer)
        room_made(socket->peer);
    list_for_each(sender, &socket->senders, struct socket, sender_link) room_made(sender);
    return 0;
}

static unsigned socket_poll(struct file *file)
{
    struct socket *socket = file->state;
    unsigned events = 0;
    bool end;
    if (socket->listening)
        return list_empty(&socket->backlog) ? 0 : POLL_READABLE;
    if (socket_first(socket, &end) || end)
        events |= POLL_READABLE;
    if (end)
        events |= POLLRDHUP;
    if (socket->type != SOCK_DGRAM && (!socket->connected || !socket->peer || (end && socket->shut_write)))
        events |= POLLHUP;
    if (has_room(socket))
        events |= POLL_WRITABLE;
    return events;
}

static long socket_ioctl(struct client *caller, struct file *file, unsigned long command,
                         unsigned long argument)
{
    struct socket *socket = file->state;
    int length = 0;
    if (command != FIONREAD)
        return async_ioctl(caller, file, command, argument);
    if (socket->listening)
        return -EINVAL;
    list_for_each(packet, &socket->packets, struct packet, link)
    {
        length += (int)(packet->length - packet->taken);
        if (socket->type == SOCK_DGRAM)
            break;
    }
    return user_write(caller, argument, &length, sizeof(length));
}

static void socket_release(struct file *file) { socket_free(file->state); }

const struct file_operations socket_operations = {
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .release = socket_release,
    .async = async_any,
    .stream = true,
};

struct socket *socket_get(struct client *caller, int fd, struct file **file, long *error)
{
    *file = files_get(caller, fd);
    *error = !*file ? -EBADF : (*file)->operations != &socket_operations ? -ENOTSOCK : 0;
    return *error == 0 ? (*file)->state : NULL;
}

long socket_install(struct client *caller, struct socket *socket, unsigned flags)
{
    struct file *file =
        file_anonymous("socket:", S_IFSOCK | 0777, O_RDWR | (flags & O_NONBLOCK), &socket_operations);
    if (!file) {
        socket_free(socket);
        return -ENOMEM;
    }
    file->inode->uid = caller->identity.fsuid;
    file->inode->gid = caller->identity.fsgid;
    file->state = socket;
    file->queue = &socket->queue;
    long fd = files_add(caller, file, flags & O_CLOEXEC, 0);
    if (fd < 0)
        file_put(file);
    return fd;
}
