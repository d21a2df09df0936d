// SPDX-License-Identifier: MIT
// The vDSO's clocks, found as libcs find them (AT_SYSINFO_EHDR, vdso(7)), against the system calls they stand for.
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

struct words { // the machine's own timespec, whatever the libc's time_t
    long seconds, nanoseconds;
};

#ifdef SYS_clock_gettime32
#define CALL_GETTIME SYS_clock_gettime32
#define CALL_SETTIME SYS_clock_settime32
#define CALL_GETRES SYS_clock_getres_time32
#define CALL_TIMEOFDAY SYS_gettimeofday_time32
#define VERSION "LINUX_2.6"
#else
#define CALL_GETTIME SYS_clock_gettime
#define CALL_SETTIME SYS_clock_settime
#define CALL_GETRES SYS_clock_getres
#define CALL_TIMEOFDAY SYS_gettimeofday
#define VERSION "LINUX_4.15"
#endif

struct image {
    const char *base, *names;
    const ElfW(Sym) * symbols;
    const ElfW(Half) * versions;
    const ElfW(Verdef) * definitions;
    unsigned count;
};

static struct image vdso;

static void read_dynamic(const ElfW(Dyn) * dynamic)
{
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const char *at = vdso.base + dynamic->d_un.d_ptr;
        switch (dynamic->d_tag) {
        case DT_STRTAB: vdso.names = at; break;
        case DT_SYMTAB: vdso.symbols = (const void *)at; break;
        case DT_VERSYM: vdso.versions = (const void *)at; break;
        case DT_VERDEF: vdso.definitions = (const void *)at; break;
        case DT_HASH: vdso.count = ((const unsigned *)(const void *)at)[1]; break;
        }
    }
}

static void read_image(void)
{
    vdso.base = (const char *)getauxval(AT_SYSINFO_EHDR);
    const ElfW(Ehdr) *header = (const void *)vdso.base;
    const ElfW(Phdr) *segment = (const void *)(vdso.base + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == PT_DYNAMIC)
            read_dynamic((const void *)(vdso.base + segment[i].p_offset));
}

static bool has_version(unsigned index, const char *wanted)
{
    const ElfW(Verdef) *definition = vdso.definitions;
    for (;; definition = (const void *)((const char *)definition + definition->vd_next)) {
        const ElfW(Verdaux) *name = (const void *)((const char *)definition + definition->vd_aux);
        if (definition->vd_ndx == (index & 0x7fff))
            return strcmp(vdso.names + name->vda_name, wanted) == 0;
        if (!definition->vd_next)
            return false;
    }
}

static void *function(const char *name)
{
    for (unsigned i = 0; i < vdso.count; i++)
        if (vdso.symbols[i].st_shndx && strcmp(vdso.names + vdso.symbols[i].st_name, name) == 0 &&
            has_version(vdso.versions[i], VERSION))
            return (void *)(vdso.base + vdso.symbols[i].st_value);
    return NULL;
}

static long (*gettime)(int, struct words *);
static long (*getres)(int, struct words *);
static long (*timeofday)(struct words *, int *);

static bool found(void)
{
    read_image();
    gettime = (long (*)(int, struct words *))function("__vdso_clock_gettime");
    getres = (long (*)(int, struct words *))function("__vdso_clock_getres");
    timeofday = (long (*)(struct words *, int *))function("__vdso_gettimeofday");
    return gettime && getres && timeofday;
}

static bool earlier(const struct words *a, const struct words *b)
{
    return a->seconds < b->seconds || (a->seconds == b->seconds && a->nanoseconds < b->nanoseconds);
}

// Read by turns through the vDSO and by call: never backward.
static bool in_order(int clock)
{
    struct words last = { 0, 0 }, now;
    for (int i = 0; i < 2000; i++) {
        if ((i & 1 ? gettime(clock, &now) : syscall(CALL_GETTIME, clock, &now)) != 0 ||
            earlier(&now, &last) || now.nanoseconds < 0 || now.nanoseconds >= 1000000000)
            return false;
        last = now;
    }
    return true;
}

static bool same_resolution(int clock)
{
    struct words a = { 0, 0 }, b = { 0, 0 };
    return getres(clock, &a) == 0 && syscall(CALL_GETRES, clock, &b) == 0 && a.seconds == b.seconds &&
           a.nanoseconds == b.nanoseconds;
}

TOPIC(vdso_clocks)
{
    CHECK(found());
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_BOOTTIME; clock++) {
        if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
            continue; // these lag behind a tick, so no order with what is exact is promised
        say("clock %d in order: %s", clock, in_order(clock) ? "yes" : "no");
    }
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_BOOTTIME; clock++)
        say("clock %d has one resolution: %s", clock, same_resolution(clock) ? "yes" : "no");
    CHECK(getres(CLOCK_MONOTONIC, NULL) == 0);
    struct words now;
    say("no such clock: %ld", gettime(77, &now));
    say("no such resolution: %ld", getres(77, &now));
}

TOPIC(vdso_time_of_day)
{
    struct words before, now, after;
    int zone[2] = { 7, 7 };
    CHECK(found());
    syscall(CALL_TIMEOFDAY, &before, NULL);
    CHECK(timeofday(&now, zone) == 0);
    syscall(CALL_TIMEOFDAY, &after, NULL);
    CHECK(!earlier(&now, &before) && !earlier(&after, &now));
    say("zone %d %d", zone[0], zone[1]);
    CHECK(timeofday(NULL, NULL) == 0);
}

// A clock that is set is so at once for those who read it without a call.
TOPIC(vdso_settime)
{
    struct words start, moved, now;
    CHECK(found());
    gettime(CLOCK_REALTIME, &start);
    moved = (struct words){ start.seconds + 100000, 0 };
    TRY(syscall(CALL_SETTIME, CLOCK_REALTIME, &moved));
    gettime(CLOCK_REALTIME, &now);
    CHECK(!earlier(&now, &moved) && now.seconds < moved.seconds + 1000);
    CHECK(in_order(CLOCK_REALTIME));
    TRY(syscall(CALL_SETTIME, CLOCK_REALTIME, &start));
    gettime(CLOCK_REALTIME, &now);
    CHECK(now.seconds < start.seconds + 1000);
}

// The forms that only 32-bit machines have; elsewhere the same function stands for them.
TOPIC(vdso_wide_clocks)
{
    CHECK(found());
    bool narrow = sizeof(long) < sizeof(time_t);
    int (*wide)(int, struct timespec *) =
        (int (*)(int, struct timespec *))function(narrow ? "__vdso_clock_gettime64" : "__vdso_clock_gettime");
    struct words before, after;
    struct timespec now;
    CHECK(wide != NULL);
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_MONOTONIC; clock++) {
        gettime(clock, &before);
        CHECK(wide(clock, &now) == 0);
        gettime(clock, &after);
        CHECK(now.tv_sec >= before.seconds && now.tv_sec <= after.seconds && now.tv_nsec < 1000000000);
    }
    long (*seconds_now)(long *) = (long (*)(long *))function("__vdso_time");
    CHECK((seconds_now != NULL) == narrow);
    gettime(CLOCK_REALTIME, &before);
    long seconds = before.seconds, result = seconds_now ? seconds_now(&seconds) : seconds;
    gettime(CLOCK_REALTIME, &after);
    CHECK(result == seconds && result <= after.seconds && result >= after.seconds - 5);
}
