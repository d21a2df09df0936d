// SPDX-License-Identifier: MIT
// Calls about the system as a whole: uname, sysinfo, getrandom, reboot, host names; and prctl, personality.
#include "calls.h"
#include "init.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "system.h"
#include "vfs_client.h"

#include <errno.h>
#include <heap.h>
#include <linux_arch.h>
#include <protocol_root.h>
#include <random.h>
#include <server.h>
#include <string.h>

#define VERSION "#1 Pando 0.1.0"
#define RELEASE "6.1.0-pando"

void uts_init(void)
{
    struct utsname *uts = &pm->uts;
    strlcpy(uts->sysname, "Linux", UTS_LENGTH);
    strlcpy(uts->nodename, "pando", UTS_LENGTH);
    strlcpy(uts->release, RELEASE, UTS_LENGTH);
    strlcpy(uts->version, VERSION, UTS_LENGTH);
    strlcpy(uts->machine, LINUX_MACHINE, UTS_LENGTH);
    strlcpy(uts->domainname, "(none)", UTS_LENGTH);
    uint8_t bytes[16];
    static const char digits[] = "0123456789abcdef";
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    char *to = pm->boot_id;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
}

long call_uname(struct thread *caller, const unsigned long args[6])
{
    return mm_write(caller->mm, args[0], &pm->uts, sizeof pm->uts);
}

long call_olduname(struct thread *caller, const unsigned long args[6]) // without the domain name
{
    return mm_write(caller->mm, args[0], &pm->uts, 5 * UTS_LENGTH);
}

long call_oldolduname(struct thread *caller, const unsigned long args[6]) // five names of eight letters
{
    char names[5][9];
    const char *from[5] = { pm->uts.sysname, pm->uts.nodename, pm->uts.release, pm->uts.version,
                            pm->uts.machine };
    for (int i = 0; i < 5; i++)
        strlcpy(names[i], from[i], sizeof names[i]);
    return mm_write(caller->mm, args[0], names, sizeof names);
}

static long set_name(struct thread *caller, char *name, unsigned long address, long length)
{
    char new[UTS_LENGTH] = { 0 };
    if (!capable(caller, CAP_SYS_ADMIN))
        return -EPERM;
    if (length < 0 || length >= UTS_LENGTH)
        return -EINVAL;
    if (mm_read(caller->mm, new, address, (size_t)length) < 0)
        return -EFAULT;
    memcpy(name, new, UTS_LENGTH);
    return 0;
}

long call_sethostname(struct thread *caller, const unsigned long args[6])
{
    return set_name(caller, pm->uts.nodename, args[0], (int)args[1]);
}

long call_setdomainname(struct thread *caller, const unsigned long args[6])
{
    return set_name(caller, pm->uts.domainname, args[0], (int)args[1]);
}

// --- memory and load

void memory_read_info(struct memory_numbers *numbers)
{
    *numbers = (struct memory_numbers){ 0 };
    if (KCALL1(system_info, pm->system) < 0)
        return;
    const uint64_t *result = message_page->result;
    numbers->total = result[0];
    numbers->free = result[1];
    numbers->tasks = result[2];
    numbers->idle_ns = result[4];
    numbers->kernel_bytes = result[5];
    numbers->switches = result[7];
}

#define LOAD_SHIFT 11
#define LOAD_PERIOD (5 * NSEC_PER_SEC)

// Linux's calc_load: decays per five seconds, in 11 bits of fraction. Brought up to date when it is asked for; what
// ran meanwhile is taken from the idle time.
void load_update(void)
{
    static const uint64_t decay[3] = { 1884, 2014, 2037 };
    struct memory_numbers numbers;
    uint64_t now = clock_monotonic();
    if (now < pm->next_load)
        return;
    memory_read_info(&numbers);
    uint64_t period = now - pm->load_time, idle = numbers.idle_ns - pm->load_idle;
    uint64_t busy = period && idle < period ? ((period - idle) << LOAD_SHIFT) / period : 0;
    uint64_t steps = period / LOAD_PERIOD;
    for (uint64_t n = 0; n < (steps < 200 ? steps : 200); n++)
        for (int i = 0; i < 3; i++)
            pm->load[i] = (pm->load[i] * decay[i] + busy * ((1 << LOAD_SHIFT) - decay[i])) >> LOAD_SHIFT;
    pm->load_time = now;
    pm->load_idle = numbers.idle_ns;
    pm->next_load = now + LOAD_PERIOD;
}

long call_sysinfo(struct thread *caller, const unsigned long args[6])
{
    struct memory_numbers numbers;
    memory_read_info(&numbers);
    load_update();
    struct sysinfo info = {
        .uptime = (long)(clock_monotonic() / NSEC_PER_SEC),
        .totalram = (unsigned long)(numbers.total * PAGE_SIZE),
        .freeram = (unsigned long)(numbers.free * PAGE_SIZE),
        .procs = (uint16_t)pm->threads.used,
        .unit = 1,
    };
    for (int i = 0; i < 3; i++)
        info.loads[i] = (unsigned long)(pm->load[i] << (16 - LOAD_SHIFT));
    return mm_write(caller->mm, args[0], &info, sizeof info);
}

// --- randomness

long call_getrandom(struct thread *caller, const unsigned long args[6])
{
    unsigned long address = args[0];
    size_t left = args[1] > INT32_MAX ? INT32_MAX : args[1], done = 0;
    if ((args[2] & ~(unsigned long)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (args[2] & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    while (left > 0) {
        uint8_t bytes[256];
        size_t n = left < sizeof bytes ? left : sizeof bytes;
        random_bytes(bytes, n);
        if (mm_write(caller->mm, address + done, bytes, n) < 0)
            return done ? (long)done : -EFAULT;
        done += n;
        left -= n;
    }
    return (long)done;
}

// --- reboot(2)

static long power_fiber(struct thread *caller, const unsigned long *args)
{
    vfs_sync();
    struct message message = { .number = ROOT_POWER, .args = { args[0], 0 } };
    fiber_call(pm->root, &message);
    KCALL3(system_power, pm->system, args[0], 0);
    return -EIO;
}

long call_reboot(struct thread *caller, const unsigned long args[6])
{
    uint32_t magic2 = (uint32_t)args[1];
    if (!capable(caller, CAP_SYS_BOOT))
        return -EPERM;
    if ((uint32_t)args[0] != REBOOT_MAGIC1 || (magic2 != REBOOT_MAGIC2 && magic2 != REBOOT_MAGIC2A &&
                                               magic2 != REBOOT_MAGIC2B && magic2 != REBOOT_MAGIC2C))
        return -EINVAL;
    switch ((uint32_t)args[2]) {
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF: return 0;
    case REBOOT_RESTART:
        return thread_on_fiber(caller, power_fiber, (const unsigned long[6]){ POWER_RESTART });
    case REBOOT_HALT:
    case REBOOT_POWER_OFF: return thread_on_fiber(caller, power_fiber, (const unsigned long[6]){ POWER_OFF });
    default: return -EINVAL;
    }
}

// --- prctl, personality

static long set_comm(struct thread *caller, unsigned long address)
{
    char name[sizeof caller->comm] = { 0 };
    for (size_t i = 0; i < sizeof name - 1; i++) {
        if (mm_read(caller->mm, &name[i], address + i, 1) < 0)
            return -EFAULT;
        if (!name[i])
            break;
    }
    memcpy(caller->comm, name, sizeof name);
    return 0;
}

static long store_int(struct thread *caller, unsigned long address, int value)
{
    return mm_write(caller->mm, address, &value, sizeof value);
}

static bool unused(const unsigned long args[6], int from)
{
    for (int i = from; i < 5; i++)
        if (args[i])
            return false;
    return true;
}

long call_prctl(struct thread *caller, const unsigned long args[6])
{
    struct credentials *cred = &caller->cred;
    switch ((int)args[0]) {
    case PR_SET_PDEATHSIG:
        if (args[1] > SIGNALS)
            return -EINVAL;
        caller->parent_death_signal = (int)args[1];
        return 0;
    case PR_GET_PDEATHSIG: return store_int(caller, args[1], caller->parent_death_signal);
    case PR_GET_DUMPABLE: return caller->mm->dumpable;
    case PR_SET_DUMPABLE:
        if (args[1] > 1)
            return -EINVAL;
        caller->mm->dumpable = args[1];
        return 0;
    case PR_SET_NAME: return set_comm(caller, args[1]);
    case PR_GET_NAME: return mm_write(caller->mm, args[1], caller->comm, sizeof caller->comm);
    case PR_GET_KEEPCAPS: return cred->keep_capabilities;
    case PR_SET_KEEPCAPS:
        if (args[1] > 1)
            return -EINVAL;
        cred->keep_capabilities = args[1];
        return 0;
    case PR_GET_SECCOMP: return 0;
    case PR_CAPBSET_READ: return args[1] > CAP_LAST ? -EINVAL : !!(cred->bounding & CAP_BIT(args[1]));
    case PR_CAPBSET_DROP:
        if (!capable(caller, CAP_SETPCAP))
            return -EPERM;
        if (args[1] > CAP_LAST)
            return -EINVAL;
        cred->bounding &= ~CAP_BIT(args[1]);
        return 0;
    case PR_GET_SECUREBITS: return (long)cred->securebits;
    case PR_SET_TIMERSLACK: caller->timer_slack = args[1] ? args[1] : 50000; return 0;
    case PR_GET_TIMERSLACK: return (long)caller->timer_slack;
    case PR_SET_CHILD_SUBREAPER: caller->process->child_subreaper = args[1]; return 0;
    case PR_GET_CHILD_SUBREAPER: return store_int(caller, args[1], caller->process->child_subreaper);
    case PR_SET_NO_NEW_PRIVS:
        if (args[1] != 1 || !unused(args, 2))
            return -EINVAL;
        caller->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS: return unused(args, 1) ? caller->no_new_privs : -EINVAL;
    case PR_GET_TID_ADDRESS: return mm_write(caller->mm, args[1], &caller->clear_child_tid, sizeof(long));
    case PR_SET_THP_DISABLE:
    case PR_GET_THP_DISABLE: return unused(args, 2) ? 0 : -EINVAL;
    default: return -EINVAL;
    }
}

long call_personality(struct thread *caller, const unsigned long args[6])
{
    uint64_t old = caller->personality;
    if ((uint32_t)args[0] != 0xffffffff)
        caller->personality = (uint32_t)args[0];
    return (long)old;
}

long call_syslog(struct thread *caller, const unsigned long args[6])
{
    enum {
        CLOSE,
        OPEN,
        READ,
        READ_ALL,
        READ_CLEAR,
        CLEAR,
        CONSOLE_OFF,
        CONSOLE_ON,
        CONSOLE_LEVEL,
        UNREAD,
        SIZE
    };
    switch ((int)args[0]) {
    case READ_ALL:
    case READ_CLEAR: return log_copy(caller, args[1], args[2]);
    case UNREAD: return 0;
    case SIZE: return 65536;
    case CLOSE:
    case OPEN:
    case CLEAR:
    case CONSOLE_OFF:
    case CONSOLE_ON:
    case CONSOLE_LEVEL: return capable(caller, CAP_SYS_ADMIN) ? 0 : -EPERM;
    default: return -EINVAL;
    }
}

// The kernel's ring from its start, as far as the buffer goes.
long log_copy(struct thread *caller, unsigned long address, size_t size)
{
    char *text = heap_alloc(PAGE_SIZE);
    size_t done = 0;
    uint64_t position = 0;
    if (!text)
        return -ENOMEM;
    while (done < size) {
        size_t n = size - done < PAGE_SIZE ? size - done : PAGE_SIZE;
        message_page->wide[0] = position;
        long got = KCALL3(log_read, pm->system, text, n);
        if (got <= 0)
            break;
        position = message_page->result[0];
        if (mm_write(caller->mm, address + done, text, (size_t)got) < 0) {
            heap_free(text);
            return -EFAULT;
        }
        done += (size_t)got;
    }
    heap_free(text);
    return (long)done;
}

long call_membarrier(struct thread *caller, const unsigned long args[6])
{
    enum { QUERY = 0, GLOBAL = 1, PRIVATE_EXPEDITED = 8, REGISTER_PRIVATE_EXPEDITED = 16 };
    switch ((int)args[0]) {
    case QUERY: return GLOBAL | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED;
    case GLOBAL:
    case PRIVATE_EXPEDITED:
    case REGISTER_PRIVATE_EXPEDITED: return args[1] ? -EINVAL : 0; // one CPU
    default: return -EINVAL;
    }
}
