// SPDX-License-Identifier: MIT
// Resource limits, priorities, and what getrusage, sysinfo, uname, getrandom and prctl answer.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TOPIC(limits_change)
{
    struct rlimit limit = { 100, 200 }, got;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    TRY(getrlimit(RLIMIT_NOFILE, &got));
    say("%ld %ld", (long)got.rlim_cur, (long)got.rlim_max);
    limit.rlim_cur = 300;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    TRY(getrlimit(99, &got));
    pid_t pid = fork();
    if (pid == 0) {
        getrlimit(RLIMIT_NOFILE, &got);
        say("inherited %ld %ld", (long)got.rlim_cur, (long)got.rlim_max);
        setuid(1000);
        limit.rlim_cur = 150, limit.rlim_max = 201;
        TRY(setrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_max = 150;
        TRY(setrlimit(RLIMIT_NOFILE, &limit));
        TRY(prlimit(0, RLIMIT_NOFILE, NULL, &got));
        say("lowered %ld %ld", (long)got.rlim_cur, (long)got.rlim_max);
        TRY(prlimit(getppid(), RLIMIT_NOFILE, NULL, &got));
        _exit(0);
    }
    reap("child", pid);
    TRY(prlimit(getpid(), RLIMIT_CORE, &(struct rlimit){ 0, 0 }, NULL));
}

TOPIC(limits_processes)
{
    struct rlimit limit = { 5, 5 };
    int started = 0;
    pid_t pid = fork();
    if (pid == 0) {
        setuid(4321);
        setrlimit(RLIMIT_NPROC, &limit);
        for (int i = 0; i < 10; i++) {
            pid_t child = fork();
            if (child == 0)
                for (;;)
                    pause();
            if (child < 0) {
                say("fork: %s", strerror(errno));
                break;
            }
            started++;
        }
        say("started %d", started);
        signal(SIGTERM, SIG_IGN);
        kill(-1, SIGTERM);
        while (wait(NULL) > 0)
            ;
        _exit(0);
    }
    reap("user", pid);
}

TOPIC(limits_file_size)
{
    // What we print may go to a file too, so it waits until the limit is gone.
    struct rlimit limit = { 10, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
    int fd = open("f", O_RDWR | O_CREAT, 0600), error, truncate_error;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    ssize_t first = write(fd, "12345678901234", 14), second = write(fd, "x", 1);
    error = errno;
    int truncated = ftruncate(fd, 11);
    truncate_error = errno;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_DFL);
        prctl(PR_SET_DUMPABLE, 0);
        write(fd, "x", 1);
        _exit(0);
    }
    setrlimit(RLIMIT_FSIZE, &none);
    say("wrote %zd, then %zd: %s", first, second, strerror(error));
    say("truncated %d: %s", truncated, strerror(truncate_error));
    reap("child", pid);
}

TOPIC(limits_usage)
{
    struct rusage usage;
    TRY(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_maxrss > 0);
    TRY(getrusage(RUSAGE_CHILDREN, &usage));
    say("%ld %ld", (long)usage.ru_utime.tv_sec, (long)usage.ru_stime.tv_sec);
    TRY(getrusage(77, &usage));
}

TOPIC(limits_system)
{
    struct sysinfo info;
    TRY(sysinfo(&info));
    CHECK(info.totalram > 0 && info.freeram > 0 && info.freeram < info.totalram);
    CHECK(info.uptime >= 0 && info.procs > 0 && info.mem_unit > 0);
    CHECK(sysconf(_SC_PAGESIZE) == 4096);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

TOPIC(limits_uname)
{
    struct utsname name;
    TRY(uname(&name));
    say("%s", name.sysname);
    CHECK(name.release[0] >= '5');
    CHECK(strcmp(name.machine, sizeof(long) == 4 ? "i686" : "riscv64") == 0);
    TRY(uname((struct utsname *)8));
    TRY(sethostname("pando-test", 10));
    uname(&name);
    say("%s", name.nodename);
    TRY(setdomainname("domain", 6));
    pid_t pid = fork();
    if (pid == 0) {
        setuid(1000);
        TRY(sethostname("no", 2));
        _exit(0);
    }
    reap("user", pid);
}

TOPIC(limits_random)
{
    unsigned char a[32] = { 0 }, b[32] = { 0 };
    TRY(getrandom(a, sizeof(a), 0));
    TRY(getrandom(b, sizeof(b), GRND_NONBLOCK));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    TRY(getrandom(a, 1, 0x100));
    TRY(getrandom((void *)8, 10, 0));
    int fd = open("/dev/urandom", O_RDONLY);
    TRY(read(fd, a, sizeof(a)));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
}

TOPIC(limits_prctl)
{
    char name[16] = "";
    TRY(prctl(PR_SET_NAME, "a name that is too long"));
    TRY(prctl(PR_GET_NAME, name));
    say("%s", name);
    say("%s", read_file("/proc/self/comm"));
    TRY(prctl(PR_GET_DUMPABLE));
    TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    TRY(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(99999));
    int death = -1;
    TRY(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    TRY(prctl(PR_GET_PDEATHSIG, &death));
    say("%d", death);
    TRY(prctl(PR_SET_PDEATHSIG, 77));
}

TOPIC(limits_subreaper)
{
    int status, told[2];
    pipe(told);
    TRY(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            token_await(told[0]);
            _exit(getppid() == 1 ? 1 : 66);
        }
        _exit(2);
    }
    reap("child", pid);
    token_send(told[1]);
    CHECK(wait(&status) > 0);
    say_status("grandchild", status);
}

TOPIC(limits_death_signal)
{
    int told[2];
    char byte = 0;
    pipe(told);
    pid_t pid = fork();
    if (pid == 0) {
        int ready[2];
        pipe(ready);
        if (fork() == 0) {
            sigset_t set;
            int number;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR2);
            sigprocmask(SIG_BLOCK, &set, NULL);
            prctl(PR_SET_PDEATHSIG, SIGUSR2);
            token_send(ready[1]);
            sigwait(&set, &number);
            byte = (char)number;
            write(told[1], &byte, 1);
            _exit(0);
        }
        token_await(ready[0]);
        _exit(0);
    }
    reap("child", pid);
    read(told[0], &byte, 1);
    say("signal %d", byte);
}

TOPIC(limits_scheduling)
{
    errno = 0;
    TRY(getpriority(PRIO_PROCESS, 0));
    TRY(setpriority(PRIO_PROCESS, 0, 5));
    TRY(getpriority(PRIO_PROCESS, 0));
    TRY(nice(3));
    TRY(nice(100));
    TRY(setpriority(PRIO_PROCESS, 0, 0));
    TRY(getpriority(77, 0));
    TRY(setpriority(PRIO_PROCESS, 0x7ffffffe, 0));
    pid_t pid = fork();
    if (pid == 0) {
        setuid(1000);
        TRY(nice(5));
        TRY(nice(-1));
        TRY(setpriority(PRIO_PROCESS, getppid(), 1));
        _exit(0);
    }
    reap("user", pid);
    TRY(sched_yield());
    TRY(sched_get_priority_max(SCHED_FIFO));
    TRY(sched_get_priority_min(SCHED_RR));
    TRY(syscall(SYS_sched_getscheduler, 0));
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CHECK(sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) >= 1);
}

// Two of equal real-time priority on one processor: only by yielding does one let the other run.
TOPIC(sched_yield_turns)
{
    struct sched_param parameters = { .sched_priority = 10 };
    cpu_set_t cpus;
    struct {
        char turns[16];
        unsigned count;
    } *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    TRY(sched_setaffinity(0, sizeof(cpus), &cpus));
    TRY(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters));
    pid_t pid = fork();
    for (unsigned i = 0; i < 6; i++) {
        shared->turns[shared->count++] = pid ? 'p' : 'c';
        sched_yield();
    }
    if (pid == 0)
        _exit(0);
    reap("child", pid);
    say("turns %s", shared->turns);
}
