// SPDX-License-Identifier: MIT
// Space within files: fallocate, holes; files without a name; seals of memfds; what tmpfs says of itself.
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "test.h"

#define PAGE 4096

static void say_blocks(int fd)
{
    struct stat status;
    fstat(fd, &status);
    say("size %lld, %lld pages", (long long)status.st_size, (long long)status.st_blocks / (PAGE / 512));
}

static int file_on_tmpfs(void)
{
    mkdir("m", 0700);
    mount("tmpfs", "m", "tmpfs", 0, "size=1m");
    return open("m/f", O_RDWR | O_CREAT, 0600);
}

TOPIC(fallocate_modes)
{
    int fd = file_on_tmpfs(), read_only = open("m/f", O_RDONLY), ends[2];
    TRY(fallocate(fd, 0, 0, 3 * PAGE));
    say_blocks(fd);
    TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
    say_blocks(fd);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE));
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
    say_blocks(fd);
    TRY(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
    TRY(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
    TRY(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, PAGE));
    TRY(fallocate(fd, 0x1000, 0, PAGE));
    TRY(fallocate(fd, 0, -1, PAGE));
    TRY(fallocate(fd, 0, 0, 0));
    TRY(fallocate(fd, 0, 0, -1));
    TRY(fallocate(fd, 0, 0, 2 << 20));
    say_blocks(fd);
    TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 << 20));
    TRY(fallocate(read_only, 0, 0, PAGE));
    pipe(ends);
    TRY(fallocate(ends[1], 0, 0, PAGE));
    TRY(fallocate(open("/dev/null", O_WRONLY), 0, 0, PAGE));
    TRY(fallocate(open("m", O_RDONLY), 0, 0, PAGE));
    close(fd);
    close(read_only);
    umount2("m", MNT_DETACH);
}

TOPIC(fallocate_punch)
{
    char page[PAGE], byte = 0;
    int fd = file_on_tmpfs();
    memset(page, 'x', sizeof(page));
    for (int i = 0; i < 4; i++)
        write(fd, page, sizeof(page));
    char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map[PAGE] == 'x' && map[3 * PAGE - 1] == 'x');
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE / 2, 2 * PAGE));
    say_blocks(fd);
    CHECK(map[PAGE / 2 - 1] == 'x' && map[PAGE / 2] == 0 && map[PAGE] == 0);
    CHECK(map[2 * PAGE + PAGE / 2 - 1] == 0 && map[2 * PAGE + PAGE / 2] == 'x');
    TRY(pread(fd, &byte, 1, PAGE + 5));
    CHECK(byte == 0);
    map[PAGE] = 'y';
    TRY(pread(fd, &byte, 1, PAGE));
    CHECK(byte == 'y');
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 100 * PAGE));
    say_blocks(fd);
    CHECK(map[0] == 0 && map[4 * PAGE - 1] == 0);
    munmap(map, 4 * PAGE);
    close(fd);
    umount2("m", MNT_DETACH);
}

TOPIC(seek_holes)
{
    int fd = file_on_tmpfs(), ends[2];
    TRY(lseek(fd, 0, SEEK_DATA));
    TRY(lseek(fd, 0, SEEK_HOLE));
    pwrite(fd, "a", 1, 2 * PAGE + 7);
    pwrite(fd, "a", 1, 5 * PAGE);
    ftruncate(fd, 8 * PAGE + 3);
    TRY(lseek(fd, 0, SEEK_DATA));
    TRY(lseek(fd, 0, SEEK_HOLE));
    TRY(lseek(fd, 2 * PAGE + 100, SEEK_DATA));
    TRY(lseek(fd, 2 * PAGE + 100, SEEK_HOLE));
    TRY(lseek(fd, 3 * PAGE, SEEK_DATA));
    TRY(lseek(fd, 3 * PAGE + 9, SEEK_HOLE));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(lseek(fd, 6 * PAGE, SEEK_DATA));
    TRY(lseek(fd, 5 * PAGE, SEEK_HOLE));
    TRY(lseek(fd, 8 * PAGE + 3, SEEK_HOLE));
    TRY(lseek(fd, -1, SEEK_HOLE));
    TRY(lseek(fd, 0, 5));
    TRY(lseek(fd, 0, SEEK_CUR));
    pwrite(fd, "a", 1, 8 * PAGE);
    TRY(lseek(fd, 6 * PAGE, SEEK_DATA));
    TRY(lseek(fd, 8 * PAGE, SEEK_HOLE));
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE);
    TRY(lseek(fd, 0, SEEK_DATA));
    close(fd);
    umount2("m", MNT_DETACH);
    pipe(ends);
    TRY(lseek(ends[0], 0, SEEK_DATA));
}

TOPIC(file_unnamed)
{
    struct stat status;
    char name[64];
    close(file_on_tmpfs());
    int fd = open("m", O_TMPFILE | O_RDWR, 0640);
    CHECK(fd >= 0);
    TRY(write(fd, "hello", 5));
    fstat(fd, &status);
    say("mode %o, %d links, size %d", (unsigned)status.st_mode, (int)status.st_nlink, (int)status.st_size);
    TRY(linkat(fd, "", AT_FDCWD, "m/named", AT_EMPTY_PATH));
    say("%s", read_file("m/named"));
    fstat(fd, &status);
    say("%d links", (int)status.st_nlink);
    close(fd);
    fd = open("m", O_TMPFILE | O_RDWR, 0600);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    TRY(linkat(AT_FDCWD, name, AT_FDCWD, "m/other", AT_SYMLINK_FOLLOW));
    TRY(access("m/other", F_OK));
    close(fd);
    fd = open("m", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    TRY(linkat(fd, "", AT_FDCWD, "m/third", AT_EMPTY_PATH));
    close(fd);
    TRY_OK(open("m", O_TMPFILE | O_RDONLY, 0600));
    TRY_OK(open("m/named", O_TMPFILE | O_RDWR, 0600));
    TRY_OK(open("m/nothing", O_TMPFILE | O_RDWR, 0600));
    TRY_OK(open("/proc", O_TMPFILE | O_RDWR, 0600));
    TRY_OK(open("/dev/pts", O_TMPFILE | O_RDWR, 0600));
    TRY(umount("m"));
}

TOPIC(memfd_seals)
{
    char page[PAGE] = "";
    int fd = memfd_create("one", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    TRY(fcntl(fd, F_GETFD));
    TRY(fcntl(fd, F_GET_SEALS));
    ftruncate(fd, 2 * PAGE);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    TRY(ftruncate(fd, PAGE));
    TRY(ftruncate(fd, 3 * PAGE));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    TRY(ftruncate(fd, 4 * PAGE));
    TRY(pwrite(fd, page, PAGE, 3 * PAGE));
    TRY(fallocate(fd, 0, 0, 4 * PAGE));
    void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    munmap(map, PAGE);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    TRY(pwrite(fd, page, 1, 0));
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    TRY_OK((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    TRY(mprotect(map, PAGE, PROT_READ | PROT_WRITE));
    TRY_OK((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    TRY(fcntl(fd, F_GET_SEALS));
    TRY(fcntl(fd, F_ADD_SEALS, 0x100));
    fd = memfd_create("two", 0);
    TRY(fcntl(fd, F_GET_SEALS));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    fd = memfd_create("three", MFD_ALLOW_SEALING);
    map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    TRY(pwrite(fd, page, 1, 0));
    TRY(memfd_create("four", 0x80));
    TRY(fcntl(open("/dev/null", O_RDWR), F_GET_SEALS));
}

TOPIC(file_systems_told)
{
    static const char *const paths[] = { "/proc", "/dev/pts", "m", "/proc/self/fd" };
    struct statfs fs;
    int ends[2];
    close(file_on_tmpfs());
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        TRY(statfs(paths[i], &fs));
        say("%s: type %lx, blocks of %ld, names to %ld", paths[i], (unsigned long)fs.f_type, (long)fs.f_bsize,
            (long)fs.f_namelen);
    }
    pipe(ends);
    TRY(fstatfs(ends[0], &fs));
    say("pipe: type %lx, blocks of %ld", (unsigned long)fs.f_type, (long)fs.f_bsize);
    TRY(statfs("nothing", &fs));
    TRY(statfs("m/f/x", &fs));
    TRY(fstatfs(99, &fs));
    TRY(umount("m"));
}

TOPIC(mknod_kinds)
{
    struct stat status;
    close(file_on_tmpfs());
    TRY(mknod("m/zero", 0600, 0));
    TRY(mknod("m/file", S_IFREG | 0600, 0));
    TRY(mknod("m/pipe", S_IFIFO | 0600, 0));
    TRY(mknod("m/socket", S_IFSOCK | 0600, 0));
    TRY(mknod("m/character", S_IFCHR | 0600, 0x0103));
    TRY(mknod("m/block", S_IFBLK | 0600, 0x0700));
    TRY(mknod("m/directory", S_IFDIR | 0700, 0));
    TRY(mknod("m/link", S_IFLNK | 0700, 0));
    TRY(mknod("m/odd", 0030000 | 0700, 0));
    TRY(mknod("m/file", S_IFREG | 0600, 0));
    TRY(mknod("m/none/x", S_IFREG | 0600, 0));
    TRY(mknod("/proc/x", S_IFREG | 0600, 0));
    TRY(mknod("/dev/pts/x", S_IFREG | 0600, 0));
    TRY_OK(open("m/socket", O_RDWR));
    TRY_OK(open("m/block", O_RDWR));
    TRY_OK(open("m/character", O_RDWR));
    TRY_OK(open("/dev/pts/x", O_RDWR | O_CREAT, 0600));
    TRY_OK(open("/proc/x", O_RDWR | O_CREAT, 0600));
    TRY(mkdir("/dev/pts/x", 0600));
    TRY(unlink("/dev/pts/0"));
    TRY(unlink("/dev/pts/ptmx"));
    stat("m/block", &status);
    say("mode %o, device %x", (unsigned)status.st_mode, (unsigned)status.st_rdev);
    mknod("m/unknown", S_IFCHR | 0600, 0xf0f0);
    TRY_OK(open("m/unknown", O_RDWR));
    umount2("m", MNT_DETACH);
}
