// SPDX-License-Identifier: MIT
// The work: see failures.h. Each step leaves nothing behind if it goes well; what it leaves otherwise ends with the
// process, but for names in the directory of the work, which is a file system of its own.
#include "failures.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// How Linux says that there is no memory: besides ENOMEM, EAGAIN of fork and threads, ENOSPC of tmpfs, ENOLCK of locks,
// and EFAULT where no page can be had to copy to.
static bool is_refusal(int error)
{
    return error == ENOMEM || error == EAGAIN || error == ENOSPC || error == ENOLCK || error == EFAULT;
}

static _Noreturn void give_up(const char *what, int error)
{
    if (is_refusal(error))
        _exit(WORK_REFUSED);
    printf("%s: %s\n", what, error ? strerror(error) : "wrong");
    fflush(stdout);
    _exit(WORK_WRONG);
}

#define TRY(call)                                                                                            \
    ({                                                                                                       \
        long value_ = (long)(call);                                                                          \
        if (value_ == -1)                                                                                    \
            give_up(#call, errno);                                                                           \
        value_;                                                                                              \
    })
#define EXPECT(expression)                                                                                   \
    do {                                                                                                     \
        if (!(expression))                                                                                   \
            give_up(#expression, 0);                                                                         \
    } while (0)

static void *map(int fd, size_t length, int flags)
{
    return (void *)TRY(mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0));
}

// --- files

static void files(void)
{
    char bytes[6000];
    struct stat status;
    memset(bytes, 'x', sizeof(bytes));
    TRY(mkdir("dir", 0755));
    int fd = (int)TRY(open("dir/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    EXPECT(TRY(write(fd, bytes, sizeof(bytes))) == sizeof(bytes));
    EXPECT(TRY(pread(fd, bytes, 100, 5950)) == 50);
    TRY(ftruncate(fd, 20000));
    EXPECT(TRY(fstat(fd, &status)) == 0 && status.st_size == 20000);
    char *shared = map(fd, 20000, MAP_SHARED), *private = map(fd, 20000, MAP_PRIVATE);
    shared[12000] = 'y';
    private[100] = 'z';
    EXPECT(private[12000] == 'y' && shared[100] == 'x');
    TRY(msync(shared, 20000, MS_SYNC));
    TRY(munmap(shared, 20000));
    TRY(munmap(private, 20000));
    TRY(flock(fd, LOCK_EX));
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
    TRY(fcntl(fd, F_SETLK, &lock));
    TRY(close(fd));
    TRY(rename("dir/file", "dir/other"));
    TRY(link("dir/other", "dir/third"));
    TRY(symlink("other", "dir/link"));
    EXPECT(TRY(readlink("dir/link", bytes, sizeof(bytes))) == 5);
    fd = (int)TRY(open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT(TRY(syscall(SYS_getdents64, fd, bytes, sizeof(bytes))) > 0);
    TRY(close(fd));
    TRY(chdir("dir"));
    TRY(chdir(".."));
    TRY(unlink("dir/link"));
    TRY(unlink("dir/third"));
    TRY(unlink("dir/other"));
    TRY(rmdir("dir"));
}

static void proc_files(void)
{
    static const char *const paths[] = { "/proc/self/maps", "/proc/self/status", "/proc/meminfo",
                                         "/proc/self/fd/0", "/proc/mounts",      "/dev/zero" };
    char text[512];
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int fd = (int)TRY(open(paths[i], O_RDONLY | O_CLOEXEC));
        TRY(read(fd, text, i == 3 ? 0 : sizeof(text)));
        TRY(close(fd));
    }
}

// --- what passes bytes

static void pass_descriptor(int through, int fd)
{
    char byte = 'd', control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = sizeof(control);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    TRY(sendmsg(through, &message, 0));
}

static void channels(void)
{
    int fds[2], pair[2];
    char bytes[8];
    TRY(pipe2(fds, O_CLOEXEC));
    int copy = (int)TRY(fcntl(fds[1], F_DUPFD_CLOEXEC, 30));
    EXPECT(TRY(write(copy, "hello", 5)) == 5);
    struct pollfd item = { fds[0], POLLIN, 0 };
    EXPECT(TRY(poll(&item, 1, -1)) == 1);
    int set = (int)TRY(epoll_create1(EPOLL_CLOEXEC)), counter = (int)TRY(eventfd(1, EFD_CLOEXEC));
    struct epoll_event event = { .events = EPOLLIN }, got;
    TRY(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
    EXPECT(TRY(epoll_wait(set, &got, 1, -1)) == 1);
    EXPECT(TRY(read(fds[0], bytes, sizeof(bytes))) == 5);
    TRY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    pass_descriptor(pair[0], set);
    EXPECT(TRY(read(pair[1], bytes, 1)) == 1);
    int memory = (int)TRY(memfd_create("m", MFD_CLOEXEC));
    EXPECT(TRY(write(memory, "abc", 3)) == 3);
    for (unsigned i = 0; i < 2; i++) {
        TRY(close(fds[i]));
        TRY(close(pair[i]));
    }
    TRY(close(copy));
    TRY(close(set));
    TRY(close(counter));
    TRY(close(memory));
}

static void terminal(void)
{
    char name[32];
    int number, master = (int)TRY(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)), unlock = 0;
    TRY(ioctl(master, TIOCSPTLCK, &unlock));
    TRY(ioctl(master, TIOCGPTN, &number));
    snprintf(name, sizeof(name), "/dev/pts/%d", number);
    int slave = (int)TRY(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT(TRY(write(master, "line\n", 5)) == 5);
    EXPECT(TRY(read(slave, name, sizeof(name))) == 5);
    TRY(close(slave));
    TRY(close(master));
}

// --- processes

// The child may be refused its memory too, or lose its life for it.
static void reap(pid_t pid)
{
    int status = 0;
    EXPECT(TRY(waitpid(pid, &status, 0)) == pid);
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSEGV))
        _exit(WORK_REFUSED);
    if (WIFEXITED(status) && WEXITSTATUS(status) != WORK_DONE)
        _exit(WEXITSTATUS(status));
    EXPECT(WIFEXITED(status));
}

static volatile char touched[3 * 4096] = { 1 };

static void processes(void)
{
    int fds[2];
    char byte;
    TRY(pipe2(fds, O_CLOEXEC));
    pid_t pid = (pid_t)TRY(fork());
    if (pid == 0) {
        touched[0]++;
        touched[8000]++;
        TRY(write(fds[1], "c", 1));
        _exit(WORK_DONE);
    }
    TRY(close(fds[1]));
    touched[4096]++;
    TRY(read(fds[0], &byte, 1)); // end of file, if the child was refused
    TRY(close(fds[0]));
    reap(pid);
}

static void programs(void)
{
    static char *const arguments[] = { "failures", NOTHING, NULL }, *const environment[] = { "A=b", NULL };
    pid_t pid = (pid_t)TRY(fork());
    if (pid == 0) {
        TRY(execve("/proc/self/exe", arguments, environment));
    }
    reap(pid);
    pid = vfork();
    if (pid == 0) {
        execve("/proc/self/exe", arguments, environment);
        _exit(is_refusal(errno) ? WORK_REFUSED : WORK_WRONG);
    }
    TRY(pid);
    reap(pid);
}

// --- threads

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turns;

static void *take_turns(void *argument)
{
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 3; i++) {
        while (turns % 2 != (argument != NULL))
            pthread_cond_wait(&condition, &mutex);
        turns++;
        pthread_cond_broadcast(&condition);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void threads(void)
{
    pthread_t other;
    int error = pthread_create(&other, NULL, take_turns, &turns);
    if (error)
        give_up("pthread_create", error);
    take_turns(NULL);
    pthread_join(other, NULL);
    EXPECT(turns == 6);
}

// --- signals

static volatile sig_atomic_t caught;

static void on_signal(int signo, siginfo_t *info, void *context) { caught++; }

static void signals(void)
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct itimerval soon = { .it_value = { 0, 1000 } };
    stack_t stack = { .ss_size = 32768 };
    stack.ss_sp = map(-1, stack.ss_size, MAP_PRIVATE | MAP_ANONYMOUS);
    TRY(sigaltstack(&stack, NULL));
    TRY(sigaction(SIGUSR1, &action, NULL));
    TRY(sigaction(SIGRTMIN, &action, NULL));
    TRY(sigaction(SIGALRM, &action, NULL));
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    TRY(kill(getpid(), SIGUSR1));
    TRY(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 3 }));
    EXPECT(caught == 2);
    TRY(sigprocmask(SIG_BLOCK, &alarm, NULL));
    TRY(setitimer(ITIMER_REAL, &soon, NULL));
    EXPECT(TRY(sigwaitinfo(&alarm, NULL)) == SIGALRM);
    timer_t timer;
    struct itimerspec after = { .it_value = { 0, 1000000 } };
    TRY(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_signo = SIGALRM }, &timer));
    TRY(timer_settime(timer, 0, &after, NULL));
    EXPECT(TRY(sigwaitinfo(&alarm, NULL)) == SIGALRM);
    TRY(timer_delete(timer));
    TRY(nanosleep(&(struct timespec){ 0, 1000000 }, NULL));
}

// --- memory

static void memory(void)
{
    size_t length = 3 << 20;
    char *bytes = map(-1, length, MAP_PRIVATE | MAP_ANONYMOUS);
    for (size_t i = 0; i < length; i += 700000)
        bytes[i] = 1;
    TRY(mprotect(bytes + 8192, 4096, PROT_READ));
    TRY(madvise(bytes, 4096, MADV_DONTNEED));
    EXPECT(bytes[0] == 0 && bytes[700000] == 1);
    bytes = (char *)TRY(mremap(bytes + 16384, length - 16384, length * 2, MREMAP_MAYMOVE));
    EXPECT(bytes[700000 - 16384] == 1 && bytes[length] == 0);
    TRY(munmap(bytes + 4096, 4096));
    char *shared = map(-1, 16384, MAP_SHARED | MAP_ANONYMOUS);
    shared[5000] = 1;
    char *end = (char *)syscall(SYS_brk, 0);
    if ((char *)syscall(SYS_brk, end + 20000) != end + 20000)
        give_up("brk", ENOMEM);
    end[10000] = 1;
}

static void mounts(void)
{
    TRY(mkdir("mount", 0755));
    TRY(mount("none", "mount", "tmpfs", 0, "size=1m"));
    int fd = (int)TRY(open("mount/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    TRY(close(fd));
    TRY(umount("mount"));
    TRY(rmdir("mount"));
}

_Noreturn void work(void)
{
    files();
    proc_files();
    channels();
    terminal();
    processes();
    programs();
    threads();
    signals();
    memory();
    mounts();
    _exit(WORK_DONE);
}
