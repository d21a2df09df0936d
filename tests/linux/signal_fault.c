// SPDX-License-Identifier: MIT
// Synchronous faults: signal, si_code and si_addr of each, and what happens when they are blocked or ignored.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

static sigjmp_buf back;
static char *expected_address;

static const char *code_name(int number, int code)
{
    if (number == SIGSEGV)
        return code == SEGV_MAPERR ? "SEGV_MAPERR" : code == SEGV_ACCERR ? "SEGV_ACCERR" : "other";
    if (number == SIGBUS)
        return code == BUS_ADRERR ? "BUS_ADRERR" : "other";
    return code == ILL_ILLOPC || code == ILL_ILLOPN ? "illegal opcode" : "other";
}

static void tell_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    say("signal %d %s at %s address", number, code_name(number, info->si_code),
        (char *)info->si_addr == expected_address ? "the expected" : "another");
    siglongjmp(back, 1);
}

static void leave(int number) { siglongjmp(back, number); }

static void catch_faults(void)
{
    struct sigaction action = { .sa_sigaction = tell_fault, .sa_flags = SA_SIGINFO };
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
}

static void try_read(char *address)
{
    expected_address = address;
    if (sigsetjmp(back, 1) == 0) {
        char byte = *(volatile char *)address;
        say("read %d", byte);
    }
}

static void try_write(char *address)
{
    expected_address = address;
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char *)address = 1;
        say("written");
    }
}

static char *map(int protection) { return mmap(NULL, 8192, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

TOPIC(fault_memory)
{
    catch_faults();
    try_read(NULL);
    try_write((char *)16);
    char *gone = map(PROT_READ);
    munmap(gone, 8192);
    try_read(gone + 100);
    char *readable = map(PROT_READ);
    try_read(readable + 5000);
    try_write(readable + 5000);
    char *closed = map(PROT_NONE);
    try_read(closed + 1);
    try_write(closed + 8191);
    mprotect(closed, 4096, PROT_READ | PROT_WRITE);
    try_write(closed + 1);
    try_write(closed + 4096);
    mprotect(closed, 4096, PROT_READ);
    try_read(closed + 1);
    try_write(closed + 1);
    // Kernel addresses look like unmapped ones.
    try_read((char *)(uintptr_t)-4096);
}

TOPIC(fault_file_end)
{
    catch_faults();
    write_file("short", "abc", 0644);
    int fd = open("short", O_RDWR);
    char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    try_read(mapped + 1);
    try_read(mapped + 10);
    try_read(mapped + 4096);
    ftruncate(fd, 5000);
    try_read(mapped + 4096);
    ftruncate(fd, 0);
    try_read(mapped);
}

TOPIC(fault_execution)
{
    catch_faults();
    // Only that it is refused: i386 Linux without PAE, the oracle, has no execute protection and faults otherwise.
    char *code = map(PROT_READ | PROT_WRITE);
    struct sigaction action = { .sa_handler = leave };
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))(uintptr_t)code)();
    else
        say("refused");
    catch_faults();
    expected_address = (char *)64;
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))64)();
}

TOPIC(fault_unhandled)
{
    struct rlimit none = { 0, 0 };
    sigset_t set;
    setrlimit(RLIMIT_CORE, &none);
    pid_t pid = fork();
    if (pid == 0)
        *(volatile int *)8 = 1;
    reap("write to a bad address", pid);
    pid = fork();
    if (pid == 0)
        __builtin_trap();
    reap("illegal instruction", pid);
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_IGN);
        *(volatile int *)8 = 1;
    }
    reap("ignored", pid);
    pid = fork();
    if (pid == 0) {
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int *)8 = 1;
    }
    reap("blocked", pid);
}

TOPIC(fault_in_system_call)
{
    // A bad address given to a system call is an error, not a signal.
    int ends[2];
    pipe(ends);
    TRY(write(ends[1], (void *)8, 10));
    char *mapped = map(PROT_READ | PROT_WRITE);
    munmap(mapped + 4096, 4096);
    TRY(write(ends[1], mapped + 4090, 6));
    TRY(write(ends[1], mapped + 4096, 10));
    char *readable = map(PROT_READ);
    TRY(read(ends[0], readable, 3));
    TRY(pipe((int *)8));
    TRY(read(ends[0], mapped, 6));
    TRY(open((char *)8, O_RDONLY));
}
