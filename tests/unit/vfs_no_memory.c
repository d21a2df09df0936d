// SPDX-License-Identifier: MIT
// vfs on the fake kernel without memory: each allocation of a call in turn fails. A trial returns the call's error, or
// undoes what it did; what undoes is not to fail.

#include "vfs_fake.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/uio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../servers/vfs/calls.h"

static struct client *one;

static long done(long value)
{
    heap_failure_countdown = 0;
    return value;
}

static long closed(long fd)
{
    if (done(fd) >= 0)
        CALL(one, close, fd);
    return fd;
}

static long try_open(void)
{
    long fd = closed(CALL(one, open, "/oom", O_CREAT | O_RDWR, 0600));
    CALL(one, unlink, "/oom");
    return fd;
}

static long try_mkdir(void)
{
    long error = done(CALL(one, mkdir, "/oom", 0700));
    CALL(one, rmdir, "/oom");
    return error;
}

static long try_names(void)
{
    long error = CALL(one, symlink, "a target", "/oom");
    if (error == 0)
        error = CALL(one, rename, "/oom", "/a name that is so long that it is not kept in the record itself");
    if (error == 0)
        error = CALL(one, link, "/tmp-file", "/oom2");
    if (error == 0)
        error = CALL(one, mknod, "/fifo", S_IFIFO | 0600, 0);
    done(0);
    CALL(one, unlink, "/oom");
    CALL(one, unlink, "/a name that is so long that it is not kept in the record itself");
    CALL(one, unlink, "/oom2");
    CALL(one, unlink, "/fifo");
    return error;
}

static long try_pipe(void)
{
    int fds[2];
    long error = done(CALL(one, pipe2, fds, 0));
    if (error == 0) {
        CALL(one, close, fds[0]);
        CALL(one, close, fds[1]);
    }
    return error;
}

static long try_memfd(void)
{
    long fd = CALL(one, memfd_create, "m", 0);
    if (fd < 0)
        return fd;
    long error = CALL(one, write, fd, "bytes", 5);
    closed(fd);
    return error;
}

static long try_eventfd(void) { return closed(CALL(one, eventfd2, 1, 0)); }

static long try_timerfd(void) { return closed(CALL(one, timerfd_create, 1, 0)); }

static long try_epoll(void)
{
    struct {
        uint32_t events;
        uint64_t data;
    } __attribute__((packed)) event[2] = { { 1, 0 } };
    long set = CALL(one, epoll_create1, 0), counter = set < 0 ? set : CALL(one, eventfd2, 1, 0);
    long error = counter < 0 ? counter : CALL(one, epoll_ctl, set, 1, counter, event);
    closed(counter);
    closed(set);
    return error;
}

static long try_high_descriptor(void)
{
    struct client *client = fake_client(NULL, 0);
    if (!client)
        return -ENOMEM;
    long fd = CALL(client, open, "/tmp-file", O_RDONLY, 0);
    long error = fd < 0 ? fd : CALL(client, dup2, fd, 100);
    done(0);
    client_exit(client);
    return error;
}

static long try_locks(void)
{
    struct linux_flock lock = { .l_type = F_WRLCK, .l_len = 100 },
                       middle = { .l_type = F_UNLCK, .l_start = 50, .l_len = 10 };
    long fd = CALL(one, open, "/tmp-file", O_RDWR, 0);
    if (fd < 0)
        return fd;
    long error = CALL(one, fcntl, fd, F_SETLK, &lock);
    if (error == 0)
        error = CALL(one, fcntl, fd, F_SETLK, &middle);
    if (error == 0)
        error = CALL(one, flock, fd, 2);
    closed(fd);
    return error;
}

static long try_list(void)
{
    char entries[512];
    long fd = CALL(one, open, "/", O_RDONLY | O_DIRECTORY, 0);
    long error = fd < 0 ? fd : CALL(one, getdents64, fd, entries, sizeof(entries));
    closed(fd);
    return error;
}

static long try_vector(void)
{
    char bytes[3];
    struct linux_iovec parts[3] = { { (unsigned long)bytes, 1 },
                                    { (unsigned long)bytes, 1 },
                                    { (unsigned long)bytes, 1 } };
    long fd = CALL(one, open, "/tmp-file", O_RDONLY, 0);
    long error = fd < 0 ? fd : CALL(one, readv, fd, parts, 3);
    closed(fd);
    return error;
}

static long try_mount(void)
{
    long error = done(CALL(one, mount, "none", "/tmp-directory", "tmpfs", 0, 0));
    if (error == 0)
        CALL(one, umount2, "/tmp-directory", 0);
    return error;
}

static long try_clone(void)
{
    struct client *child = fake_client(one, 0);
    done(0);
    if (child)
        client_exit(child);
    return child ? 0 : -ENOMEM;
}

static void each_allocation_fails(void **state)
{
    static long (*const trials[])(void) = {
        try_open,  try_mkdir,           try_names, try_pipe, try_memfd,  try_eventfd, try_timerfd,
        try_epoll, try_high_descriptor, try_locks, try_list, try_vector, try_mount,   try_clone,
    };
    fake_start();
    one = fake_client(NULL, 0);
    CALL(one, close, CALL(one, open, "/tmp-file", O_CREAT | O_RDWR, 0644));
    CALL(one, mkdir, "/tmp-directory", 0755);
    for (unsigned i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trials[i]() >= 0);
        unsigned objects = fake_memory_objects, blocks = fake_blocks, n = 0;
        bool failed;
        do {
            heap_failure_countdown = ++n;
            long error = trials[i]();
            failed = error < 0;
            if (failed && error != -ENOMEM && error != -ENOLCK)
                fail_msg("trial %u, allocation %u: error %ld", i, n, error);
            if (fake_blocks != blocks)
                fail_msg("trial %u, allocation %u: %d blocks left", i, n, (int)(fake_blocks - blocks));
            assert_int_equal(fake_memory_objects, objects);
            for (int fd = 0; fd < 16; fd++)
                assert_null(files_get_any(one, fd));
        } while (failed);
        assert_true(n > 1);
    }
    CALL(one, unlink, "/tmp-file");
    CALL(one, rmdir, "/tmp-directory");
    client_exit(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
