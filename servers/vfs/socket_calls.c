// SPDX-License-Identifier: MIT
// Making sockets, sending and receiving with addresses and files, options; i386's socketcall unpacks to the same.

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <string.h>
#include "async.h"
#include "calls.h"
#include "socket.h"

#define SIGPIPE 13
#define ALIGN_CONTROL(length) (((length) + sizeof(long) - 1) & ~(sizeof(long) - 1))

// -> SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET, or an error
static long kind_of(unsigned long family, unsigned long type, unsigned long protocol)
{
    if (family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (type & ~(unsigned long)(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    type &= SOCK_TYPE_MASK;
    if (type == SOCK_RAW) // another word for it, as in BSD
        return SOCK_DGRAM;
    return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET ? (long)type
                                                                               : -ESOCKTNOSUPPORT;
}

long call_socket(struct client *caller, const unsigned long args[6])
{
    long type = kind_of(args[0], args[1], args[2]);
    if (type < 0)
        return type;
    struct socket *socket = socket_create(caller, (int)type);
    return socket ? socket_install(caller, socket, (unsigned)args[1]) : -ENOMEM;
}

long call_socketpair(struct client *caller, const unsigned long args[6])
{
    long type = kind_of(args[0], args[1], args[2]);
    if (type < 0)
        return type;
    struct socket *a = socket_create(caller, (int)type), *b = socket_create(caller, (int)type);
    if (!a || !b) {
        if (a)
            socket_free(a);
        if (b)
            socket_free(b);
        return -ENOMEM;
    }
    socket_join(a, b);
    int32_t fds[2];
    long first = socket_install(caller, a, (unsigned)args[1]);
    if (first < 0) {
        socket_free(b);
        return first;
    }
    long second = socket_install(caller, b, (unsigned)args[1]);
    fds[0] = (int32_t)first;
    fds[1] = (int32_t)second;
    long error = second < 0 ? second : user_write(caller, args[3], fds, sizeof(fds));
    if (error < 0) {
        files_close(caller, (int)first);
        if (second >= 0)
            files_close(caller, (int)second);
    }
    return error;
}

// --- sending
struct sending {
    struct linux_msghdr header;
    struct linux_sockaddr_un name;
    struct file **files;
    unsigned file_count;
    unsigned flags;
};

static void put_files(struct sending *sending)
{
    for (unsigned i = 0; sending->files && i < sending->file_count; i++)
        file_put(sending->files[i]);
    heap_free(sending->files);
    sending->files = NULL;
    sending->file_count = 0;
}

// SCM_RIGHTS: descriptors become references.
static long take_files(struct client *caller, struct sending *sending, unsigned long from, size_t length)
{
    size_t count = length / sizeof(int32_t);
    if (count > PACKET_FILES || sending->files)
        return -EINVAL;
    sending->files = count ? heap_alloc(count * sizeof(*sending->files)) : NULL;
    if (count && !sending->files)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int32_t fd;
        if (user_read(caller, &fd, from + i * sizeof(fd), sizeof(fd)) < 0)
            return -EFAULT;
        struct file *file = files_get(caller, fd);
        if (!file)
            return -EBADF;
        sending->files[sending->file_count++] = file_get(file);
    }
    return 0;
}

static long read_control(struct client *caller, struct sending *sending)
{
    unsigned long at = sending->header.msg_control, left = sending->header.msg_controllen;
    while (at && left >= sizeof(struct linux_cmsghdr)) {
        struct linux_cmsghdr header;
        if (user_read(caller, &header, at, sizeof(header)) < 0)
            return -EFAULT;
        if (header.cmsg_len < sizeof(header) || header.cmsg_len > left)
            return -EINVAL;
        long error = 0;
        if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS)
            error = take_files(caller, sending, at + sizeof(header), header.cmsg_len - sizeof(header));
        if (error < 0)
            return error;
        unsigned long step = ALIGN_CONTROL(header.cmsg_len);
        at += step;
        left = left > step ? left - step : 0;
    }
    return 0;
}

// One packet, all or nothing; run again when there is room.
static long send_packet(struct client *caller, struct file *file, struct socket *to, struct sending *sending,
                        struct transfer *transfer, call_handler *again, const unsigned long *args)
{
    struct socket *socket = file->state;
    long result = socket_send(socket, to, transfer, sending->files, sending->file_count);
    if (result >= 0) {
        sending->files = NULL; // the packet's now
        sending->file_count = 0;
    }
    if (result == -EPIPE && socket->type == SOCK_DGRAM && !socket->shut_write)
        return -ECONNREFUSED;
    if (result == -EPIPE && !(sending->flags & MSG_NOSIGNAL))
        caller->divert = DIVERT_RAISE + SIGPIPE;
    if (result == -EAGAIN && !(sending->flags & MSG_DONTWAIT) && !(file->flags & O_NONBLOCK))
        return park_redo(caller, again, args, file, &to->queue, POLL_WRITABLE); // woken when it reads
    return result;
}

static long send_message(struct client *caller, struct file *file, struct sending *sending,
                         struct transfer *transfer, call_handler *again, const unsigned long *args)
{
    struct socket *socket = file->state, *to = socket->peer;
    if (sending->header.msg_name && socket->type == SOCK_DGRAM) {
        long length = socket_address(caller, sending->header.msg_name, (unsigned)sending->header.msg_namelen,
                                     &sending->name);
        long error = length < 0 ? length : socket_lookup(caller, &sending->name, (unsigned)length, &to);
        if (error < 0)
            return error;
    } else if (!socket->connected) {
        return socket->type == SOCK_DGRAM ? -EDESTADDRREQ : -ENOTCONN;
    }
    return send_packet(caller, file, to, sending, transfer, again, args);
}

// Bytes alone over a connection are a write; all else is a packet.
static bool is_plain(const struct socket *socket, const struct sending *sending)
{
    return socket->type == SOCK_STREAM && sending->file_count == 0 && !(sending->flags & MSG_DONTWAIT);
}

static long do_send(struct client *caller, struct file *file, struct sending *sending,
                    struct transfer *transfer, call_handler *again, const unsigned long *args)
{
    struct socket *socket = file->state;
    transfer->flags = sending->flags;
    if (is_plain(socket, sending))
        return file_transfer(caller, file, transfer, NULL, true);
    long result = send_message(caller, file, sending, transfer, again, args);
    transfer_release(transfer);
    return result;
}

long call_sendto(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    struct transfer transfer;
    long error;
    if (!socket_get(caller, (int)args[0], &file, &error))
        return error;
    struct sending sending = { .header = { .msg_name = args[4], .msg_namelen = (int32_t)args[5] },
                               .flags = (unsigned)args[3] };
    transfer_init(&transfer, caller, args[1], args[2]);
    return do_send(caller, file, &sending, &transfer, call_sendto, args);
}

long call_sendmsg(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    struct transfer transfer;
    struct sending sending = { .flags = (unsigned)args[2] };
    long error;
    if (!socket_get(caller, (int)args[0], &file, &error))
        return error;
    if (user_read(caller, &sending.header, args[1], sizeof(sending.header)) < 0)
        return -EFAULT;
    error = transfer_vector(&transfer, caller, sending.header.msg_iov, sending.header.msg_iovlen);
    if (error < 0)
        return error;
    error = read_control(caller, &sending);
    if (error == 0)
        error = do_send(caller, file, &sending, &transfer, call_sendmsg, args);
    else
        transfer_release(&transfer);
    put_files(&sending);
    return error;
}

// --- receiving
struct receiving {
    struct linux_msghdr header; // name, control: where to put them; flags: what happened
    unsigned long name_length;  // address of a length, for recvfrom
    unsigned flags;
};

static unsigned long install_files(struct client *caller, struct packet *packet, struct receiving *receiving)
{
    unsigned long to = receiving->header.msg_control, room = receiving->header.msg_controllen;
    unsigned fit = to && room >= sizeof(struct linux_cmsghdr)
                       ? (unsigned)((room - sizeof(struct linux_cmsghdr)) / sizeof(int32_t))
                       : 0;
    unsigned done = 0;
    for (; done < packet->file_count && done < fit; done++) {
        struct file *file = file_get(packet->files[done]);
        int32_t fd = (int32_t)files_add(caller, file, receiving->flags & MSG_CMSG_CLOEXEC, 0);
        if (fd < 0) {
            file_put(file);
            break;
        }
        user_write(caller, to + sizeof(struct linux_cmsghdr) + done * sizeof(fd), &fd, sizeof(fd));
    }
    if (done < packet->file_count)
        receiving->header.msg_flags |= MSG_CTRUNC;
    if (done == 0)
        return 0;
    struct linux_cmsghdr header = { sizeof(header) + done * sizeof(int32_t), SOL_SOCKET, SCM_RIGHTS };
    user_write(caller, to, &header, sizeof(header));
    unsigned long used = ALIGN_CONTROL(header.cmsg_len);
    return used < room ? used : room;
}

static long put_name(struct client *caller, struct socket *socket, struct packet *packet,
                     struct receiving *receiving)
{
    unsigned length = socket->type == SOCK_DGRAM ? packet->from_length : 0;
    if (!receiving->header.msg_name)
        return 0;
    if (receiving->name_length)
        return socket_put_address(caller, &packet->from, length, receiving->header.msg_name,
                                  receiving->name_length);
    if (length > (unsigned)receiving->header.msg_namelen)
        length = (unsigned)receiving->header.msg_namelen;
    receiving->header.msg_namelen = (int32_t)length;
    return user_write(caller, receiving->header.msg_name, &packet->from, length);
}

static long receive_bytes(struct client *caller, struct file *file, struct packet *packet,
                          struct receiving *receiving, struct transfer *transfer)
{
    struct socket *socket = file->state;
    size_t length = packet->length - packet->taken;
    if (receiving->flags & MSG_PEEK) {
        long got = transfer_out(transfer, packet->data + packet->taken, length);
        return got < 0 ? got : (long)transfer->done;
    }
    if (socket->type != SOCK_STREAM && length > transfer->left)
        receiving->header.msg_flags |= MSG_TRUNC;
    uint64_t position = 0;
    long error = socket_operations.read(caller, file, transfer, &position);
    if (error < 0 && transfer->done == 0)
        return error;
    return receiving->flags & MSG_TRUNC && socket->type != SOCK_STREAM ? (long)length : (long)transfer->done;
}

// What is received cannot be given back: its place is there before, as far as frames go.
static bool reachable(struct client *caller, unsigned long address, size_t length)
{
    return !address || user_prepare(caller, address, length, ACCESS_WRITE) == 0 || !caller->starved;
}

static bool prepare(struct client *caller, const struct packet *packet, const struct receiving *receiving,
                    struct transfer *transfer)
{
    const struct linux_msghdr *header = &receiving->header;
    size_t control = packet->file_count ? header->msg_controllen : 0;
    return reachable(caller, header->msg_name, sizeof(packet->from)) &&
           reachable(caller, receiving->name_length, sizeof(int32_t)) &&
           reachable(caller, control ? header->msg_control : 0, control) &&
           transfer_prepare(transfer, packet->length) == 0;
}

static long do_receive(struct client *caller, struct file *file, struct receiving *receiving,
                       struct transfer *transfer, call_handler *again, const unsigned long *args)
{
    struct socket *socket = file->state;
    bool end;
    receiving->header.msg_flags = 0;
    if (socket->listening || (!socket->connected && socket->type != SOCK_DGRAM))
        return socket->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
    struct packet *packet = socket_first(socket, &end);
    if (!packet && !end) {
        if (receiving->flags & MSG_DONTWAIT || file->flags & O_NONBLOCK)
            return -EAGAIN;
        return park_redo(caller, again, args, file, NULL, POLL_READABLE | POLLRDHUP);
    }
    unsigned long control = 0;
    long result = 0;
    if (packet && !prepare(caller, packet, receiving, transfer))
        return -EFAULT;
    if (packet) {
        result = put_name(caller, socket, packet, receiving);
        if (result == 0 && packet->file_count > 0)
            control = install_files(caller, packet, receiving);
        if (result == 0 && packet->file_count > 0 && !(receiving->flags & MSG_PEEK)) {
            // The files are delivered once, with the packet's first bytes.
            for (unsigned i = 0; i < packet->file_count; i++)
                file_put(packet->files[i]);
            packet->file_count = 0;
        }
        if (result == 0)
            result = receive_bytes(caller, file, packet, receiving, transfer);
    }
    receiving->header.msg_controllen = control;
    return result;
}

long call_recvfrom(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    struct transfer transfer;
    long error;
    if (!socket_get(caller, (int)args[0], &file, &error))
        return error;
    struct receiving receiving = { .header = { .msg_name = args[4] },
                                   .name_length = args[5],
                                   .flags = (unsigned)args[3] };
    transfer_init(&transfer, caller, args[1], args[2]);
    return do_receive(caller, file, &receiving, &transfer, call_recvfrom, args);
}

long call_recvmsg(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    struct transfer transfer;
    struct receiving receiving = { .flags = (unsigned)args[2] };
    long error;
    if (!socket_get(caller, (int)args[0], &file, &error))
        return error;
    if (user_read(caller, &receiving.header, args[1], sizeof(receiving.header)) < 0)
        return -EFAULT;
    if (!reachable(caller, args[1], sizeof(receiving.header)))
        return -EFAULT;
    error = transfer_vector(&transfer, caller, receiving.header.msg_iov, receiving.header.msg_iovlen);
    if (error < 0)
        return error;
    long result = do_receive(caller, file, &receiving, &transfer, call_recvmsg, args);
    transfer_release(&transfer);
    if (result >= 0 && user_write(caller, args[1], &receiving.header, sizeof(receiving.header)) < 0)
        return -EFAULT;
    return result;
}

// --- the rest
long call_shutdown(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    if (args[1] > SHUT_RDWR)
        return -EINVAL;
    if (!socket->connected && !socket->listening)
        return -ENOTCONN;
    if (args[1] != SHUT_WR)
        socket->shut_read = true;
    if (args[1] != SHUT_RD)
        socket->shut_write = true;
    queue_wake(&socket->queue, POLL_READABLE | POLL_WRITABLE | POLLRDHUP | POLLHUP);
    if (!socket->peer)
        return 0;
    queue_wake(&socket->peer->queue, POLL_READABLE | POLL_WRITABLE | POLLRDHUP | POLLHUP);
    if (socket->type != SOCK_DGRAM && args[1] != SHUT_RD)
        async_notify(&socket->peer->queue, args[1] == SHUT_RDWR ? ASYNC_HUP : ASYNC_IN, NULL);
    return 0;
}

long call_setsockopt(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    if (!socket_get(caller, (int)args[0], &file, &error))
        return error;
    if (args[1] != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (args[2]) {
    case SO_REUSEADDR:
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_KEEPALIVE:
    case SO_PASSCRED:
        return args[4] < sizeof(int) ? -EINVAL : 0; // accepted, without effect between unix sockets
    default: return -ENOPROTOOPT;
    }
}

static long put_option(struct client *caller, const unsigned long args[6], const void *value, size_t size)
{
    int32_t room;
    if (user_read(caller, &room, args[4], sizeof(room)) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if ((size_t)room > size)
        room = (int32_t)size;
    if (user_write(caller, args[3], value, (size_t)room) < 0)
        return -EFAULT;
    return user_write(caller, args[4], &room, sizeof(room));
}

long call_getsockopt(struct client *caller, const unsigned long args[6])
{
    struct file *file;
    long error;
    struct socket *socket = socket_get(caller, (int)args[0], &file, &error);
    if (!socket)
        return error;
    if (args[1] != SOL_SOCKET)
        return -EOPNOTSUPP;
    int value = 0;
    switch (args[2]) {
    case SO_TYPE: value = socket->type; break;
    case SO_DOMAIN: value = AF_UNIX; break;
    case SO_ACCEPTCONN: value = socket->listening; break;
    case SO_SNDBUF:
    case SO_RCVBUF: value = SOCKET_ROOM; break;
    case SO_ERROR:
    case SO_PROTOCOL:
    case SO_REUSEADDR:
    case SO_KEEPALIVE:
    case SO_PASSCRED: break;
    case SO_PEERCRED:
        return put_option(caller, args, &socket->peer_credentials, sizeof(socket->peer_credentials));
    default: return -ENOPROTOOPT;
    }
    return put_option(caller, args, &value, sizeof(value));
}

long call_socketcall(struct client *caller, const unsigned long args[6])
{
    static const struct {
        call_handler *handler;
        unsigned count;
    } calls[] = {
        [SOCKETCALL_SOCKET] = { call_socket, 3 },
        [SOCKETCALL_BIND] = { call_bind, 3 },
        [SOCKETCALL_CONNECT] = { call_connect, 3 },
        [SOCKETCALL_LISTEN] = { call_listen, 2 },
        [SOCKETCALL_ACCEPT] = { call_accept, 3 },
        [SOCKETCALL_GETSOCKNAME] = { call_getsockname, 3 },
        [SOCKETCALL_GETPEERNAME] = { call_getpeername, 3 },
        [SOCKETCALL_SOCKETPAIR] = { call_socketpair, 4 },
        [SOCKETCALL_SEND] = { call_sendto, 4 },
        [SOCKETCALL_RECV] = { call_recvfrom, 4 },
        [SOCKETCALL_SENDTO] = { call_sendto, 6 },
        [SOCKETCALL_RECVFROM] = { call_recvfrom, 6 },
        [SOCKETCALL_SHUTDOWN] = { call_shutdown, 2 },
        [SOCKETCALL_SETSOCKOPT] = { call_setsockopt, 5 },
        [SOCKETCALL_GETSOCKOPT] = { call_getsockopt, 5 },
        [SOCKETCALL_SENDMSG] = { call_sendmsg, 3 },
        [SOCKETCALL_RECVMSG] = { call_recvmsg, 3 },
        [SOCKETCALL_ACCEPT4] = { call_accept4, 4 },
    };
    unsigned long unpacked[6] = { 0 };
    if (args[0] == 0 || args[0] >= sizeof(calls) / sizeof(calls[0]) || !calls[args[0]].handler)
        return -EINVAL;
    if (user_read(caller, unpacked, args[1], calls[args[0]].count * sizeof(long)) < 0)
        return -EFAULT;
    return calls[args[0]].handler(caller, unpacked);
}
