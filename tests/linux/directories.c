// SPDX-License-Identifier: MIT
// Directories: making, listing, walking, removing; the current directory.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path)
{
    static const char types[] = "?pc?d?b?-?l?s???";
    char *lines[64], text[512] = "";
    int count = 0;
    struct dirent *entry;
    DIR *directory = opendir(path);
    if (!directory) {
        say("%s: %s", path, strerror(errno));
        return;
    }
    while (count < 64 && (entry = readdir(directory))) {
        lines[count] = malloc(300);
        snprintf(lines[count++], 300, "%s%c", entry->d_name, types[entry->d_type & 15]);
    }
    closedir(directory);
    qsort(lines, (size_t)count, sizeof(*lines), by_name);
    for (int i = 0; i < count; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s", lines[i]);
        free(lines[i]);
    }
    say("%s:%s", path, text);
}

TOPIC(directory_list)
{
    list(".");
    mkdir("d", 0755);
    write_file("d/file", "", 0644);
    symlink("x", "d/link");
    mkfifo("d/fifo", 0644);
    mkdir("d/sub", 0755);
    list("d");
    list("d/file");
    list("nothing");
    unlink("d/link");
    list("d");
}

TOPIC(directory_many)
{
    char name[32];
    int seen[500] = { 0 }, wrong = 0, count = 0;
    struct dirent *entry;
    mkdir("many", 0755);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "many/a rather long name %d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    DIR *directory = opendir("many");
    for (int round = 0; round < 2; round++) {
        while ((entry = readdir(directory))) {
            if (entry->d_name[0] == '.')
                continue;
            seen[atoi(entry->d_name + 19)]++;
            count++;
        }
        rewinddir(directory);
    }
    for (int i = 0; i < 500; i++)
        wrong += seen[i] != 2;
    say("count %d, wrong %d", count, wrong);
    // Removing while reading neither skips nor repeats those that stay.
    int removed = 0;
    while ((entry = readdir(directory))) {
        snprintf(name, sizeof(name), "many/%s", entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) == 0)
            removed++;
    }
    say("removed %d", removed);
    closedir(directory);
    TRY(rmdir("many"));
}

TOPIC(directory_errors)
{
    char name[300];
    TRY(mkdir("d", 0755));
    TRY(mkdir("d", 0755));
    TRY(mkdir("no/d", 0755));
    TRY(mkdir("d/e/", 0755));
    TRY(mkdir("", 0755));
    TRY(rmdir("d"));
    TRY(rmdir("d/e"));
    TRY(rmdir("d/."));
    TRY(rmdir("d/.."));
    TRY(rmdir("/"));
    write_file("f", "", 0644);
    TRY(mkdir("f", 0755));
    TRY(mkdir("f/d", 0755));
    TRY(rmdir("f"));
    TRY(chdir("f"));
    TRY(chdir("nothing"));
    memset(name, 'n', 256);
    name[256] = 0;
    TRY(mkdir(name, 0755) == -1 ? errno == ENAMETOOLONG : 2);
    name[255] = 0;
    TRY(mkdir(name, 0755) == -1 ? errno == ENAMETOOLONG : 2);
    TRY(rmdir("d"));
}

TOPIC(directory_current)
{
    char path[512], start[512];
    getcwd(start, sizeof(start));
    mkdir("a", 0755);
    mkdir("a/b", 0755);
    TRY(chdir("a/b"));
    getcwd(path, sizeof(path));
    say("%s", path + strlen(start));
    int fd = open("..", O_RDONLY | O_DIRECTORY);
    TRY(chdir("/"));
    getcwd(path, sizeof(path));
    say("%s", path);
    TRY(chdir(".."));
    TRY(fchdir(fd));
    getcwd(path, sizeof(path));
    say("%s", path + strlen(start));
    errno = 0;
    CHECK(getcwd(path, 3) == NULL && errno == ERANGE);
    TRY(fchdir(999));
    // A directory that is gone can still be where we are.
    TRY(chdir("b"));
    TRY(rmdir("../b"));
    errno = 0;
    CHECK(getcwd(path, sizeof(path)) == NULL && errno == ENOENT);
    TRY_OK(open("new", O_CREAT | O_WRONLY, 0600));
    TRY(mkdir("new", 0755));
    TRY(access(".", F_OK));
    TRY(chdir(".."));
    getcwd(path, sizeof(path));
    say("%s", path + strlen(start));
}

TOPIC(directory_at)
{
    struct stat status;
    char text[16] = "";
    mkdir("d", 0755);
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    TRY_OK(openat(fd, "f", O_CREAT | O_WRONLY, 0640));
    TRY(mkdirat(fd, "sub", 0700));
    TRY(symlinkat("f", fd, "link"));
    TRY(fstatat(fd, "link", &status, AT_SYMLINK_NOFOLLOW));
    CHECK(S_ISLNK(status.st_mode));
    TRY(fstatat(fd, "link", &status, 0));
    CHECK(S_ISREG(status.st_mode));
    TRY(fstatat(fd, "", &status, AT_EMPTY_PATH));
    CHECK(S_ISDIR(status.st_mode));
    TRY(readlinkat(fd, "link", text, sizeof(text)));
    TRY(linkat(fd, "f", AT_FDCWD, "hard", 0));
    TRY(renameat(AT_FDCWD, "hard", fd, "hard"));
    TRY(faccessat(fd, "hard", R_OK, 0));
    TRY(unlinkat(fd, "sub", 0));
    TRY(unlinkat(fd, "sub", AT_REMOVEDIR));
    TRY(unlinkat(fd, "f", AT_REMOVEDIR));
    TRY(fstatat(open("d/f", O_RDONLY), "x", &status, 0));
    TRY(fstatat(999, "x", &status, 0));
    TRY(fstatat(999, "/", &status, 0));
    list("d");
}

TOPIC(directory_links)
{
    struct stat status;
    mkdir("d", 0755);
    stat("d", &status);
    say("links %ld", (long)status.st_nlink);
    mkdir("d/a", 0755);
    mkdir("d/b", 0755);
    write_file("d/f", "", 0644);
    stat("d", &status);
    say("links %ld", (long)status.st_nlink);
    rmdir("d/a");
    stat("d", &status);
    say("links %ld", (long)status.st_nlink);
    struct stat inner;
    stat("d/b/..", &inner);
    CHECK(inner.st_ino == status.st_ino);
    stat("/..", &inner);
    stat("/", &status);
    CHECK(inner.st_ino == status.st_ino);
}
