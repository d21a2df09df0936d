// SPDX-License-Identifier: MIT
// Mappings: anonymous and of files, private and shared, over fork, close and unlink (man 2 mmap).
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define PAGE 4096

static sigjmp_buf back;

static void on_fault(int number) { siglongjmp(back, number); }

// 'r' and 'w' if the byte can be read and written, '-' if not.
static const char *access_of(char *address)
{
    static char text[3];
    struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old[2];
    sigaction(SIGSEGV, &action, &old[0]);
    sigaction(SIGBUS, &action, &old[1]);
    strcpy(text, "--");
    char byte = 0;
    if (sigsetjmp(back, 1) == 0) {
        byte = *(volatile char *)address;
        text[0] = 'r';
        *(volatile char *)address = byte;
        text[1] = 'w';
    }
    sigaction(SIGSEGV, &old[0], NULL);
    sigaction(SIGBUS, &old[1], NULL);
    return text;
}

static char *map_anonymous(size_t pages, int flags)
{
    return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);
}

static int file_of_pages(const char *path, int pages)
{
    char block[PAGE];
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < pages; i++) {
        memset(block, 'a' + i, sizeof(block));
        write(fd, block, sizeof(block));
    }
    return fd;
}

TOPIC(mmap_anonymous)
{
    char *memory = map_anonymous(8, MAP_PRIVATE);
    long nonzero = 0;
    CHECK(memory != MAP_FAILED && ((uintptr_t)memory & (PAGE - 1)) == 0);
    for (int i = 0; i < 8 * PAGE; i++)
        nonzero += memory[i] != 0;
    say("nonzero %ld", nonzero);
    memset(memory, 1, 8 * PAGE);
    // A hole in the middle: the parts around it stay.
    TRY(munmap(memory + 3 * PAGE, 2 * PAGE));
    say("%s", access_of(memory + 2 * PAGE));
    say("%s", access_of(memory + 3 * PAGE));
    say("%s", access_of(memory + 4 * PAGE + 5));
    say("%s", access_of(memory + 5 * PAGE));
    TRY(munmap(memory + 3 * PAGE, 2 * PAGE));
    char *again = mmap(memory + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == memory + 3 * PAGE && again[7] == 0);
    say("%s", access_of(again));
    again = mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == memory && memory[5] == 0 && memory[PAGE] == 1);
    errno = 0;
    CHECK(mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
              MAP_FAILED &&
          errno == EEXIST);
    TRY(munmap(memory, 8 * PAGE));
}

static void try_map(const char *what, size_t length, int protection, int flags, int fd, off_t offset)
{
    void *memory = mmap(NULL, length, protection, flags, fd, offset);
    say("%s: %s", what, memory == MAP_FAILED ? strerror(errno) : "mapped");
}

TOPIC(mmap_errors)
{
    write_file("f", "x", 0600);
    int reader = open("f", O_RDONLY), writer = open("f", O_WRONLY);
    try_map("no length", 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_map("neither private nor shared", PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0);
    try_map("no descriptor", PAGE, PROT_READ, MAP_PRIVATE, -1, 0);
    try_map("offset within a page", PAGE, PROT_READ, MAP_PRIVATE, reader, 100);
    try_map("private of a reader", PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0);
    try_map("shared, writable, of a reader", PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
    try_map("of a writer", PAGE, PROT_READ, MAP_SHARED, writer, 0);
    try_map("of a directory", PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0);
    try_map("more than there is", (size_t)-PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *readable = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
    TRY(mprotect(readable, PAGE, PROT_READ | PROT_WRITE));
    TRY(syscall(SYS_mprotect, readable + 1, PAGE, PROT_READ));
    TRY(munmap(readable + 1, PAGE));
    TRY(munmap(readable, 0));
    munmap(readable, PAGE);
    TRY(mprotect(readable, PAGE, PROT_READ));
    TRY(munmap(readable, PAGE));
}

TOPIC(mmap_private_file)
{
    int fd = file_of_pages("f", 3);
    char *memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char byte;
    say("%c %c %c", memory[0], memory[PAGE], memory[2 * PAGE]);
    memory[PAGE] = 'X';
    pread(fd, &byte, 1, PAGE);
    say("file %c, memory %c", byte, memory[PAGE]);
    close(fd);
    unlink("f");
    say("%c %c %c", memory[5], memory[PAGE + 1], memory[2 * PAGE]);
    pid_t pid = fork();
    if (pid == 0) {
        memory[0] = 'C';
        say("child %c %c", memory[0], memory[PAGE]);
        _exit(0);
    }
    reap("child", pid);
    say("parent %c %c", memory[0], memory[PAGE]);
}

TOPIC(mmap_shared_file)
{
    int fd = file_of_pages("f", 2);
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE), byte;
    memory[PAGE] = 'S';
    pread(fd, &byte, 1, PAGE);
    say("read %c, other mapping %c", byte, second[0]);
    pwrite(fd, "W", 1, 0);
    say("after a write %c", memory[0]);
    pid_t pid = fork();
    if (pid == 0) {
        memory[1] = 'K';
        _exit(0);
    }
    reap("child", pid);
    say("child's write %c", memory[1]);
    TRY(msync(memory, 2 * PAGE, MS_SYNC));
    close(fd);
    unlink("f");
    // No name and no descriptor is left, and still the memory is shared across fork.
    pid = fork();
    if (pid == 0) {
        memory[2] = 'Z';
        _exit(0);
    }
    reap("child", pid);
    say("after unlink %c", memory[2]);
    TRY(msync(memory + 1, PAGE, MS_SYNC));
    munmap(memory, 2 * PAGE);
    TRY(msync(memory, PAGE, MS_SYNC));
}

TOPIC(mmap_shared_anonymous)
{
    volatile int *shared = (int *)map_anonymous(4, MAP_SHARED), *own = (int *)map_anonymous(4, MAP_PRIVATE);
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            shared[i * 500] = i + 1;
            own[i * 500] = i + 1;
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    int sum = 0, own_sum = 0;
    for (int i = 0; i < 5; i++)
        sum += shared[i * 500], own_sum += own[i * 500];
    say("shared %d, private %d", sum, own_sum);
}

TOPIC(mmap_protection)
{
    char *memory = map_anonymous(4, MAP_PRIVATE);
    memory[PAGE] = 'p';
    TRY(mprotect(memory + PAGE, PAGE, PROT_READ));
    say("%s", access_of(memory));
    say("%s", access_of(memory + PAGE));
    TRY(mprotect(memory + PAGE, 2 * PAGE, PROT_NONE));
    say("%s", access_of(memory + PAGE));
    say("%s", access_of(memory + 2 * PAGE));
    TRY(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE));
    say("%s %c", access_of(memory + PAGE), memory[PAGE]);
    // A child inherits protections too.
    mprotect(memory, PAGE, PROT_READ);
    pid_t pid = fork();
    if (pid == 0) {
        say("child %s", access_of(memory));
        say("child %s", access_of(memory + PAGE));
        _exit(0);
    }
    reap("child", pid);
    munmap(memory + 2 * PAGE, PAGE);
    TRY(mprotect(memory + PAGE, 3 * PAGE, PROT_READ));
    say("%s", access_of(memory + PAGE));
}

TOPIC(mmap_remap)
{
    char *memory = map_anonymous(4, MAP_PRIVATE);
    for (int i = 0; i < 4; i++)
        memory[i * PAGE] = (char)('a' + i);
    char *grown = mremap(memory, 4 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    CHECK(grown != MAP_FAILED);
    say("%c %c %d", grown[0], grown[3 * PAGE], grown[99 * PAGE]);
    char *shrunk = mremap(grown, 100 * PAGE, 2 * PAGE, 0);
    CHECK(shrunk == grown);
    say("%c", shrunk[PAGE]);
    say("%s", access_of(grown + 2 * PAGE));
    char *target = map_anonymous(2, MAP_PRIVATE);
    char *moved = mremap(shrunk, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    CHECK(moved == target);
    say("%c %c", moved[0], moved[PAGE]);
    say("%s", access_of(shrunk));
    map_anonymous(1, MAP_PRIVATE);
    errno = 0;
    CHECK(mremap(moved + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
    errno = 0;
    CHECK(mremap(shrunk, PAGE, PAGE * 2, 0) == MAP_FAILED && errno == EFAULT);
    errno = 0;
    CHECK(mremap(moved, PAGE, 0, 0) == MAP_FAILED && errno == EINVAL);
    // A shared mapping stays shared when it moves.
    char *shared = map_anonymous(1, MAP_SHARED);
    char *other = mremap(shared, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    pid_t pid = fork();
    if (pid == 0) {
        other[0] = 's';
        _exit(0);
    }
    reap("child", pid);
    say("%c", other[0]);
}

TOPIC(mmap_advice)
{
    char *memory = map_anonymous(3, MAP_PRIVATE);
    memset(memory, 'x', 3 * PAGE);
    TRY(madvise(memory + PAGE, PAGE, MADV_DONTNEED));
    say("%d %d %d", memory[0], memory[PAGE], memory[2 * PAGE]);
    TRY(madvise(memory, PAGE, MADV_WILLNEED));
    TRY(madvise(memory + 1, PAGE, MADV_DONTNEED));
    TRY(madvise(memory, PAGE, 999));
    int fd = file_of_pages("f", 1);
    char *file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    file[0] = 'M';
    TRY(madvise(file, PAGE, MADV_DONTNEED));
    say("%c", file[0]);
    munmap(memory + PAGE, PAGE);
    TRY(madvise(memory, 3 * PAGE, MADV_DONTNEED));
}

TOPIC(mmap_large)
{
    // Address space costs nothing until it is touched.
    size_t size = (size_t)512 << 20;
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (size_t at = 0; at < size; at += size / 64)
        memory[at] = (char)(at / (size / 64));
    long wrong = 0;
    pid_t pid = fork();
    for (size_t at = 0; at < size; at += size / 64)
        wrong += memory[at] != (char)(at / (size / 64)) || memory[at + PAGE] != 0;
    if (pid == 0)
        _exit(wrong != 0);
    reap("child", pid);
    say("wrong %ld", wrong);
    TRY(munmap(memory, size));
}

TOPIC(mmap_fork_storm)
{
    // Copy-on-write over three generations: everyone sees only their own writes.
    char *memory = map_anonymous(64, MAP_PRIVATE);
    for (int i = 0; i < 64; i++)
        memory[i * PAGE] = 1;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 64; i += 2)
            memory[i * PAGE] = 2;
        pid = fork();
        if (pid == 0) {
            for (int i = 0; i < 64; i += 4)
                memory[i * PAGE] = 3;
            int sum = 0;
            for (int i = 0; i < 64; i++)
                sum += memory[i * PAGE];
            _exit(sum);
        }
        reap("grandchild", pid);
        int sum = 0;
        for (int i = 0; i < 64; i++)
            sum += memory[i * PAGE];
        _exit(sum);
    }
    reap("child", pid);
    int sum = 0;
    for (int i = 0; i < 64; i++)
        sum += memory[i * PAGE];
    say("sum %d", sum);
}

TOPIC(mmap_read_into)
{
    // System calls bring in missing pages themselves, on both sides of a copy.
    char *memory = map_anonymous(16, MAP_PRIVATE), *source = map_anonymous(16, MAP_PRIVATE);
    int ends[2];
    pipe(ends);
    TRY(write(ends[1], source + 100, 10 * PAGE));
    TRY(read(ends[0], memory + 50, 10 * PAGE));
    int fd = file_of_pages("f", 4);
    TRY(pread(fd, memory + 12 * PAGE - 10, 4 * PAGE - 100, 100));
    say("%c %c", memory[12 * PAGE - 10], memory[16 * PAGE - 111]);
    char *file = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    TRY(pwrite(fd, file + PAGE, 2 * PAGE, 0));
    say("%c %c %c", file[0], file[PAGE], file[3 * PAGE]);
}
