// SPDX-License-Identifier: MIT
// Memory: mapping and the three kinds of fault.
#include "bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define PAGES 256u
#define FILE_NAME "/tmp/bench.map"

static volatile char *area;
static unsigned next;
static int fd;

static void map_unmap(void)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(p != MAP_FAILED && munmap(p, PAGE) == 0, "mmap");
}

static void map_area(void)
{
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED, "mmap");
    next = 0;
}

static void unmap_area(void) { munmap((void *)area, PAGES * PAGE); }

static void touch_next(void) { area[next++ * PAGE] = 1; }

static void map_file(void)
{
    static char bytes[PAGE];
    fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0, FILE_NAME);
    for (unsigned i = 0; i < PAGES; i++)
        must(write(fd, bytes, PAGE) == (long)PAGE, "write");
    area = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    must(area != MAP_FAILED, "mmap");
    next = 0;
}

static void unmap_file(void)
{
    unmap_area();
    close(fd);
    unlink(FILE_NAME);
}

static void read_next(void) { (void)area[next++ * PAGE]; }

// A child shares every page; whoever writes first copies.
static pid_t sharer;
static int hold[2];

static void share_area(void)
{
    map_area();
    for (unsigned i = 0; i < PAGES; i++)
        area[i * PAGE] = 1;
    must(pipe(hold) == 0, "pipe");
    sharer = fork();
    must(sharer >= 0, "fork");
    if (sharer == 0) {
        char c;
        close(hold[1]);
        _exit(read(hold[0], &c, 1) != 0);
    }
    close(hold[0]);
}

static void unshare_area(void)
{
    close(hold[1]);
    waitpid(sharer, NULL, 0);
    unmap_area();
}

const struct operation memory_operations[] = {
    { "mmap-munmap", NULL, map_unmap, NULL, 100 },
    { "anonymous-fault", map_area, touch_next, unmap_area, PAGES - 1 },
    { "file-fault", map_file, read_next, unmap_file, PAGES - 1 },
    { "copy-on-write-fault", share_area, touch_next, unshare_area, PAGES - 1 },
    { NULL, NULL, NULL, NULL, 0 },
};
