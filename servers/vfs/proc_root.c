// SPDX-License-Identifier: MIT
// /proc itself: the files about the system, sys/, and pando/.
#include <errno.h>
#include <heap.h>
#include <printf.h>
#include <random.h>
#include <server.h>
#include <string.h>
#include "dev.h"
#include "proc.h"
#include "tmpfs.h"

static long link_self(struct client *caller, struct inode *inode, char *to, size_t size)
{
    return snprintf(to, size, "%d", caller->tgid);
}

static long link_thread_self(struct client *caller, struct inode *inode, char *to, size_t size)
{
    return snprintf(to, size, "%d/task/%d", caller->tgid, caller->tid);
}

static long link_mounts(struct client *caller, struct inode *inode, char *to, size_t size)
{
    return snprintf(to, size, "self/mounts");
}

static int text_filesystems(struct client *caller, struct inode *inode, struct proc_text *text)
{
    for (unsigned i = 0; file_system_types[i]; i++)
        proc_print(text, "%s\t%s\n", file_system_types[i]->nodev ? "nodev" : "", file_system_types[i]->name);
    return 0;
}

static int text_swaps(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int text_devices(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n"
                     "136 pts\n250 virtio-portsdev\n\nBlock devices:\n");
    return 0;
}

// A new random UUID (version 4) each time it is read.
static int text_uuid(struct client *caller, struct inode *inode, struct proc_text *text)
{
    uint8_t bytes[16];
    random_bytes(bytes, sizeof(bytes));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        proc_print(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    proc_print(text, "\n");
    return 0;
}

static int text_pty_limit(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "4096\n");
    return 0;
}

static int text_pipe_limit(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "1048576\n");
    return 0;
}

static int text_groups_limit(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "%u\n", CREDENTIAL_GROUPS);
    return 0;
}

static int text_last_capability(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "40\n");
    return 0;
}

// vfs's part of pando/counts.
static int text_counts(struct client *caller, struct inode *inode, struct proc_text *text)
{
    size_t bytes = heap_used(); // without this text
    struct {
        const char *name;
        handle_t quota;
    } quotas[] = { { "vfs", self_quota }, { "tmpfs", tmpfs_quota } };
    for (unsigned i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        if (KCALL1(quota_info, quotas[i].quota) < 0)
            return -EIO;
        unsigned long long frames = message_page->result[1], objects = message_page->result[5];
        proc_print(text, "%s_frames %llu\n%s_objects %llu\n", quotas[i].name, frames, quotas[i].name,
                   objects);
    }
    proc_print(text, "vfs_heap_bytes %lu\nvfs_heap_pages %lu\nclients %u\n", (unsigned long)bytes,
               (unsigned long)heap_pages(), client_count());
    return 0;
}

// Which of vfs's next allocations fails.
static int text_failure(struct client *caller, struct inode *inode, struct proc_text *text)
{
    proc_print(text, "%u\n", heap_failure_countdown);
    return 0;
}

static int write_failure(const char *line)
{
    char *end;
    unsigned long n = strtoul(line, &end, 10);
    if (end == line || (*end && *end != '\n') || n > INT32_MAX)
        return -EINVAL;
    heap_failure_countdown = (unsigned)n;
    return 0;
}

#define TEXT(text_name, bits, file_name)                                                                     \
    { .name = text_name, .mode = S_IFREG | (bits), .file = PROC_FROM_PM(file_name) }
#define OWN(text_name, function) { .name = text_name, .mode = S_IFREG | 0444, .text = function }
#define DIRECTORY(directory_name, table) { .name = directory_name, .mode = S_IFDIR | 0555, .children = table }
#define LINK(link_name, function) { .name = link_name, .mode = S_IFLNK | 0777, .link = function }
#define END { .name = NULL }

static const struct proc_node random_files[] = {
    TEXT("boot_id", 0444, PROC_RANDOM_BOOT_ID),
    OWN("uuid", text_uuid),
    END,
};
static const struct proc_node pty_files[] = { OWN("max", text_pty_limit), END };
static const struct proc_node sys_kernel_files[] = {
    TEXT("pid_max", 0444, PROC_PID_MAX),
    TEXT("threads-max", 0444, PROC_THREADS_MAX),
    TEXT("hostname", 0644, PROC_HOSTNAME),
    TEXT("domainname", 0644, PROC_DOMAINNAME),
    TEXT("osrelease", 0444, PROC_OSRELEASE),
    TEXT("ostype", 0444, PROC_OSTYPE),
    TEXT("version", 0444, PROC_KERNEL_VERSION),
    OWN("ngroups_max", text_groups_limit),
    OWN("cap_last_cap", text_last_capability),
    DIRECTORY("random", random_files),
    DIRECTORY("pty", pty_files),
    END,
};
static const struct proc_node sys_vm_files[] = { TEXT("overcommit_memory", 0444, PROC_OVERCOMMIT), END };
static const struct proc_node sys_fs_files[] = { OWN("pipe-max-size", text_pipe_limit), END };
static const struct proc_node sys_files[] = {
    DIRECTORY("fs", sys_fs_files),
    DIRECTORY("kernel", sys_kernel_files),
    DIRECTORY("vm", sys_vm_files),
    END,
};
static const struct proc_node pando_files[] = {
    TEXT("counts", 0444, PROC_PANDO_COUNTS),
    OWN("counts-vfs", text_counts),
    TEXT("fail-kernel", 0600, PROC_PANDO_FAIL_KERNEL),
    TEXT("fail-pm", 0600, PROC_PANDO_FAIL_PM),
    { .name = "fail-vfs", .mode = S_IFREG | 0600, .text = text_failure, .write = write_failure },
    TEXT("servers", 0444, PROC_PANDO_SERVERS),
    TEXT("restart", 0200, PROC_PANDO_RESTART),
    END,
};
static const struct proc_node root_files[] = {
    LINK("self", link_self),
    LINK("thread-self", link_thread_self),
    LINK("mounts", link_mounts),
    TEXT("cmdline", 0444, PROC_CMDLINE_BOOT),
    TEXT("cpuinfo", 0444, PROC_CPUINFO),
    OWN("devices", text_devices),
    OWN("filesystems", text_filesystems),
    TEXT("loadavg", 0444, PROC_LOADAVG),
    TEXT("meminfo", 0444, PROC_MEMINFO),
    DIRECTORY("pando", pando_files),
    TEXT("stat", 0444, PROC_SYSTEM_STAT),
    OWN("swaps", text_swaps),
    DIRECTORY("sys", sys_files),
    TEXT("uptime", 0444, PROC_UPTIME),
    TEXT("version", 0444, PROC_VERSION),
    END,
};
const struct proc_node proc_root_node = { .mode = S_IFDIR | 0555,
                                          .children = root_files,
                                          .dynamic = &proc_processes };
