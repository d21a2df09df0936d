// SPDX-License-Identifier: MIT
// Linux signals: numbers, sets, siginfo, flags (signal(7), sigaction(2), asm-generic/siginfo.h). Layouts hold
// for both architectures because they are compiled for the one whose programs they describe.
#pragma once

#include <stdint.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define SIGRTMIN 32
#define SIGNALS 64 // valid signals are 1..SIGNALS

// A signal set: bit n - 1 is signal n. User memory holds it as 8 bytes, low word first, on both architectures.
#define SIGNAL_BIT(signal) (1ull << ((signal) - 1))

#define SIG_DFL 0ul
#define SIG_IGN 1ul

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO 0x00000004u
#define SA_UNSUPPORTED 0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

// What sigaction keeps of its flags, SIGACTION_RESTORER_FLAG among them where there is one (UAPI_SA_FLAGS).
#define SIGACTION_FLAGS                                                                                      \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_ONSTACK | SA_RESTART | SA_NODEFER |   \
     SA_RESETHAND | SIGACTION_RESTORER_FLAG)

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_SIGIO (-5)
#define SI_TKILL (-6)

#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_HUP 6
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

union sigval {
    int integer;
    void *pointer;
};

// The part of Linux's siginfo_t that is in use; in user memory zeroes follow up to SIGINFO_SIZE.
#define SIGINFO_SIZE 128
struct siginfo {
    int signo, error, code;
    union {
        struct {
            int pid;
            uint32_t uid;
            union sigval value;
        } rt; // kill, tkill, sigqueue
        struct {
            int timer, overrun;
            union sigval value;
        } timer;
        struct {
            int pid;
            uint32_t uid;
            int status;
            long user_time, system_time; // clock ticks
        } child;
        struct {
            void *address;
        } fault;
        struct {
            long band;
            int fd;
        } poll;
        unsigned long words[4];
    };
};

struct stack_info { // stack_t
    unsigned long base;
    int flags;
    unsigned long size;
};

struct sigevent {
    union sigval value;
    int signo, notify;
    int tid;
    int unused[11];
};
