// SPDX-License-Identifier: MIT
// The Linux calls that vfs answers: one list, from which prototypes and the dispatch table come.
#pragma once

#include "client.h"

// clang-format off
#define VFS_CALLS(X) \
    X(read) X(write) X(readv) X(writev) X(pread64) X(pwrite64) X(preadv) X(pwritev) X(preadv2) X(pwritev2) \
    X(lseek) X(_llseek) X(sendfile) X(sendfile64) X(copy_file_range) \
    X(open) X(creat) X(openat) X(openat2) X(close) X(close_range) X(memfd_create) \
    X(dup) X(dup2) X(dup3) X(fcntl) X(fcntl64) X(ioctl) X(flock) \
    X(pipe) X(pipe2) \
    X(chdir) X(fchdir) X(getcwd) X(chroot) X(umask) X(mount) X(umount) X(umount2) \
    X(oldstat) X(oldlstat) X(oldfstat) X(stat) X(lstat) X(fstat) X(stat64) X(lstat64) X(fstat64) \
    X(fstatat64) X(newfstatat) X(statx) X(statfs) X(fstatfs) X(statfs64) X(fstatfs64) \
    X(access) X(faccessat) X(faccessat2) X(readlink) X(readlinkat) \
    X(mknod) X(mknodat) X(mkdir) X(mkdirat) X(rmdir) X(unlink) X(unlinkat) X(link) X(linkat) X(symlink) \
    X(symlinkat) X(rename) X(renameat) X(renameat2) X(getdents) X(getdents64) X(old_readdir) \
    X(chmod) X(fchmod) X(fchmodat) X(chown) X(lchown) X(fchown) X(fchownat) X(chown16) X(lchown16) X(fchown16) \
    X(utime) X(utimes) X(futimesat) X(utimensat) X(utimensat_time64) \
    X(truncate) X(ftruncate) X(truncate64) X(ftruncate64) X(fallocate) X(fadvise64) X(fadvise64_64) X(readahead) \
    X(sync) X(fsync) X(fdatasync) X(syncfs) X(sync_file_range) \
    X(setxattr) X(lsetxattr) X(fsetxattr) X(getxattr) X(lgetxattr) X(fgetxattr) X(listxattr) X(llistxattr) \
    X(flistxattr) X(removexattr) X(lremovexattr) X(fremovexattr) \
    X(poll) X(restart_syscall) X(ppoll) X(ppoll_time64) X(select) X(old_select) X(pselect6) X(pselect6_time64) \
    X(epoll_create) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait) X(epoll_pwait2) \
    X(eventfd) X(eventfd2) X(timerfd_create) X(timerfd_settime) X(timerfd_gettime) X(timerfd_settime64) \
    X(timerfd_gettime64) \
    X(socket) X(socketpair) X(bind) X(connect) X(listen) X(accept) X(accept4) X(getsockname) X(getpeername) X(sendto) \
    X(sendmsg) X(recvfrom) X(recvmsg) X(shutdown) X(setsockopt) X(getsockopt) X(socketcall)
// clang-format on

#define X(name) call_handler call_##name;
VFS_CALLS(X)
#undef X

// --- what handlers of several files share
// Path lookup of a name in the caller's memory.
int call_lookup(struct client *caller, int dirfd, unsigned long name, unsigned flags, struct path *path);
