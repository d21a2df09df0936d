// SPDX-License-Identifier: MIT
// vfs's calls on the fake kernel: paths, files, pipes, poll, locks, and that nothing is left over.

#include "vfs_fake.h"
#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include <setjmp.h>
#include <printf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../servers/vfs/calls.h"
#include "../../servers/vfs/cpio.h"
#include <linux/dirent.h>

static struct client *one, *two;

static int setup(void **state)
{
    fake_start();
    one = fake_client(NULL, 0);
    two = fake_client(one, 0);
    one->fs->umask = two->fs->umask = 0;
    return one && two ? 0 : -1;
}

static int teardown(void **state)
{
    client_exit(one);
    client_exit(two);
    return 0;
}

static void put_file(struct client *client, const char *name, const char *text)
{
    long fd = CALL(client, open, name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(CALL(client, write, fd, text, strlen(text)), strlen(text));
    assert_int_equal(CALL(client, close, fd), 0);
}

static void expect_file(struct client *client, const char *name, const char *text)
{
    char buffer[256] = { 0 };
    long fd = CALL(client, open, name, O_RDONLY, 0);
    assert_true(fd >= 0);
    assert_int_equal(CALL(client, read, fd, buffer, sizeof(buffer)), strlen(text));
    assert_string_equal(buffer, text);
    CALL(client, close, fd);
}

static void test_paths(void **state)
{
    char buffer[64];
    assert_int_equal(CALL(one, mkdir, "/p", 0755), 0);
    assert_int_equal(CALL(one, mkdir, "/p/q/", 0755), 0);
    assert_int_equal(CALL(one, mkdir, "/p", 0755), -EEXIST);
    put_file(one, "/p/q/f", "hello");
    expect_file(one, "/p/./q/../q//f", "hello");
    expect_file(one, "/../p/q/f", "hello");
    assert_int_equal(CALL(one, open, "/p/q/f/", O_RDONLY), -ENOTDIR);
    assert_int_equal(CALL(one, open, "/p/q/f/x", O_RDONLY), -ENOTDIR);
    assert_int_equal(CALL(one, open, "/p/none/x", O_RDONLY), -ENOENT);
    assert_int_equal(CALL(one, open, "", O_RDONLY), -ENOENT);
    assert_int_equal(CALL(one, open, "/p", O_WRONLY), -EISDIR);
    assert_int_equal(CALL(one, open, "/p/n/", O_CREAT | O_WRONLY, 0644), -EISDIR);
    assert_int_equal(CALL(one, symlink, "q/f", "/p/l"), 0);
    expect_file(one, "/p/l", "hello");
    assert_int_equal(CALL(one, readlink, "/p/l", buffer, sizeof(buffer)), 3);
    assert_int_equal(CALL(one, open, "/p/l", O_RDONLY | O_NOFOLLOW), -ELOOP);
    assert_int_equal(CALL(one, open, "/p/l", O_CREAT | O_EXCL | O_RDONLY), -EEXIST);
    assert_int_equal(CALL(one, symlink, "loop", "/p/loop"), 0);
    assert_int_equal(CALL(one, open, "/p/loop", O_RDONLY), -ELOOP);
    assert_int_equal(CALL(one, open, "/p/loop", O_CREAT | O_RDWR, 0600), -ELOOP);
    assert_int_equal(CALL(one, symlink, "/p/made", "/p/dangling"), 0);
    put_file(one, "/p/dangling", "through");
    expect_file(one, "/p/made", "through");
    assert_int_equal(CALL(one, symlink, "q/", "/p/ql"), 0);
    expect_file(one, "/p/ql/f", "hello");
    assert_int_equal(CALL(one, chdir, "/p/ql"), 0);
    assert_int_equal(CALL(one, getcwd, buffer, sizeof(buffer)), 5);
    assert_string_equal(buffer, "/p/q");
    assert_int_equal(CALL(one, getcwd, buffer, 4), -ERANGE);
    expect_file(one, "../l", "hello");
    assert_int_equal(CALL(one, chdir, "/"), 0);
    assert_int_equal(CALL(one, unlink, "/p/q"), -EISDIR);
    assert_int_equal(CALL(one, rmdir, "/p/q"), -ENOTEMPTY);
    assert_int_equal(CALL(one, rmdir, "/p/l"), -ENOTDIR);
    const char *names[] = { "/p/q/f", "/p/l", "/p/loop", "/p/made", "/p/dangling", "/p/ql" };
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(CALL(one, unlink, names[i]), 0);
    assert_int_equal(CALL(one, rmdir, "/p/q"), 0);
    assert_int_equal(CALL(one, rmdir, "/p"), 0);
}

static void test_rename(void **state)
{
    put_file(one, "/ra", "a");
    put_file(one, "/rb", "b");
    assert_int_equal(CALL(one, rename, "/ra", "/rb"), 0);
    expect_file(one, "/rb", "a");
    assert_int_equal(CALL(one, open, "/ra", O_RDONLY), -ENOENT);
    put_file(one, "/ra", "other, with a long name to come");
    assert_int_equal(CALL(one, renameat2, AT_FDCWD, "/ra", AT_FDCWD, "/rb", RENAME_NOREPLACE), -EEXIST);
    assert_int_equal(CALL(one, renameat2, AT_FDCWD, "/ra", AT_FDCWD, "/rb", RENAME_EXCHANGE), 0);
    expect_file(one, "/ra", "a");
    expect_file(one, "/rb", "other, with a long name to come");
    assert_int_equal(CALL(one, mkdir, "/rd", 0755), 0);
    assert_int_equal(CALL(one, mkdir, "/rd/sub", 0755), 0);
    assert_int_equal(CALL(one, rename, "/rd", "/rd/sub/x"), -EINVAL);
    assert_int_equal(CALL(one, rename, "/ra", "/rd"), -EISDIR);
    assert_int_equal(CALL(one, rename, "/rd", "/ra"), -ENOTDIR);
    assert_int_equal(CALL(one, rename, "/ra", "/rd/sub/a-much-longer-name-than-before"), 0);
    expect_file(one, "/rd/sub/a-much-longer-name-than-before", "a");
    assert_int_equal(CALL(one, chdir, "/rd/sub"), 0);
    assert_int_equal(CALL(one, rename, "/rd/sub", "/moved"), 0);
    expect_file(one, "a-much-longer-name-than-before", "a");
    char cwd[32];
    CALL(one, getcwd, cwd, sizeof(cwd));
    assert_string_equal(cwd, "/moved");
    assert_int_equal(CALL(one, link, "a-much-longer-name-than-before", "/ln"), 0);
    assert_int_equal(CALL(one, rename, "/ln", "/moved/a-much-longer-name-than-before"), 0);
    expect_file(one, "/ln", "a");
    CALL(one, unlink, "/ln");
    CALL(one, unlink, "a-much-longer-name-than-before");
    assert_int_equal(CALL(one, rmdir, "/moved"), 0);
    assert_int_equal(CALL(one, getcwd, cwd, sizeof(cwd)), -ENOENT);
    assert_int_equal(CALL(one, open, "new", O_CREAT | O_RDWR, 0600), -ENOENT);
    assert_int_equal(CALL(one, chdir, "/"), 0);
    assert_int_equal(CALL(one, rmdir, "/rd"), 0);
    assert_int_equal(CALL(one, unlink, "/rb"), 0);
}

static void test_data(void **state)
{
    static char big[20000], back[20000];
    unsigned objects = fake_memory_objects;
    size_t pages = fake_pages_left;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7);
    long fd = CALL(one, open, "/data", O_CREAT | O_RDWR, 0600);
    assert_int_equal(CALL(one, write, fd, big, sizeof(big)), sizeof(big));
    assert_int_equal(CALL(one, pread64, fd, back, sizeof(back), 0), sizeof(back));
    assert_memory_equal(big, back, sizeof(big));
    assert_int_equal(CALL(one, lseek, fd, 100000, SEEK_SET), 100000);
    assert_int_equal(CALL(one, write, fd, "end", 3), 3);
    assert_int_equal(CALL(one, pread64, fd, back, 10, 50000), 10);
    assert_int_equal(back[3], 0);
    assert_int_equal(CALL(one, ftruncate, fd, 5000), 0);
    assert_int_equal(CALL(one, ftruncate, fd, 9000), 0);
    assert_int_equal(CALL(one, pread64, fd, back, 1000, 4900), 1000);
    assert_memory_equal(back, big + 4900, 100);
    assert_int_equal(back[100], 0);
    struct linux_iovec vector[3] = { { (unsigned long)back, 3 }, { 0, 0 }, { (unsigned long)back + 10, 5 } };
    assert_int_equal(CALL(one, lseek, fd, 0, SEEK_SET), 0);
    assert_int_equal(CALL(one, readv, fd, vector, 3), 8);
    assert_memory_equal(back + 10, big + 3, 5);
    assert_int_equal(CALL(one, read, fd, 8, 10), -EFAULT);
    assert_int_equal(CALL(one, unlink, "/data"), 0);
    assert_int_equal(CALL(one, pread64, fd, back, 1, 0), 1); // lives while it is open
    assert_int_equal(CALL(one, close, fd), 0);
    assert_int_equal(fake_memory_objects, objects);
    assert_int_equal(fake_pages_left, pages);
}

static void test_full(void **state)
{
    static char page[PAGE_SIZE];
    size_t saved = fake_pages_left;
    fake_pages_left = 3;
    long fd = CALL(one, open, "/full", O_CREAT | O_RDWR, 0600), written = 0, result;
    while ((result = CALL(one, write, fd, page, sizeof(page))) > 0)
        written += result;
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(written, 3 * PAGE_SIZE);
    assert_int_equal(CALL(one, lseek, fd, 0, SEEK_END), written);
    CALL(one, ftruncate, fd, 0);
    assert_int_equal(fake_pages_left, 3);
    CALL(one, close, fd);
    CALL(one, unlink, "/full");
    fake_pages_left = saved;
}

static void test_pipe(void **state)
{
    int fds[2];
    static char big[200000], out[200000];
    assert_int_equal(CALL(one, pipe2, fds, 0), 0);
    struct client *reader = fake_client(one, VFS_SHARE_FILES);
    assert_int_equal(CALL(reader, read, fds[0], out, 100), NO_REPLY);
    assert_int_equal(CALL(one, write, fds[1], "xyz", 3), 3);
    assert_true(fake_answered(reader));
    memset(out, 0, sizeof(out));
    // A large write goes on as the reader takes.
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 13 + i / 251);
    assert_int_equal(CALL(one, write, fds[1], big, sizeof(big)), NO_REPLY);
    size_t got = 0;
    while (got < sizeof(big)) {
        long part = CALL(reader, read, fds[0], out + got, sizeof(out) - got);
        assert_true(part > 0);
        got += (size_t)part;
    }
    assert_true(one->token == 0);
    assert_memory_equal(big, out, sizeof(big));
    // The end.
    assert_int_equal(CALL(reader, read, fds[0], out, 100), NO_REPLY);
    assert_int_equal(CALL(one, close, fds[1]), 0);
    assert_true(fake_answered(reader));
    assert_int_equal(CALL(one, close, fds[0]), 0);
    assert_int_equal(CALL(one, pipe2, fds, O_NONBLOCK), 0);
    assert_int_equal(CALL(one, read, fds[0], out, 1), -EAGAIN);
    assert_int_equal(CALL(one, write, fds[1], big, sizeof(big)), 65536);
    assert_int_equal(CALL(one, write, fds[1], big, 1), -EAGAIN);
    CALL(one, close, fds[0]);
    assert_int_equal(CALL(one, write, fds[1], big, 1), -EPIPE);
    assert_int_equal(last_reply.divert, DIVERT_RAISE + 13);
    CALL(one, close, fds[1]);
    client_exit(reader);
}

static void test_interrupted(void **state)
{
    int fds[2];
    char buffer[4];
    assert_int_equal(CALL(one, pipe2, fds, 0), 0);
    assert_int_equal(CALL(one, read, fds[0], buffer, 4), NO_REPLY);
    park_cancel(one);
    assert_int_equal(last_reply.divert, DIVERT_RESTARTSYS);
    assert_int_equal(CALL(one, read, fds[0], buffer, 4), NO_REPLY);
    client_end_call(one);
    assert_int_equal(CALL(one, write, fds[1], "a", 1), 1);
    CALL(one, close, fds[0]);
    CALL(one, close, fds[1]);
}

static void test_fifo(void **state)
{
    assert_int_equal(CALL(one, mknod, "/fifo", S_IFIFO | 0600, 0), 0);
    assert_int_equal(CALL(one, open, "/fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
    assert_int_equal(CALL(one, open, "/fifo", O_RDONLY), NO_REPLY);
    long writer = CALL(two, open, "/fifo", O_WRONLY);
    assert_true(writer >= 0);
    assert_true(fake_answered(one));
    long reader = 0;
    while (!files_get(one, (int)reader))
        reader++;
    char buffer[8];
    assert_int_equal(CALL(two, write, writer, "hi", 2), 2);
    assert_int_equal(CALL(one, read, reader, buffer, 8), 2);
    CALL(two, close, writer);
    assert_int_equal(CALL(one, read, reader, buffer, 8), 0);
    CALL(one, close, reader);
    assert_int_equal(CALL(one, open, "/fifo", O_RDONLY), NO_REPLY);
    park_cancel(one);
    assert_int_equal(CALL(one, unlink, "/fifo"), 0);
}

static void test_poll(void **state)
{
    int fds[2];
    assert_int_equal(CALL(one, pipe2, fds, 0), 0);
    struct client *poller = fake_client(one, VFS_SHARE_FILES);
    struct linux_pollfd set[3] = { { fds[0], POLLIN, 0 }, { fds[1], POLLOUT, 0 }, { 99, POLLIN, 0 } };
    assert_int_equal(CALL(poller, poll, set, 3, -1), 2);
    assert_int_equal(set[1].revents, POLLOUT);
    assert_int_equal(set[2].revents, POLLNVAL);
    assert_int_equal(CALL(poller, poll, set, 1, -1), NO_REPLY);
    assert_int_equal(CALL(one, write, fds[1], "a", 1), 1);
    assert_true(fake_answered(poller));
    assert_int_equal(last_reply.value, 1);
    assert_int_equal(set[0].revents, POLLIN);
    char c;
    CALL(one, read, fds[0], &c, 1);
    assert_int_equal(CALL(poller, poll, set, 1, 50), NO_REPLY);
    assert_false(fake_answered(poller));
    fake_time += 60000000;
    assert_true(fake_answered(poller));
    assert_int_equal(last_reply.value, 0);
    unsigned long bits = 1ul << fds[0];
    struct linux_time_pair zero = { 0, 0 };
    assert_int_equal(CALL(poller, select, fds[0] + 1, &bits, 0, 0, &zero), 0);
    assert_int_equal(bits, 0);
    bits = 1ul << fds[0];
    CALL(one, close, fds[1]);
    assert_int_equal(CALL(poller, select, fds[0] + 1, &bits, 0, 0, &zero), 1);
    CALL(one, close, fds[0]);
    client_exit(poller);
}

static void test_epoll(void **state)
{
    struct linux_epoll_event event = { POLLIN, 77 }, out[2];
    long epoll = CALL(one, epoll_create1, 0), event_fd = CALL(one, eventfd2, 0, 0);
    assert_int_equal(CALL(one, epoll_ctl, epoll, EPOLL_CTL_ADD, event_fd, &event), 0);
    assert_int_equal(CALL(one, epoll_ctl, epoll, EPOLL_CTL_ADD, event_fd, &event), -EEXIST);
    assert_int_equal(CALL(one, epoll_wait, epoll, out, 2, 0), 0);
    struct client *waiter = fake_client(one, VFS_SHARE_FILES);
    assert_int_equal(CALL(waiter, epoll_wait, epoll, out, 2, -1), NO_REPLY);
    uint64_t value = 5;
    assert_int_equal(CALL(one, write, event_fd, &value, 8), 8);
    assert_true(fake_answered(waiter));
    assert_int_equal(out[0].data, 77);
    assert_int_equal(CALL(one, close, event_fd), 0);
    assert_int_equal(CALL(one, epoll_wait, epoll, out, 2, 0), 0);
    CALL(one, close, epoll);
    client_exit(waiter);
}

static void test_locks(void **state)
{
    put_file(one, "/lock", "0123456789");
    long a = CALL(one, open, "/lock", O_RDWR), b = CALL(two, open, "/lock", O_RDWR);
    struct linux_flock lock = { F_WRLCK, SEEK_SET, 0, 5, 0 }, other = { F_WRLCK, SEEK_SET, 4, 2, 0 };
    assert_int_equal(CALL(one, fcntl, a, F_SETLK, &lock), 0);
    assert_int_equal(CALL(two, fcntl, b, F_SETLK, &other), -EAGAIN);
    struct linux_flock query = other;
    assert_int_equal(CALL(two, fcntl, b, F_GETLK, &query), 0);
    assert_int_equal(query.l_start, 0);
    assert_int_equal(query.l_len, 5);
    assert_int_equal(query.l_pid, one->tgid);
    struct linux_flock far = { F_WRLCK, SEEK_SET, 8, 1, 0 };
    assert_int_equal(CALL(two, fcntl, b, F_SETLK, &far), 0);
    assert_int_equal(CALL(two, fcntl, b, F_SETLKW, &other), NO_REPLY);
    assert_int_equal(CALL(one, fcntl, a, F_SETLKW, &far), -EDEADLOCK);
    lock.l_type = F_UNLCK;
    lock.l_start = 2;
    lock.l_len = 1; // splits: 0-1 and 3-4 stay
    assert_int_equal(CALL(one, fcntl, a, F_SETLK, &lock), 0);
    assert_false(fake_answered(two));
    CALL(one, close, a);
    assert_true(fake_answered(two));
    assert_int_equal(last_reply.value, 0);
    CALL(two, close, b);
    CALL(one, unlink, "/lock");
}

static void test_permissions(void **state)
{
    put_file(one, "/secret", "s");
    assert_int_equal(CALL(one, chmod, "/secret", 0600), 0);
    two->identity.fsuid = two->identity.uid = two->identity.euid = 1000;
    two->identity.fsgid = 1000;
    two->identity.capabilities = 0;
    assert_int_equal(CALL(two, open, "/secret", O_RDONLY), -EACCES);
    assert_int_equal(CALL(two, unlink, "/secret"), -EACCES);
    assert_int_equal(CALL(two, access, "/secret", R_OK), -EACCES);
    assert_int_equal(CALL(two, access, "/secret", 0), 0);
    assert_int_equal(CALL(two, chmod, "/secret", 0666), -EPERM);
    assert_int_equal(CALL(one, mkdir, "/sticky", 01777), 0);
    assert_int_equal(CALL(one, mkdir, "/sticky", 0), -EEXIST);
    put_file(one, "/sticky/root", "r");
    put_file(two, "/sticky/user", "u");
    assert_int_equal(CALL(two, unlink, "/sticky/root"), -EPERM);
    assert_int_equal(CALL(two, unlink, "/sticky/user"), 0);
    CALL(one, unlink, "/sticky/root");
    CALL(one, rmdir, "/sticky");
    CALL(one, unlink, "/secret");
}

static void test_mount(void **state)
{
    assert_int_equal(CALL(one, mkdir, "/m", 0755), 0);
    put_file(one, "/m/below", "b");
    assert_int_equal(CALL(one, mount, "none", "/m", "tmpfs", 0, "size=8k"), 0);
    assert_int_equal(CALL(one, open, "/m/below", O_RDONLY), -ENOENT);
    long fd = CALL(one, open, "/m/f", O_CREAT | O_RDWR, 0600);
    static char page[3 * PAGE_SIZE];
    assert_int_equal(CALL(one, write, fd, page, PAGE_SIZE), PAGE_SIZE);
    assert_int_equal(CALL(one, write, fd, page, PAGE_SIZE), PAGE_SIZE);
    assert_int_equal(CALL(one, write, fd, page, 1), -ENOSPC);
    assert_int_equal(CALL(one, ftruncate, fd, 0), 0);
    assert_int_equal(CALL(one, write, fd, page, 1), 1);
    assert_int_equal(CALL(one, umount2, "/m", 0), -EBUSY);
    CALL(one, close, fd);
    assert_int_equal(CALL(one, rename, "/m/f", "/f"), -EXDEV);
    assert_int_equal(CALL(one, rmdir, "/m"), -EBUSY);
    assert_int_equal(CALL(one, umount2, "/m", 0), 0);
    expect_file(one, "/m/below", "b");
    CALL(one, unlink, "/m/below");
    assert_int_equal(CALL(one, rmdir, "/m"), 0);
}

static void test_list(void **state)
{
    char name[16], buffer[512] __attribute__((aligned(8)));
    assert_int_equal(CALL(one, mkdir, "/list", 0755), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/list/%d", i);
        put_file(one, name, "");
    }
    long fd = CALL(one, open, "/list", O_RDONLY | O_DIRECTORY), got;
    int entries = 0;
    while ((got = CALL(one, getdents64, fd, buffer, sizeof(buffer))) > 0)
        for (long at = 0; at < got; entries++)
            at += ((struct linux_dirent64 *)(void *)(buffer + at))->d_reclen;
    assert_int_equal(got, 0);
    assert_int_equal(entries, 102);
    assert_int_equal(CALL(one, lseek, fd, 0, SEEK_SET), 0);
    assert_int_equal(CALL(one, getdents64, fd, buffer, 10), -EINVAL);
    CALL(one, close, fd);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/list/%d", i);
        assert_int_equal(CALL(one, unlink, name), 0);
    }
    assert_int_equal(CALL(one, rmdir, "/list"), 0);
}

static void test_descriptors(void **state)
{
    long fd = CALL(one, open, "/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(fd, 0);
    assert_int_equal(CALL(one, fcntl, fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(CALL(one, dup2, fd, 40), 40);
    assert_int_equal(CALL(one, fcntl, 40, F_GETFD), 0);
    assert_int_equal(CALL(one, fcntl, fd, F_DUPFD, 10), 10);
    assert_int_equal(CALL(one, dup, fd), 1);
    assert_int_equal(CALL(one, dup3, fd, fd, 0), -EINVAL);
    assert_int_equal(CALL(one, dup2, fd, 5000), -EBADF);
    files_close_on_exec(one, one->files);
    assert_int_equal(CALL(one, close, 0), -EBADF);
    assert_int_equal(CALL(one, dup, 40), 0);
    assert_int_equal(CALL(one, close_range, 0, ~0u, 0), 0);
    assert_int_equal(CALL(one, close, 40), -EBADF);
    assert_int_equal(CALL(one, memfd_create, "m", 0), 0);
    assert_int_equal(CALL(one, ftruncate, 0, 100), 0);
    assert_int_equal(CALL(one, close, 0), 0);
}

// --- no frames for the caller's memory: each copy of each call fails once, and the call is as if it had not

static char text[20000], got[20000];

static long write_file(void) { return CALL(one, pwrite64, 3, text, sizeof(text), 0, 0, 0); }

static long read_file(void) { return CALL(one, pread64, 3, got, sizeof(got), 0, 0, 0); }

static long write_pipe(void) { return CALL(one, write, 1, text, sizeof(text)); }

static long read_pipe(void) { return CALL(one, read, 0, got, sizeof(got)); }

static long write_parts(void)
{
    struct linux_iovec parts[3] = { { (unsigned long)text, 7000 },
                                    { (unsigned long)text + 7000, 1 },
                                    { (unsigned long)text + 7001, sizeof(text) - 7001 } };
    static struct linux_iovec kept[3];
    memcpy(kept, parts, sizeof(kept));
    return CALL(one, writev, 1, kept, 3);
}

static long make_pipe(void)
{
    static int fds[2];
    long error = CALL(one, pipe2, fds, 0);
    if (error == 0)
        CALL(one, close, 4), CALL(one, close, 5);
    return error;
}

// The answer of `call`, with its n-th copy failing. *failed: there was such a copy
static long starved(long (*call)(void), unsigned n, bool *failed)
{
    fake_starve = n;
    long result = call();
    *failed = fake_starving;
    if (fake_starving) {
        assert_int_equal(result, NO_REPLY);
        last_reply.answered = false;
        assert_true(fake_memory_back());
        assert_true(last_reply.answered);
        assert_int_equal(last_reply.divert, 0);
        result = last_reply.value;
    }
    fake_starve = 0;
    return result;
}

static void starve_each(long (*call)(void), long (*before)(void), long (*after)(void), long expected)
{
    bool failed = true;
    unsigned n = 1;
    for (; failed; n++) {
        memset(got, 0, sizeof(got));
        if (before)
            assert_int_equal(before(), sizeof(text));
        assert_int_equal(starved(call, n, &failed), expected);
        if (after)
            assert_int_equal(after(), sizeof(text));
        if (before || after)
            assert_memory_equal(got, text, sizeof(text));
    }
    assert_true(n > 2);
}

static void test_starved(void **state)
{
    static int fds[2];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + i / 256);
    assert_int_equal(CALL(one, pipe2, fds, 0), 0);
    assert_int_equal(CALL(one, memfd_create, "spare", 0), 2);
    assert_int_equal(CALL(one, open, "/short", O_CREAT | O_RDWR, 0600), 3);
    starve_each(read_file, write_file, NULL, sizeof(text));
    CALL(one, lseek, 3, 0, SEEK_SET);
    starve_each(write_pipe, NULL, read_pipe, sizeof(text));
    starve_each(read_pipe, write_pipe, NULL, sizeof(text));
    starve_each(write_parts, NULL, read_pipe, sizeof(text));
    starve_each(make_pipe, NULL, NULL, 0);
    // A signal meanwhile: the call is made again, and nothing has happened.
    fake_starve = 1;
    assert_int_equal(CALL(one, fstat, 3, got), NO_REPLY);
    last_reply.answered = false;
    park_cancel(one);
    assert_true(last_reply.answered && last_reply.divert == DIVERT_RESTARTNOINTR);
    fake_memory_back();
    assert_int_equal(CALL(one, unlink, "/short"), 0);
    assert_int_equal(CALL(one, close_range, 0, ~0u, 0), 0);
}

static size_t put_entry(char *to, const char *name, unsigned mode, const char *data)
{
    char header[111];
    size_t length = strlen(name) + 1, size = strlen(data);
    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1u, mode,
             0u, 0u, 1u, 5u, size, 0u, 0u, 0u, 0u, length, 0u);
    size_t at = 110;
    memcpy(to, header, 110);
    memcpy(to + at, name, length);
    at = (at + length + 3) & ~3ul;
    memcpy(to + at, data, size);
    return (at + size + 3) & ~3ul;
}

static void test_archive(void **state)
{
    static char archive[4096];
    size_t at = put_entry(archive, "boot/pm", S_IFREG | 0755, "not for us");
    at += put_entry(archive + at, "cp/deep/file", S_IFREG | 0644, "first");
    at += put_entry(archive + at, "cp/link", S_IFLNK | 0777, "deep/file");
    at += put_entry(archive + at, "TRAILER!!!", 0, "");
    at += 512; // padding
    at += put_entry(archive + at, "cp/deep/file", S_IFREG | 0644, "second");
    at += put_entry(archive + at, "TRAILER!!!", 0, "");
    assert_int_equal(cpio_unpack(archive, at, root_mount->root), 0);
    expect_file(one, "/cp/link", "second");
    assert_int_equal(CALL(one, access, "/boot/pm", 0), -ENOENT);
    CALL(one, unlink, "/cp/link");
    CALL(one, unlink, "/cp/deep/file");
    CALL(one, rmdir, "/cp/deep");
    assert_int_equal(CALL(one, rmdir, "/cp"), 0);
    assert_int_equal(cpio_unpack("070701junk", 10, root_mount->root), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(paths), TEST(rename),      TEST(data),    TEST(full),    TEST(pipe),        TEST(interrupted),
        TEST(fifo),  TEST(poll),        TEST(epoll),   TEST(locks),   TEST(permissions), TEST(mount),
        TEST(list),  TEST(descriptors), TEST(archive), TEST(starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
