// SPDX-License-Identifier: MIT
// Threads (CLONE_THREAD), through the C library's pthreads and through raw clone.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static pid_t thread_id(void) { return (pid_t)syscall(SYS_gettid); }

static void *tell_ids(void *parent)
{
    CHECK(getpid() == *(pid_t *)parent);
    CHECK(thread_id() != *(pid_t *)parent);
    return (void *)17;
}

TOPIC(thread_basic)
{
    pthread_t thread;
    void *value;
    pid_t pid = getpid();
    CHECK(thread_id() == pid);
    int error = pthread_create(&thread, NULL, tell_ids, &pid);
    TRY(pthread_join(thread, &value));
    say("created: %s", error ? strerror(error) : "ok");
    say("value %ld", (long)value);
    // A thread is no child.
    TRY(waitpid(-1, NULL, 0));
    TRY(waitpid(-1, NULL, __WALL));
}

#define THREADS 8

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int counter, turn;

static void *count_up(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TOPIC(thread_mutex)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, count_up, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    say("counter %d", counter);
}

static void *take_turns(void *number)
{
    for (int round = 0; round < 3; round++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (int)(long)number)
            pthread_cond_wait(&condition, &mutex);
        if (round == 2)
            say("thread %ld at turn %d", (long)number, turn);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TOPIC(thread_condition)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_turns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static __thread int local = 5;

static void *change_local(void *unused)
{
    (void)unused;
    local += 10;
    say("thread has %d", local);
    return NULL;
}

TOPIC(thread_local_storage)
{
    pthread_t thread;
    local++;
    pthread_create(&thread, NULL, change_local, NULL);
    pthread_join(thread, NULL);
    say("main has %d", local);
    pid_t pid = fork();
    if (pid == 0) {
        local += 100;
        say("child has %d", local);
        _exit(0);
    }
    reap("child", pid);
    say("main has %d", local);
}

static void *exit_all(void *unused)
{
    (void)unused;
    exit(23);
}

static void *sleep_forever(void *unused)
{
    (void)unused;
    for (;;)
        pause();
}

TOPIC(thread_exit_group)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, sleep_forever, NULL);
        pthread_create(&thread, NULL, exit_all, NULL);
        sleep_forever(NULL);
    }
    reap("exit in a thread", pid);
    pid = fork();
    if (pid == 0) {
        pthread_t thread;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, sleep_forever, NULL);
        syscall(SYS_tgkill, getpid(), thread_id(), SIGKILL);
        sleep_forever(NULL);
    }
    reap("kill of a thread", pid);
}

static int gate[2];

static void *outlive_leader(void *unused)
{
    (void)unused;
    token_await(gate[0]);
    while (!strstr(read_file("/proc/self/stat"), ") Z "))
        sched_yield();
    say("the thread goes on");
    syscall(SYS_exit, 6);
    return NULL;
}

TOPIC(thread_leader_exits_first)
{
    pipe(gate);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, outlive_leader, NULL);
        syscall(SYS_exit, 5);
    }
    // A zombie leader is not to be waited for while the group lives.
    TRY(waitpid(pid, NULL, WNOHANG));
    TRY(kill(pid, 0));
    token_send(gate[1]);
    reap("group", pid);
}

CHILD(report_ids)
{
    say("%s: pid %s, tid %s", argv[0], getpid() == atoi(argv[1]) ? "same" : "other",
        thread_id() == atoi(argv[1]) ? "same" : "other");
    return 8;
}

static void *exec_here(void *unused)
{
    char number[16] = "";
    int value = getpid(), digits = 0;
    char reversed[16];
    (void)unused;
    for (; value; value /= 10)
        reversed[digits++] = (char)('0' + value % 10);
    for (int i = 0; i < digits; i++)
        number[i] = reversed[digits - 1 - i];
    execl(test_program, "t", "--child", "report_ids", number, (char *)NULL);
    say("exec: %s", strerror(errno));
    return NULL;
}

TOPIC(thread_exec)
{
    // The caller of exec takes over the leader's id, whichever thread it is.
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, sleep_forever, NULL);
        pthread_create(&thread, NULL, exec_here, NULL);
        sleep_forever(NULL);
    }
    reap("exec in a thread", pid);
}

static atomic_int handled_by;

static void note_thread(int number)
{
    (void)number;
    handled_by = thread_id();
}

static int ready[2];

static void *take_signal(void *unused)
{
    sigset_t empty;
    (void)unused;
    sigemptyset(&empty);
    token_send(ready[1]);
    sigsuspend(&empty);
    return NULL;
}

TOPIC(thread_signals)
{
    pthread_t thread;
    sigset_t set;
    signal(SIGUSR1, note_thread);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pipe(ready);
    pthread_create(&thread, NULL, take_signal, NULL);
    token_await(ready[0]);
    // Both block it, but the one in sigsuspend lets it in: a signal to the process finds that thread.
    kill(getpid(), SIGUSR1);
    pthread_join(thread, NULL);
    CHECK(handled_by != 0 && handled_by != getpid());
    handled_by = 0;
    pthread_kill(pthread_self(), SIGUSR1);
    CHECK(handled_by == 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    CHECK(handled_by == getpid());
    TRY(syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
    TRY(syscall(SYS_tgkill, 1, getpid(), 0));
    TRY(syscall(SYS_tkill, getpid(), 0));
}

static int clone_tid;

static void *run_fork(void *unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0)
        _exit(12);
    reap("thread's child", pid);
    return NULL;
}

TOPIC(thread_forks)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run_fork, NULL);
    pthread_join(thread, NULL);
    // A child belongs to the group: any thread may wait for another's.
    TRY(wait(NULL));
}

// The system call itself, as the C library refuses some flags on its own. These all fail, so no stack is needed.
static long raw_clone(int flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }

TOPIC(thread_clone_flags)
{
    TRY(raw_clone(CLONE_THREAD));
    TRY(raw_clone(CLONE_THREAD | CLONE_VM));
    TRY(raw_clone(CLONE_THREAD | CLONE_SIGHAND));
    TRY(raw_clone(CLONE_SIGHAND | SIGCHLD));
    TRY(raw_clone(CLONE_NEWNS | CLONE_FS));
    CHECK(syscall(SYS_set_tid_address, &clone_tid) == getpid());
}

static void *noted_address(void)
{
    void *address = NULL;
    prctl(PR_GET_TID_ADDRESS, &address);
    return address;
}

static void *own_address(void *unused) { return noted_address(); }

// What a thread tells the kernel about words of its memory, and when that is forgotten.
TOPIC(thread_words)
{
    static struct {
        void *next;
        long offset;
        void *pending;
    } head = { &head.next, 0, NULL };
    void *noted = NULL;
    size_t size = 0;
    CHECK(syscall(SYS_set_tid_address, &clone_tid) == getpid());
    CHECK(noted_address() == &clone_tid);
    TRY(syscall(SYS_set_robust_list, &head, sizeof head - 1));
    TRY(syscall(SYS_set_robust_list, &head, sizeof head));
    TRY(syscall(SYS_get_robust_list, 0, &noted, &size));
    CHECK(noted == &head && size == sizeof head);
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        syscall(SYS_get_robust_list, 0, &noted, &size);
        _exit((noted_address() ? 1 : 0) | (noted ? 2 : 0));
    }
    int status;
    waitpid(child, &status, 0);
    say("child: %d", WEXITSTATUS(status));
    pthread_t thread;
    pthread_create(&thread, NULL, own_address, NULL);
    pthread_join(thread, &noted);
    CHECK(noted && noted != &clone_tid);
    syscall(SYS_set_robust_list, NULL, sizeof head);
}
