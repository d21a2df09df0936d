// SPDX-License-Identifier: MIT
// System calls as C libraries make them: on i386 through the vDSO's __kernel_vsyscall, which may use another instruction
// than int 0x80. Six arguments, registers, restarts, handlers in between, new processes.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <quick_call.h>

#include "test.h"

#ifdef SYS_mmap2
#define CALL_MMAP SYS_mmap2
#define MMAP_UNIT 4096
#else
#define CALL_MMAP SYS_mmap
#define MMAP_UNIT 1
#endif
static long call(long number, long a, long b, long c, long d, long e, long f)
{
    long words[QUICK_WORDS] = { number, a, b, c, d, e, f };
    quick_call(words);
    return words[0];
}

static bool keeps_registers(long number, long word)
{
    long words[QUICK_WORDS] = { number, word, word + 1, word + 2, word + 3, word + 4, word + 5 };
    quick_call(words);
    bool kept = true;
    for (int i = 0; i < 6; i++)
        kept = kept && words[1 + i] == word + i;
    return kept;
}

TOPIC(quick_call_registers)
{
    CHECK(call(SYS_getpid, 0, 0, 0, 0, 0, 0) == getpid());
    CHECK(call(SYS_getppid, 0, 0, 0, 0, 0, 0) == getppid());
    CHECK(keeps_registers(SYS_getpid, 0x1000));
    CHECK(keeps_registers(SYS_read, -100));
    CHECK(keeps_registers(SYS_futex, -100));
    CHECK(keeps_registers(SYS_pread64, -100));
    CHECK(keeps_registers(SYS_sendto, -100));
    say("no such call: %ld", call(99999, 1, 2, 3, 4, 5, 6));
    say("bad descriptor: %ld", call(SYS_close, -1, 0, 0, 0, 0, 0));
    say("bad address: %ld", call(SYS_uname, 8, 0, 0, 0, 0, 0));
}

TOPIC(quick_call_six)
{
    write_file("six", "first", 0600);
    int fd = open("six", O_RDWR);
    CHECK(fd >= 0 && ftruncate(fd, 8192) == 0 && pwrite(fd, "second", 6, 4096) == 6);
    long at = call(CALL_MMAP, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 4096 / MMAP_UNIT);
    say("mapped at the offset: %.6s", (at & 4095) == 0 ? (const char *)at : "no");
    int word = 5, other = 0;
    say("requeue with another value: %ld",
        call(SYS_futex, (long)&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, (long)&other, 6));
    say("requeue with this value: %ld",
        call(SYS_futex, (long)&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, (long)&other, 5));
    say("wait for no bit: %ld", call(SYS_futex, (long)&word, FUTEX_WAIT_BITSET_PRIVATE, 5, 0, 0, 0));
    say("wake: %ld", call(SYS_futex, (long)&word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    say("wait with another value: %ld", call(SYS_futex, (long)&word, FUTEX_WAIT_PRIVATE, 6, 0, 0, 0));
    struct {
        const void *set;
        size_t size;
    } mask = { &word, 3 };
    long none[2] = { 0, 0 };
    say("select with a mask of odd size: %ld", call(SYS_pselect6, 0, 0, 0, 0, (long)none, (long)&mask));
    say("select without a mask: %ld", call(SYS_pselect6, 0, 0, 0, 0, (long)none, 0));
    int target = open("copy", O_RDWR | O_CREAT, 0600);
    loff_t from = 4096, to = 1;
    CHECK(target >= 0);
    say("copy with a flag: %ld", call(SYS_copy_file_range, fd, (long)&from, target, (long)&to, 6, 1));
    say("copy: %ld", call(SYS_copy_file_range, fd, (long)&from, target, (long)&to, 6, 0));
    char text[8] = "";
    CHECK(pread(target, text, 7, 0) == 7 && strcmp(text + 1, "second") == 0);
}

static int ends[2];
static volatile int handled, inside;

static void handler(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    inside += quick_call_interrupted(context);
    if (handled++ == 2)
        token_send(ends[1]);
}

// Signals its parent until it is killed (see signal_restart.c).
static pid_t start_pest(int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
    handled = inside = 0;
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), pid = fork();
    while (pid == 0) {
        kill(parent, SIGUSR1);
        sched_yield();
    }
    return pid;
}

static void stop_pest(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

TOPIC(quick_call_restart)
{
    char byte = 0;
    CHECK(pipe(ends) == 0);
    pid_t pest = start_pest(0);
    long result = call(SYS_read, ends[0], (long)&byte, 1, 0, 0, 0);
    stop_pest(pest);
    say("read: %ld", result);
    CHECK(inside > 0);
    // The third signal's handler writes what the read waits for: it was restarted if it returns that.
    close(ends[0]), close(ends[1]);
    CHECK(pipe(ends) == 0);
    long words[QUICK_WORDS] = { SYS_read, ends[0], (long)&byte, 1, 0x44, 0x55, 0x66 };
    pest = start_pest(SA_RESTART);
    quick_call(words);
    stop_pest(pest);
    say("read: %ld", words[0]);
    CHECK(handled >= 3);
    CHECK(words[1] == ends[0] && words[2] == (long)&byte && words[3] == 1);
    CHECK(words[4] == 0x44 && words[5] == 0x55 && words[6] == 0x66);
}

CHILD(quick_call) { return argc == 1 ? 23 : 1; }

static pid_t quick_fork(void)
{
#ifdef SYS_fork
    return (pid_t)call(SYS_fork, 0, 0, 0, 0, 0, 0);
#else
    return (pid_t)call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
#endif
}

TOPIC(quick_call_processes)
{
    pid_t child = quick_fork();
    if (child == 0)
        call(SYS_exit_group, 21, 0, 0, 0, 0, 0);
    reap("fork", child);
    child = (pid_t)call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (child == 0)
        call(SYS_exit, 22, 0, 0, 0, 0, 0);
    reap("clone", child);
    const char *arguments[] = { test_program, "--child", "quick_call", NULL };
    const char *environment[] = { NULL };
    child = quick_fork();
    if (child == 0)
        call(SYS_execve, (long)test_program, (long)arguments, (long)environment, 0, 0, 0);
    reap("exec", child);
}

// The machine's instruction by a program's own hand, with a stack that is none.
TOPIC(quick_call_garbage)
{
    static const unsigned long stacks[] = { 0,          8,          0x7ffffffe, 0xbffffffc,
                                            0xc0000000, 0xc0100000, 0xfffffff0, ~0ul };
    CHECK(quick_call_by_hand(SYS_getpid) == getpid());
    for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        pid_t child = fork();
        if (child == 0) {
            quick_call_raw(99999, stacks[i]);
            _exit(0);
        }
        reap("child", child);
    }
}
