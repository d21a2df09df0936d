// SPDX-License-Identifier: MIT
// waitid: its siginfo, and its options one by one (man 2 waitid).
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static const char *code_name(int code)
{
    switch (code) {
    case CLD_EXITED: return "CLD_EXITED";
    case CLD_KILLED: return "CLD_KILLED";
    case CLD_DUMPED: return "CLD_DUMPED";
    case CLD_STOPPED: return "CLD_STOPPED";
    case CLD_CONTINUED: return "CLD_CONTINUED";
    default: return "?";
    }
}

static void say_info(const char *what, const siginfo_t *info, pid_t pid)
{
    say("%s: signal %d %s status %d, %s", what, info->si_signo, code_name(info->si_code), info->si_status,
        info->si_pid == pid ? "of the child"
        : info->si_pid == 0 ? "of nobody"
                            : "of another");
}

TOPIC(waitid_exited)
{
    siginfo_t info = { 0 };
    pid_t pid = fork();
    if (pid == 0)
        _exit(300);
    TRY(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    say_info("left there", &info, pid);
    TRY(waitid(P_ALL, 0, &info, WEXITED));
    say_info("taken", &info, pid);
    TRY(waitid(P_PID, (id_t)pid, &info, WEXITED));
}

TOPIC(waitid_stopped)
{
    siginfo_t info = { 0 };
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        for (;;)
            pause();
    }
    TRY(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
    say_info("stop", &info, pid);
    memset(&info, 0, sizeof(info));
    TRY(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
    say_info("nothing yet", &info, pid);
    kill(pid, SIGCONT);
    TRY(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
    say_info("continue", &info, pid);
    kill(pid, SIGKILL);
    TRY(waitid(P_PID, (id_t)pid, &info, WEXITED));
    say_info("killed", &info, pid);
}

TOPIC(waitid_group)
{
    siginfo_t info = { 0 };
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(pid, pid);
    TRY(waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED));
    TRY(waitid(P_PGID, (id_t)pid, &info, WEXITED | WNOHANG));
    kill(pid, SIGTERM);
    TRY(waitid(P_PGID, (id_t)pid, &info, WEXITED));
    say_info("by group", &info, pid);
}

TOPIC(waitid_errors)
{
    siginfo_t info;
    TRY(waitid(P_ALL, 0, &info, 0));
    TRY(waitid(P_ALL, 0, &info, WNOHANG));
    TRY(waitid(P_ALL, 0, &info, WEXITED | 0x80));
    TRY(waitid(P_PID, 0, &info, WEXITED));
    TRY(waitid((idtype_t)77, 1, &info, WEXITED));
    TRY(waitid(P_ALL, 0, &info, WEXITED));
}

TOPIC(waitid_pidfd)
{
    siginfo_t info = { 0 };
    pid_t pid = fork();
    if (pid == 0)
        _exit(11);
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    CHECK(fd >= 0);
    TRY(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
    say_info("by pidfd", &info, pid);
    TRY(waitid(P_PIDFD, 9999, &info, WEXITED));
}
