// SPDX-License-Identifier: MIT
// Rounds against the delaying server:  delay-rounds ROUNDS SEED
// In each, a caller makes calls that the server holds, and signals, stops, kills, execs and exits are fired at it.
// A call whose answer came has happened once; one that was interrupted has not; only the call that its caller's death
// cut off may be either. A last line tells how often each was met; a line that begins with "round" is a failure.
#include "rounds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"

#define STUCK_SECONDS 60     // of guest time; a round takes some thousandths of one
#define LONGEST_PAUSE 150000 // ns

struct progress *progress;
static uint64_t sequence;
static unsigned round_number, failures;
static struct {
    unsigned survived, killed, executed, left, signals, stops, interrupted;
} met;

uint32_t chance(uint32_t below)
{
    uint64_t z = sequence += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)(z >> 33) % below;
}

void chance_start(uint64_t seed) { sequence = seed; }

static void fail(const char *what, long value)
{
    failures++;
    printf("round %u: %s: %ld\n", round_number, what, value);
    fflush(stdout);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// --- what is fired ----------------------------------------------------------------------------------------------

static void stop_and_continue(pid_t pid)
{
    int status;
    met.stops++;
    kill(pid, SIGSTOP);
    // It may have ended before: then that is what is to be seen, and stays so.
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
        fail("no stop seen", errno);
    else if (info.si_code == CLD_STOPPED && waitpid(pid, &status, WUNTRACED) != pid)
        fail("the stop is seen once only", errno);
    kill(pid, SIGCONT);
}

static void fire(pid_t pid, bool may_kill)
{
    switch (chance(may_kill ? 7 : 6)) {
    case 0:
    case 1:
    case 2: met.signals += kill(pid, SIGUSR1) == 0; break;
    case 3:
    case 4: met.signals += kill(pid, SIGUSR2) == 0; break;
    case 5: stop_and_continue(pid); break;
    default: kill(pid, SIGKILL); break;
    }
}

// -> the caller's status
static int fire_until_end(pid_t pid, bool may_kill)
{
    int status = 0;
    pid_t got;
    uint64_t limit = now() + STUCK_SECONDS * 1000000000ull;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
        if (now() > limit) {
            fail("stuck", progress->callers[0].writes);
            kill(pid, SIGKILL);
        }
        struct timespec pause = { 0, (long)chance(LONGEST_PAUSE) };
        nanosleep(&pause, NULL);
        fire(pid, may_kill);
    }
    if (got != pid)
        fail("wait", errno);
    return status;
}

// --- one round --------------------------------------------------------------------------------------------------

static void check_caller(unsigned n, bool cut_off)
{
    struct delay_report report;
    const struct caller *caller = &progress->callers[n];
    if (read(DELAY_REPORT + (int)n, &report, sizeof(report)) != sizeof(report)) {
        fail("no report", errno);
        return;
    }
    uint32_t writes = report.writes - caller->writes, reads = report.reads - caller->reads;
    if (report.wrong)
        fail("writes lost or doubled", report.wrong);
    if (caller->wrong)
        fail("answers that are wrong", caller->wrong);
    if (writes + reads > (cut_off ? 1 : 0))
        fail("calls that happened without an answer", (long)writes + reads);
    met.interrupted += caller->interrupted;
}

static void one_round(void)
{
    bool killed = chance(4) == 0;
    progress->plan = (enum plan)chance(PLANS);
    memset(progress->callers, 0, sizeof(progress->callers));
    for (int n = 0; n < CALLERS; n++)
        if (write(DELAY_REPORT + n, "", 1) != 0)
            fail("no counter", errno);
    uint32_t seed = chance(UINT32_MAX);
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork", errno);
        return;
    }
    if (pid == 0)
        caller_run(seed);
    int status = fire_until_end(pid, killed);
    bool ended = WIFSIGNALED(status);
    if (ended ? !killed || WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != CALLER_DONE)
        fail("strange status", status);
    met.killed += ended;
    met.survived += !ended && progress->plan == PLAN_STAY;
    met.executed += !ended && progress->plan == PLAN_EXEC;
    met.left += !ended && progress->plan == PLAN_EXIT;
    // Whoever goes on alone has all its answers; its sibling was cut off.
    check_caller(0, ended);
    check_caller(1, ended || progress->plan != PLAN_STAY);
}

// What the server holds when nobody else calls it: this report's own call.
static struct delay_report last_report(void)
{
    struct delay_report report = { 0 };
    if (read(DELAY_REPORT, &report, sizeof(report)) != sizeof(report))
        fail("no report", errno);
    if (report.held != 1)
        fail("calls still held", report.held);
    return report;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], CALLER_AGAIN) == 0)
        caller_again(argv[2], argv[3]);
    int file = memfd_create("progress", 0);
    if (argc < 3 || file < 0 || ftruncate(file, sizeof(*progress)) < 0)
        return 2;
    progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (progress == MAP_FAILED)
        return 2;
    progress->file = file;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); // so a caller begins with none let in
    unsigned rounds = (unsigned)strtoul(argv[1], NULL, 0);
    chance_start(strtoul(argv[2], NULL, 0));
    for (round_number = 1; round_number <= rounds && failures < 10; round_number++)
        one_round();
    struct delay_report report = last_report();
    printf("%u survived, %u killed, %u executed, %u left, %u signals, %u stops, %u interrupted, "
           "%u early, %u late, %u ended\n",
           met.survived, met.killed, met.executed, met.left, met.signals, met.stops, met.interrupted,
           report.early, report.late, report.ended);
    return failures != 0;
}
