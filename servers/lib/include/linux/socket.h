// SPDX-License-Identifier: MIT
// Sockets: families, types, flags and structures (socket(2), unix(7), cmsg(3)); i386's socketcall(2) numbers.
#pragma once

#include <stdint.h>

#define AF_UNSPEC 0
#define AF_UNIX 1

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MASK 0xf

#define SOL_SOCKET 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_ACCEPTCONN 30
#define SO_PROTOCOL 38
#define SO_DOMAIN 39

#define SCM_RIGHTS 1

#define MSG_PEEK 2u
#define MSG_CTRUNC 8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_EOR 0x80u
#define MSG_NOSIGNAL 0x4000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

#define UNIX_PATH_MAX 108
#define SOCKET_BACKLOG_MAX 4096

struct linux_sockaddr_un {
    uint16_t sun_family;
    char sun_path[UNIX_PATH_MAX];
};

struct linux_msghdr {
    unsigned long msg_name;
    int32_t msg_namelen;
    unsigned long msg_iov, msg_iovlen, msg_control, msg_controllen;
    uint32_t msg_flags;
};

struct linux_cmsghdr {
    unsigned long cmsg_len;
    int32_t cmsg_level, cmsg_type;
};

struct linux_ucred {
    int32_t pid;
    uint32_t uid, gid;
};

enum {
    SOCKETCALL_SOCKET = 1,
    SOCKETCALL_BIND,
    SOCKETCALL_CONNECT,
    SOCKETCALL_LISTEN,
    SOCKETCALL_ACCEPT,
    SOCKETCALL_GETSOCKNAME,
    SOCKETCALL_GETPEERNAME,
    SOCKETCALL_SOCKETPAIR,
    SOCKETCALL_SEND,
    SOCKETCALL_RECV,
    SOCKETCALL_SENDTO,
    SOCKETCALL_RECVFROM,
    SOCKETCALL_SHUTDOWN,
    SOCKETCALL_SETSOCKOPT,
    SOCKETCALL_GETSOCKOPT,
    SOCKETCALL_SENDMSG,
    SOCKETCALL_RECVMSG,
    SOCKETCALL_ACCEPT4,
};
