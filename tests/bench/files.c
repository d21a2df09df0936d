// SPDX-License-Identifier: MIT
// Files: reading, writing, names.
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "/tmp/bench.file"
#define BYTES 65536

static _Alignas(16) char buffer[BYTES]; // as malloc would place it
static int fd, null_fd, zero_fd;

static void open_file(void)
{
    fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && write(fd, buffer, BYTES) == BYTES, FILE_NAME);
    null_fd = open("/dev/null", O_WRONLY);
    zero_fd = open("/dev/zero", O_RDONLY);
    must(null_fd >= 0 && zero_fd >= 0, "/dev");
}

static void close_file(void)
{
    close(fd);
    close(null_fd);
    close(zero_fd);
    unlink(FILE_NAME);
}

static void read_1(void) { must(read(zero_fd, buffer, 1) == 1, "read"); }
static void write_1(void) { must(write(null_fd, buffer, 1) == 1, "write"); }
static void pread_4k(void) { must(pread(fd, buffer, 4096, 0) == 4096, "pread"); }
static void pwrite_4k(void) { must(pwrite(fd, buffer, 4096, 0) == 4096, "pwrite"); }
static void pread_64k(void) { must(pread(fd, buffer, BYTES, 0) == BYTES, "pread"); }
static void pwrite_64k(void) { must(pwrite(fd, buffer, BYTES, 0) == BYTES, "pwrite"); }

static void stat_file(void)
{
    struct stat info;
    must(stat(FILE_NAME, &info) == 0, "stat");
}

static void fstat_file(void)
{
    struct stat info;
    must(fstat(fd, &info) == 0, "fstat");
}

static void open_close(void)
{
    int other = open(FILE_NAME, O_RDONLY);
    must(other >= 0 && close(other) == 0, "open");
}

static void create_unlink(void)
{
    int other = open("/tmp/bench.new", O_RDWR | O_CREAT | O_EXCL, 0600);
    must(other >= 0 && close(other) == 0 && unlink("/tmp/bench.new") == 0, "create");
}

const struct operation file_operations[] = {
    { "read-1", open_file, read_1, close_file, 200 },
    { "write-1", open_file, write_1, close_file, 200 },
    { "pread-4K", open_file, pread_4k, close_file, 100 },
    { "pwrite-4K", open_file, pwrite_4k, close_file, 100 },
    { "pread-64K", open_file, pread_64k, close_file, 20 },
    { "pwrite-64K", open_file, pwrite_64k, close_file, 20 },
    { "stat", open_file, stat_file, close_file, 100 },
    { "fstat", open_file, fstat_file, close_file, 100 },
    { "open-close", open_file, open_close, close_file, 100 },
    { "create-unlink", NULL, create_unlink, NULL, 100 },
    { NULL, NULL, NULL, NULL, 0 },
};
