// SPDX-License-Identifier: MIT
// Small structures and constants of pm's calls: uname, sysinfo, times, prctl, reboot.
#pragma once

#include <linux/capability.h>
#include <stdint.h>

#define UTS_LENGTH 65
struct utsname {
    char sysname[UTS_LENGTH], nodename[UTS_LENGTH], release[UTS_LENGTH], version[UTS_LENGTH],
        machine[UTS_LENGTH], domainname[UTS_LENGTH];
};

struct sysinfo {
    long uptime;
    unsigned long loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    unsigned long totalhigh, freehigh;
    uint32_t unit;
    char unused[20 - 2 * sizeof(long) - sizeof(int)];
};

struct tms {
    long user, system, children_user, children_system; // clock ticks
};

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_SECCOMP 21
#define PR_CAPBSET_READ 23
#define PR_CAPBSET_DROP 24
#define PR_GET_SECUREBITS 27
#define PR_SET_SECUREBITS 28
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_GET_TID_ADDRESS 40
#define PR_SET_THP_DISABLE 41
#define PR_GET_THP_DISABLE 42
#define PR_CAP_AMBIENT 47
#define PR_SET_VMA 0x53564d41

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_MAGIC2 672274793u
#define REBOOT_MAGIC2A 85072278u
#define REBOOT_MAGIC2B 369367448u
#define REBOOT_MAGIC2C 537993216u
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0x00000000u
#define REBOOT_POWER_OFF 0x4321fedcu

#define CAP_BIT(cap) (1ull << (cap))
#define CAP_FULL (CAP_BIT(CAP_LAST + 1) - 1)
// Linux's CAP_FS_SET: what follows fsuid (capabilities(7), "Effect of user ID changes").
#define CAP_FS_MASK                                                                                          \
    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) |   \
     CAP_BIT(CAP_FSETID) | CAP_BIT(9) | CAP_BIT(CAP_MKNOD) | CAP_BIT(32))

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u
