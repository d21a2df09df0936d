// SPDX-License-Identifier: MIT
// Clocks, sleeping, interval timers and alarm. Nothing here depends on how long anything took.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static volatile int alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

// Waits for that many alarms; they are blocked but in sigsuspend, so that none is missed.
static void await_alarms(int signal_number, int count)
{
    sigset_t set, old;
    signal(signal_number, on_alarm);
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    sigprocmask(SIG_BLOCK, &set, &old);
    while (alarms < count)
        sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

TOPIC(timer_interval)
{
    struct itimerval timer = { { 0, 2000 }, { 0, 1000 } }, old;
    signal(SIGALRM, on_alarm);
    TRY(setitimer(ITIMER_REAL, &timer, NULL));
    await_alarms(SIGALRM, 3);
    memset(&timer, 0, sizeof(timer));
    TRY(setitimer(ITIMER_REAL, &timer, &old));
    say("interval was %ld", (long)old.it_interval.tv_usec);
    CHECK(alarms >= 3);
    timer.it_value.tv_usec = 1000000;
    TRY(setitimer(ITIMER_REAL, &timer, NULL));
    TRY(setitimer(77, &timer, NULL));
    TRY(getitimer(ITIMER_REAL, &old));
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
}

TOPIC(timer_alarm)
{
    signal(SIGALRM, on_alarm);
    TRY(alarm(100));
    unsigned left = alarm(50);
    CHECK(left > 50 && left <= 100);
    CHECK(alarm(0) > 0);
    TRY(alarm(0));
    pid_t pid = fork();
    if (pid == 0) {
        struct itimerval timer = { { 0, 0 }, { 0, 1000 } };
        signal(SIGALRM, SIG_DFL);
        setitimer(ITIMER_REAL, &timer, NULL);
        for (;;)
            pause();
    }
    reap("not handled", pid);
}

TOPIC(timer_cpu)
{
    // Counts only while this process computes.
    struct itimerval timer = { { 0, 0 }, { 0, 10000 } };
    volatile long work = 0;
    signal(SIGVTALRM, on_alarm);
    TRY(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    while (!alarms)
        work++;
    say("SIGVTALRM");
    alarms = 0;
    signal(SIGPROF, on_alarm);
    TRY(setitimer(ITIMER_PROF, &timer, NULL));
    while (!alarms)
        work++;
    say("SIGPROF");
}

TOPIC(timer_sleep)
{
    struct timespec short_time = { 0, 1000000 }, bad = { 0, 1000000000 }, negative = { -1, 0 }, before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    TRY(nanosleep(&short_time, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec >= 1000000);
    TRY(nanosleep(&bad, NULL));
    TRY(nanosleep(&negative, NULL));
    say("%s", strerror(clock_nanosleep(CLOCK_REALTIME, 0, &short_time, NULL)));
    // An absolute time in the past does not sleep.
    say("%s", strerror(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &before, NULL)));
    say("%s", strerror(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL)));
    say("%s", strerror(clock_nanosleep(99, 0, &short_time, NULL)));
    TRY(usleep(0));
    TRY(sleep(0));
}

TOPIC(clocks)
{
    static const int ids[] = { CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
                               CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                               CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME };
    struct timespec first, second;
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        bool backwards = false;
        int result = clock_gettime(ids[i], &first);
        for (int j = 0; j < 100; j++) {
            clock_gettime(ids[i], &second);
            backwards |= second.tv_sec < first.tv_sec ||
                         (second.tv_sec == first.tv_sec && second.tv_nsec < first.tv_nsec);
            first = second;
        }
        say("clock %d: %d, backwards %d", ids[i], result, backwards);
    }
    TRY(clock_gettime(99, &first));
    TRY(clock_getres(CLOCK_MONOTONIC, &first));
    say("resolution %ld", first.tv_nsec);
    CHECK(time(NULL) > 1500000000);
    struct timeval now;
    TRY(gettimeofday(&now, NULL));
    clock_gettime(CLOCK_REALTIME, &first);
    CHECK(first.tv_sec >= now.tv_sec && first.tv_sec < now.tv_sec + 100);
}

TOPIC(cpu_times)
{
    struct tms times_before, times_after;
    struct timespec before, after;
    volatile long work = 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    CHECK(times(&times_before) != -1);
    do {
        work++;
        times(&times_after);
    } while (times_after.tms_utime + times_after.tms_stime <
             times_before.tms_utime + times_before.tms_stime + 2);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK(after.tv_sec > before.tv_sec || after.tv_nsec > before.tv_nsec);
    CHECK(times_after.tms_cutime == 0 && times_after.tms_cstime == 0);
}

// Waits for SIGALRM, which is blocked.
static void await_signal(siginfo_t *info)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    say("sigwaitinfo: %d, SI_TIMER: %d", sigwaitinfo(&set, info), info->si_code == SI_TIMER);
}

TOPIC(timer_create_signal)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
    struct itimerspec soon = { { 0, 0 }, { 0, 2000000 } }, often = { { 0, 1000000 }, { 0, 1000000 } }, left;
    struct timespec pause = { 0, 20000000 };
    siginfo_t info;
    timer_t timer;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    event.sigev_value.sival_int = 77;
    TRY(timer_create(CLOCK_MONOTONIC, &event, &timer));
    TRY(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    TRY(timer_settime(timer, 0, &soon, NULL));
    await_signal(&info);
    say("value %d, overrun %d", info.si_value.sival_int, info.si_overrun);
    TRY(timer_settime(timer, 0, &often, NULL));
    nanosleep(&pause, NULL);
    await_signal(&info);
    CHECK(info.si_overrun > 5 && timer_getoverrun(timer) == info.si_overrun);
    await_signal(&info);
    TRY(timer_delete(timer));
    TRY(timer_delete(timer));
    event.sigev_notify = SIGEV_NONE;
    TRY(timer_create(CLOCK_REALTIME, &event, &timer));
    TRY(timer_settime(timer, 0, &soon, NULL));
    nanosleep(&pause, NULL);
    TRY(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    event.sigev_notify = 99;
    TRY(timer_create(CLOCK_REALTIME, &event, &timer));
    event.sigev_notify = SIGEV_SIGNAL;
    TRY(timer_create(99, &event, &timer));
    event.sigev_signo = 99;
    TRY(timer_create(CLOCK_REALTIME, &event, &timer));
}

TOPIC(timer_create_default_action)
{
    const int signals[] = { SIGALRM, SIGSTOP, SIGKILL, SIGRTMIN + 1 };
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signals[i] };
        struct itimerspec soon = { { 0, 0 }, { 0, 2000000 } };
        timer_t timer;
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            timer_create(CLOCK_MONOTONIC, &event, &timer);
            timer_settime(timer, 0, &soon, NULL);
            for (;;)
                pause();
        }
        waitpid(pid, &status, WUNTRACED);
        say_status("child", status);
        if (!WIFSTOPPED(status))
            continue;
        kill(pid, SIGKILL);
        reap("stopped one", pid);
    }
}
