// SPDX-License-Identifier: MIT
// The device files, sendfile, and mounting of tmpfs and proc.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "test.h"

TOPIC(device_files)
{
    static const char *const paths[] = { "/dev/null",    "/dev/zero", "/dev/full",    "/dev/random",
                                         "/dev/urandom", "/dev/tty",  "/dev/console", "/dev/ptmx" };
    char bytes[16];
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct stat status = { 0 };
        stat(paths[i], &status);
        say("%s: %s %u %u", paths[i], S_ISCHR(status.st_mode) ? "character device" : "something else",
            major(status.st_rdev), minor(status.st_rdev));
    }
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
    TRY(read(null, bytes, 4));
    TRY(write(null, "abcd", 4));
    memset(bytes, 'x', sizeof(bytes));
    TRY(read(zero, bytes, 4));
    say("%d %c", bytes[3], bytes[4]);
    TRY(write(zero, "abcd", 4));
    TRY(read(full, bytes, 4));
    TRY(write(full, "abcd", 4));
    TRY(lseek(null, 10, SEEK_SET));
    TRY(read(open("/dev/random", O_RDONLY), bytes, 16));
    struct stat status;
    CHECK(stat("/dev/pts", &status) == 0 && S_ISDIR(status.st_mode));
    CHECK(stat("/dev/shm", &status) == 0 && (status.st_mode & 07777) == 01777);
    say("%s", read_file("/dev/fd/999"));
}

TOPIC(sendfile_basic)
{
    char text[64] = "";
    off_t offset = 2;
    int ends[2];
    write_file("from", "0123456789", 0600);
    int from = open("from", O_RDONLY), to = open("to", O_RDWR | O_CREAT, 0600);
    TRY(sendfile(to, from, &offset, 5));
    say("%s, offset %ld", read_file("to"), (long)offset);
    TRY(lseek(from, 0, SEEK_CUR));
    TRY(sendfile(to, from, NULL, 3));
    say("%s", read_file("to"));
    TRY(lseek(from, 0, SEEK_CUR));
    TRY(sendfile(to, from, NULL, 100));
    TRY(sendfile(to, from, NULL, 100));
    pipe(ends);
    offset = 0;
    TRY(sendfile(ends[1], from, &offset, 10));
    TRY(read(ends[0], text, sizeof(text)));
    say("%s", text);
    TRY(sendfile(to, ends[0], NULL, 1));
    TRY(sendfile(from, to, NULL, 1));
    TRY(sendfile(to, 999, NULL, 1));
    offset = -1;
    TRY(sendfile(to, from, &offset, 1));
}

TOPIC(mount_tmpfs)
{
    struct statfs fs;
    struct stat before, after;
    mkdir("m", 0700);
    write_file("m/below", "", 0600);
    stat("m", &before);
    TRY(mount("tmpfs", "m", "tmpfs", 0, "size=64k,mode=0751"));
    TRY(access("m/below", F_OK));
    stat("m", &after);
    CHECK(after.st_dev != before.st_dev);
    say("mode %o", (unsigned)after.st_mode & 07777);
    statfs("m", &fs);
    say("blocks %ld of %ld", (long)fs.f_blocks, (long)fs.f_bsize);
    write_file("m/f", "on top", 0600);
    say("%s", read_file("m/f"));
    TRY(rename("m/f", "f"));
    TRY(link("m/f", "f"));
    int fd = open("m/f", O_RDONLY);
    TRY(umount("m"));
    close(fd);
    TRY(rmdir("m"));
    TRY(umount("m"));
    TRY(access("m/below", F_OK));
    TRY(umount("m"));
    TRY(mount("x", "m", "no such type", 0, NULL));
    TRY(mount("tmpfs", "nothing", "tmpfs", 0, NULL));
    TRY(mount("proc", "m", "proc", 0, NULL));
    CHECK(atoi(read_file("m/self/stat")) == getpid());
    TRY(umount("m"));
    pid_t pid = fork();
    if (pid == 0) {
        setuid(1000);
        TRY(mount("tmpfs", "m", "tmpfs", 0, NULL));
        _exit(0);
    }
    reap("user", pid);
}

TOPIC(mount_full)
{
    char block[4096];
    memset(block, 'x', sizeof(block));
    mkdir("m", 0700);
    TRY(mount("tmpfs", "m", "tmpfs", 0, "size=128k"));
    for (int round = 0; round < 3; round++) {
        int fd = open("m/f", O_WRONLY | O_CREAT, 0600), blocks = 0;
        while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block))
            blocks++;
        say("full after %d: %s", blocks, strerror(errno));
        close(fd);
        unlink("m/f");
    }
    TRY(umount("m"));
}

TOPIC(mount_read_only)
{
    mkdir("m", 0700);
    TRY(mount("tmpfs", "m", "tmpfs", 0, NULL));
    write_file("m/f", "x", 0600);
    TRY(mount("tmpfs", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
    TRY_OK(open("m/f", O_WRONLY));
    TRY_OK(open("m/new", O_WRONLY | O_CREAT, 0600));
    TRY(unlink("m/f"));
    TRY(chmod("m/f", 0644));
    say("%s", read_file("m/f"));
    TRY(umount("m"));
}
