// SPDX-License-Identifier: MIT
// Regular files: open flags, reading and writing at offsets, holes, truncation, links and names.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "test.h"

TOPIC(file_open_flags)
{
    char text[8] = "";
    TRY_OK(open("f", O_RDONLY));
    TRY_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY_OK(open("f", O_RDONLY | O_DIRECTORY));
    TRY_OK(open("f/x", O_RDONLY));
    TRY_OK(open("no/f", O_RDWR | O_CREAT, 0644));
    TRY_OK(open("", O_RDONLY));
    TRY_OK(open("new/", O_RDWR | O_CREAT, 0644));
    write_file("f", "12345", 0644);
    int fd = open("f", O_WRONLY | O_APPEND);
    lseek(fd, 0, SEEK_SET);
    TRY(write(fd, "6", 1));
    say("%s", read_file("f"));
    fd = open("f", O_WRONLY | O_TRUNC);
    say("[%s]", read_file("f"));
    symlink("f", "link");
    symlink("nowhere", "dangling");
    TRY_OK(open("link", O_RDONLY | O_NOFOLLOW));
    TRY_OK(open("link", O_RDONLY));
    TRY_OK(open("dangling", O_RDONLY));
    TRY_OK(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY_OK(open("dangling", O_RDWR | O_CREAT, 0644));
    TRY(access("nowhere", F_OK));
    fd = open("f", O_RDWR | O_TMPFILE, 0600);
    say("O_TMPFILE on a file: %s", fd < 0 ? strerror(errno) : "ok");
    TRY(read(open("f", O_RDONLY), text, sizeof(text)));
}

TOPIC(file_offsets)
{
    char text[16] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    TRY(write(fd, "0123456789", 10));
    TRY(lseek(fd, 2, SEEK_SET));
    TRY(lseek(fd, 3, SEEK_CUR));
    TRY(lseek(fd, -1, SEEK_END));
    TRY(lseek(fd, -100, SEEK_CUR));
    TRY(lseek(fd, 0, 99));
    TRY(pread(fd, text, 4, 3));
    say("%s", text);
    TRY(pwrite(fd, "ab", 2, 4));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(pread(fd, text, 16, 100));
    TRY(pread(fd, text, 1, -1));
    // Past the end and write: what is between reads as zeros.
    TRY(lseek(fd, 5000, SEEK_SET));
    TRY(read(fd, text, 1));
    TRY(write(fd, "end", 3));
    memset(text, 'x', sizeof(text));
    TRY(pread(fd, text, 8, 4996));
    CHECK(memcmp(text, "\0\0\0\0end", 7) == 0);
    struct stat status;
    fstat(fd, &status);
    say("size %ld", (long)status.st_size);
    say("%s", read_file("f"));
}

TOPIC(file_truncate)
{
    char text[8192];
    struct stat status;
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    memset(text, 'a', sizeof(text));
    write(fd, text, sizeof(text));
    TRY(ftruncate(fd, 100));
    TRY(ftruncate(fd, 6000));
    TRY(pread(fd, text, sizeof(text), 0));
    long zeros = 0;
    for (int i = 0; i < 6000; i++)
        zeros += text[i] == 0;
    say("zeros %ld", zeros);
    TRY(truncate("f", 3));
    stat("f", &status);
    say("size %ld", (long)status.st_size);
    TRY(truncate("f", -1));
    TRY(truncate("nothing", 0));
    TRY(truncate(".", 0));
    int reader = open("f", O_RDONLY);
    TRY(ftruncate(reader, 0));
}

TOPIC(file_links)
{
    struct stat a, b;
    write_file("a", "text", 0644);
    TRY(link("a", "b"));
    stat("a", &a);
    stat("b", &b);
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    say("links %ld", (long)a.st_nlink);
    TRY(link("a", "b"));
    TRY(link("nothing", "c"));
    TRY(link(".", "c"));
    TRY(link("a", "no/c"));
    TRY(unlink("a"));
    stat("b", &b);
    say("links %ld, %s", (long)b.st_nlink, read_file("b"));
    TRY(unlink("a"));
    mkdir("d", 0755);
    TRY(unlink("d"));
    TRY(rmdir("b"));
    TRY(unlink("b/c"));
}

TOPIC(file_unlinked)
{
    char text[8] = "";
    struct stat status;
    write_file("f", "still", 0644);
    int fd = open("f", O_RDWR);
    TRY(unlink("f"));
    TRY(access("f", F_OK));
    fstat(fd, &status);
    say("links %ld", (long)status.st_nlink);
    TRY(read(fd, text, 5));
    say("%s", text);
    TRY(pwrite(fd, "more", 4, 5));
    write_file("f", "another", 0644);
    TRY(pread(fd, text, 7, 2));
    say("%s", text);
}

TOPIC(file_symlinks)
{
    char text[64];
    struct stat status;
    TRY(symlink("target", "link"));
    TRY(symlink("other", "link"));
    TRY(symlink("", "empty"));
    ssize_t n = readlink("link", text, sizeof(text));
    say("%.*s", (int)n, text);
    TRY(readlink("link", text, 3));
    TRY(readlink(".", text, 3));
    TRY(readlink("nothing", text, 3));
    TRY(lstat("link", &status));
    say("size %ld, link %d, mode %o", (long)status.st_size, S_ISLNK(status.st_mode),
        (unsigned)status.st_mode & 0777);
    TRY(stat("link", &status));
    mkdir("d", 0755);
    write_file("d/f", "inside", 0644);
    symlink("d", "to_d");
    symlink("../d/f", "d/up");
    symlink("to_d/up", "chain");
    say("%s %s %s", read_file("to_d/f"), read_file("to_d/up"), read_file("chain"));
    say("%s", read_file("to_d/../to_d/./f"));
    char name[8] = "l0", next[8];
    symlink("d/f", "l0");
    for (int i = 1; i <= 41; i++) {
        snprintf(next, sizeof(next), "l%d", i);
        symlink(name, next);
        strcpy(name, next);
    }
    TRY_OK(open("l39", O_RDONLY));
    TRY_OK(open("l40", O_RDONLY));
    TRY(unlink("to_d"));
    TRY(access("d/f", F_OK));
}

TOPIC(file_rename)
{
    write_file("a", "A", 0644);
    write_file("b", "B", 0644);
    mkdir("d", 0755);
    mkdir("e", 0755);
    TRY(rename("a", "c"));
    TRY(rename("c", "b"));
    say("%s", read_file("b"));
    TRY(rename("nothing", "x"));
    TRY(rename("b", "d"));
    TRY(rename("d", "b"));
    TRY(rename("d", "e"));
    write_file("e/f", "", 0644);
    mkdir("d", 0755);
    TRY(rename("d", "e"));
    TRY(rename("e", "e/below"));
    TRY(rename("b", "e/b"));
    say("%s", read_file("e/b"));
    TRY(rename(".", "x"));
    link("e/b", "same");
    // Two names of one file: nothing happens.
    TRY(rename("same", "e/b"));
    TRY(access("same", F_OK));
    TRY(rename("e", "moved"));
    say("%s", read_file("moved/b"));
    TRY(renameat2(AT_FDCWD, "moved/b", AT_FDCWD, "same", 1));
    TRY(renameat2(AT_FDCWD, "moved", AT_FDCWD, "same", 2));
    TRY(access("same/f", F_OK));
}

TOPIC(file_vectors)
{
    char a[4] = "", b[6] = "";
    struct iovec out[] = { { "one", 3 }, { "two", 3 } }, in[] = { { a, 3 }, { b, 5 } };
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    TRY(writev(fd, out, 2));
    TRY(preadv(fd, in, 2, 1));
    say("%s %s", a, b);
    TRY(pwritev(fd, out, 1, 10));
    TRY(lseek(fd, 0, SEEK_END));
}

TOPIC(file_big)
{
    // Five megabytes, written and read back in odd pieces.
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    unsigned char *block = malloc(100001);
    long wrong = 0, at = 0;
    ssize_t n;
    for (int i = 0; i < 50; i++) {
        for (int j = 0; j < 100001; j++, at++)
            block[j] = (unsigned char)(at ^ (at >> 9));
        if (write(fd, block, 100001) != 100001)
            wrong++;
    }
    say("written, %ld wrong", wrong);
    lseek(fd, 0, SEEK_SET);
    at = 0;
    while ((n = read(fd, block, 77777)) > 0)
        for (ssize_t j = 0; j < n; j++, at++)
            wrong += block[j] != (unsigned char)(at ^ (at >> 9));
    say("read %ld, %ld wrong", at, wrong);
    free(block);
}
