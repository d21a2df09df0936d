// SPDX-License-Identifier: MIT
// Unix sockets (unix(7)). socket.c: ends and the bytes between them; socket_name.c: addresses, connecting and
// accepting; socket_calls.c: the send and receive calls, options, i386's socketcall.
#pragma once

#include <linux/socket.h>
#include "file.h"

#define SOCKET_ROOM 212992u // bytes on their way to one end (net.core.wmem_default)
#define PACKET_FILES 253    // SCM_MAX_FD

// What one send put on its way: a message, or some bytes of a stream.
struct packet {
    struct list link;
    size_t length, taken;
    unsigned file_count;
    struct file **files; // references, NULL: none
    struct linux_sockaddr_un from;
    unsigned from_length;
    char data[];
};

struct socket {
    struct wait_queue queue;
    int type;
    bool listening, connected, shut_read, shut_write;
    bool full;           // a send found no room: the owner hears when there is some (O_ASYNC)
    struct socket *peer; // where packets go; NULL: none, or gone
    struct list packets; // to be read here
    size_t queued;
    struct linux_ucred credentials, peer_credentials;
    // Name
    struct list link; // bound ones
    struct linux_sockaddr_un name, peer_name;
    unsigned name_length, peer_name_length;
    struct inode *inode; // of a path name: reference
    // Listening: ends that connect() made and accept() has not fetched.
    struct list backlog, backlog_link;
    unsigned waiting, backlog_limit;
    struct list senders; // datagram sockets whose peer this is
    struct list sender_link;
};

extern const struct file_operations socket_operations;

struct socket *socket_create(struct client *caller, int type);
void socket_free(struct socket *socket);
void socket_join(struct socket *a, struct socket *b); // makes two ends of a connection
void socket_bound(struct socket *socket);             // it has its name
void socket_aim(struct socket *socket,
                struct socket *peer); // one direction: a datagram socket's default target
struct socket *socket_get(struct client *caller, int fd, struct file **file, long *error);
// A file over a socket, placed in the caller's table. Frees the socket if it fails.
long socket_install(struct client *caller, struct socket *socket, unsigned flags);
struct socket *socket_named(const struct linux_sockaddr_un *name, unsigned length, const struct inode *inode);

// Sends one packet with files (taken over on success) to `to`. -> bytes, -EAGAIN, -EMSGSIZE, -EPIPE, -ENOMEM
long socket_send(struct socket *from, struct socket *to, struct transfer *transfer, struct file **files,
                 unsigned count);
// -> the packet that a read starts with; NULL: none, *end says whether none will come
struct packet *socket_first(struct socket *socket, bool *end);
void packet_free(struct packet *packet);
// Address in the caller's memory. -> its length, and the socket that has it in *found (NULL: none; not looked for if found is NULL)
long socket_address(struct client *caller, unsigned long from, unsigned long length,
                    struct linux_sockaddr_un *name);
long socket_lookup(struct client *caller, const struct linux_sockaddr_un *name, unsigned length,
                   struct socket **found);
long socket_put_address(struct client *caller, const struct linux_sockaddr_un *name, unsigned length,
                        unsigned long to, unsigned long length_to);
