// SPDX-License-Identifier: MIT
// What stat and statx tell: kinds, modes, sizes, times; and the calls that change them.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static void say_stat(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        say("%s is not there", path);
    else
        say("%s: mode %o, uid %d, gid %d, links %ld, size %ld", path, (unsigned)status.st_mode,
            (int)status.st_uid, (int)status.st_gid, (long)status.st_nlink,
            (long)(S_ISDIR(status.st_mode) ? 0 : status.st_size));
}

TOPIC(stat_kinds)
{
    write_file("file", "12345", 0640);
    mkdir("directory", 01777);
    symlink("123456", "link");
    mkfifo("fifo", 0600);
    TRY(mknod("null", S_IFCHR | 0622, makedev(1, 3)));
    TRY(mknod("plain", S_IFREG | 0644, 0));
    TRY(mknod("plain", S_IFREG | 0644, 0));
    say_stat("file");
    say_stat("directory");
    say_stat("link");
    say_stat("fifo");
    say_stat("null");
    say_stat("plain");
    struct stat status;
    stat("null", &status);
    say("device %u %u", major(status.st_rdev), minor(status.st_rdev));
    TRY(write(open("null", O_WRONLY), "gone", 4));
}

TOPIC(stat_modes)
{
    umask(027);
    close(open("a", O_CREAT | O_WRONLY, 0777));
    close(open("b", O_CREAT | O_WRONLY, 06666));
    mkdir("c", 0777);
    say_stat("a");
    say_stat("b");
    say_stat("c");
    TRY(chmod("a", 07755));
    TRY(chmod("nothing", 0));
    say_stat("a");
    int fd = open("a", O_RDONLY);
    TRY(fchmod(fd, 0400));
    say_stat("a");
    // The set-id bits go when the owner changes, and when somebody writes.
    chmod("a", 06755);
    TRY(chown("a", 1000, 1001));
    say_stat("a");
    TRY(chown("a", (uid_t)-1, 5));
    say_stat("a");
    TRY(fchown(fd, 0, 0));
    say_stat("a");
    symlink("a", "link");
    TRY(lchown("link", 7, 8));
    say_stat("link");
    say_stat("a");
}

TOPIC(stat_times)
{
    struct stat before, after;
    struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    write_file("f", "x", 0644);
    TRY(utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &before);
    say("%ld.%09ld %ld.%09ld", (long)before.st_atim.tv_sec, before.st_atim.tv_nsec,
        (long)before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    TRY(utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &after);
    CHECK(after.st_atim.tv_sec == 1000000000);
    CHECK(after.st_mtim.tv_sec > 1700000000 || time(NULL) < 1700000000);
    // Writing moves the time of modification, a change of mode only that of change.
    utimensat(AT_FDCWD, "f", (struct timespec[]){ { 5, 0 }, { 6, 0 } }, 0);
    chmod("f", 0600);
    stat("f", &after);
    say("%ld %ld", (long)after.st_atim.tv_sec, (long)after.st_mtim.tv_sec);
    int fd = open("f", O_WRONLY);
    write(fd, "y", 1);
    fstat(fd, &after);
    CHECK(after.st_mtim.tv_sec != 6);
    TRY(futimens(fd, (struct timespec[]){ { 7, 0 }, { 8, 0 } }));
    fstat(fd, &after);
    say("%ld %ld", (long)after.st_atim.tv_sec, (long)after.st_mtim.tv_sec);
    times[0].tv_nsec = -5;
    TRY(utimensat(AT_FDCWD, "f", times, 0));
    TRY(utimensat(AT_FDCWD, "nothing", NULL, 0));
}

TOPIC(stat_statx)
{
    struct statx extended;
    write_file("f", "1234567", 0644);
    TRY(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &extended));
    CHECK((extended.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    say("mode %o, size %llu, links %u", extended.stx_mode, (unsigned long long)extended.stx_size,
        extended.stx_nlink);
    struct stat status;
    stat("f", &status);
    CHECK(extended.stx_ino == status.st_ino);
    CHECK(makedev(extended.stx_dev_major, extended.stx_dev_minor) == status.st_dev);
    TRY(statx(AT_FDCWD, "nothing", 0, STATX_ALL, &extended));
    TRY(statx(AT_FDCWD, "f", 0x40000000, STATX_ALL, &extended));
    TRY(statx(0, "", AT_EMPTY_PATH, STATX_TYPE, &extended));
}

TOPIC(stat_filesystem)
{
    struct statfs fs;
    TRY(statfs(".", &fs));
    CHECK(fs.f_type == 0x01021994);
    CHECK(fs.f_bsize == 4096 && fs.f_namelen == 255);
    TRY(statfs("/proc", &fs));
    CHECK(fs.f_type == 0x9fa0);
    TRY(statfs("nothing", &fs));
    TRY(fstatfs(999, &fs));
    TRY((sync(), 0));
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    TRY(fsync(fd));
    TRY(fdatasync(fd));
    TRY(fsync(999));
}

TOPIC(stat_blocks)
{
    struct stat status;
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    fstat(fd, &status);
    say("blocks %ld", (long)status.st_blocks);
    write(fd, "x", 1);
    fstat(fd, &status);
    say("blocks %ld", (long)status.st_blocks);
    // A hole takes no space.
    pwrite(fd, "x", 1, 1000000);
    fstat(fd, &status);
    say("blocks %ld, size %ld", (long)status.st_blocks, (long)status.st_size);
    ftruncate(fd, 0);
    fstat(fd, &status);
    say("blocks %ld", (long)status.st_blocks);
}
