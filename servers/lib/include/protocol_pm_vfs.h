// SPDX-License-Identifier: MIT
// What pm and vfs say to each other. Every thread of a Linux process has a record in both servers; a trap
// carries the record's label of the server it reaches (slot 0 pm, slot 1 vfs), and in these messages "label"
// is the other side's record. Labels are indices with a generation, never pointers, so a stale or forged one
// is found out.
//
// pm -> vfs calls are made from fibers; vfs answers them without waiting for pm. vfs -> pm calls are leaf
// calls: pm answers them without waiting for anybody.
#pragma once

#include <abi/object.h>
#include <stdint.h>

#define LABEL_PM 0 // label slots of a task
#define LABEL_VFS 1

// Reasons of a divert by vfs (or by pm itself), and what pm does with `value`.
enum linux_divert {
    DIVERT_RESTARTSYS =
        DIVERT_SERVER,    // interrupted: restart if no handler runs or it has SA_RESTART, else EINTR
    DIVERT_RESTARTNOHAND, // restart only if no handler runs
    DIVERT_RESTARTNOINTR, // restart always
    DIVERT_RESTARTBLOCK,  // restart as restart_syscall, which vfs keeps the state for; EINTR if a handler ran
    DIVERT_EINTR,         // never restarted: value stands (EINTR, or a partial count), deliver signals
    DIVERT_RAISE = 32,    // DIVERT_RAISE + n: raise signal n at the calling thread first, then return value
};

// Credentials and what else vfs checks often: its replica, kept by pm. Passed in a readable window.
#define CREDENTIAL_GROUPS 32
struct vfs_identity {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t groups[CREDENTIAL_GROUPS];
    uint64_t capabilities; // effective set (CAP_* bits)
    int32_t tgid, tid, pgid, sid;
    uint32_t keep_exe;
};
struct vfs_limits {
    uint64_t open_files; // RLIMIT_NOFILE
    uint64_t file_size;  // RLIMIT_FSIZE
};

// What execve needs of a file, in the writable window of VFS_OPEN_EXEC (path follows it, NUL-terminated).
struct vfs_exec_file {
    uint64_t size;
    uint64_t inode, device;
    uint32_t mode, uid, gid;
    uint32_t nosuid;  // the mount ignores set-id bits
    uint64_t exec_id; // vfs's reference to the open file, for VFS_EXEC or VFS_CLOSE_EXEC
};

enum pm_to_vfs {
    VFS_CLONE =
        0x100,      // args {parent label or 0 for the first process, CLONE_FS | CLONE_FILES bits, tid, tgid,
                    // pm's label of the child} -> label of the child
    VFS_EXIT,       // args {label}: the thread is gone; answered when its descriptors are closed
    VFS_IDENTITY,   // args {label}, readable window: struct vfs_identity
    VFS_LIMITS,     // args {label}, readable window: struct vfs_limits
    VFS_UNSHARE,    // args {label, CLONE_FS | CLONE_FILES bits}
    VFS_OPEN_EXEC,  // args {label, dirfd, AT_* flags}, readable window: path; writable window: struct
                    // vfs_exec_file + absolute path -> 0; handles[0] memory object (read, execute)
    VFS_CLOSE_EXEC, // args {exec_id low, high}: the exec failed, drop the file
    VFS_EXEC, // args {label, exec_id low, high}: past the point of no return: unshare files, close CLOEXEC
    // descriptors, remember the executable for /proc/PID/exe; readable window: struct vfs_identity, or
    // empty if that stays as it is
    VFS_MMAP,        // args {label, fd, prot bits, 1 if shared}; writable window: struct vfs_exec_file + path
                     // (exec_id 0) -> 0; handles[0] memory object with the rights that fit
    VFS_SESSION_END, // args {sid}: the session leader exited; its terminal is disassociated
    // -> foreground group of that terminal, 0 if it had none; args {1 if it was hung up before}
    VFS_PIDFD,       // args {label, pm's label of the target thread group, pid, flags} -> descriptor
    VFS_PIDFD_READY, // args {pm's label of the target}: wake whoever polls it
    VFS_FD_PIDFD,    // args {label, fd} -> 0, args {pm's label, pid}; EBADF if not a pidfd
    VFS_SYNC,        // before power off
};

enum vfs_to_pm {
    PM_SIGNAL =
        0x200, // args {PM_TARGET_*, id, signal, si_code, another or 0} -> 0, ESRCH; nothing runs in between
    PM_TTY_CHECK, // args {pm's label, signal SIGTTIN or SIGTTOU}: background access to the terminal
    // -> 0 go ahead (SIGTTOU blocked or ignored), -EIO, or -ERESTART_TTY: the group was signalled,
    // divert the caller with DIVERT_RESTARTSYS
    PM_OWNER, // args {enum pm_owner, number, serial or 0: whoever bears the number now} -> serial, ESRCH
    PM_SIGIO, // args {PM_SIGIO_WHAT, owner's number, its serial, descriptor, uid and euid of who set the owner}
    PM_GROUP_SESSION, // args {pgid} -> sid of the group, ESRCH if there is none
    PM_PROC_LIST, // args {first pid, tgid or 0}; writable window: uint32_t ids of processes (tgid 0) or of the
                  // threads of a process, ascending from first pid on -> how many
    PM_PROC_INFO, // args {pid}; writable window: struct pm_proc_info -> 0, ESRCH
    PM_PROC_READ, // args {pid (0: a file of /proc itself), enum pm_proc_file, device of its controlling terminal
                  // or 0, that one's foreground group}; writable window: text -> length of the whole text
                  // (window may hold less)
    PM_PROC_WRITE, // args {pid, enum pm_proc_file}, readable window: text -> length
    PM_MEMORY, // args {how often memory was freed}, as last answered: a caller's memory could not be reached for lack
               // of frames -> the same, now, when it is worth trying again
};

// Whom a file's signals go to. A number may be somebody else's later, a serial never.
enum pm_owner {
    PM_OWNER_THREAD,
    PM_OWNER_PROCESS,
    PM_OWNER_GROUP,
    PM_OWNER_ANY
}; // F_OWNER_*; any: for PM_OWNER
// One word: enum pm_owner, F_SETSIG's signal or 0, POLL_* of si_code.
#define PM_SIGIO_WHAT(type, signal, reason)                                                                  \
    ((unsigned long)(type) | (unsigned long)(signal) << 8 | (unsigned long)(reason) << 16)

enum pm_target { PM_TARGET_THREAD, PM_TARGET_PROCESS, PM_TARGET_GROUP, PM_TARGET_SESSION };

struct pm_proc_info {
    int32_t pid, tgid, ppid;
    uint32_t euid, egid;
    uint32_t vfs_label; // low half; see vfs_label_high
    uint32_t vfs_label_high;
    uint32_t zombie;
};

enum pm_proc_file {
    PROC_STAT,
    PROC_STATUS,
    PROC_STATM,
    PROC_CMDLINE,
    PROC_ENVIRON,
    PROC_COMM,
    PROC_MAPS,
    PROC_LIMITS,
    PROC_AUXV,
    PROC_OOM_SCORE_ADJ,
    PROC_WCHAN,
    PROC_LOGINUID,
    // of /proc itself (pid 0)
    PROC_MEMINFO,
    PROC_UPTIME,
    PROC_LOADAVG,
    PROC_SYSTEM_STAT,
    PROC_CPUINFO,
    PROC_VERSION,
    PROC_CMDLINE_BOOT,
    PROC_PID_MAX,
    PROC_THREADS_MAX,
    PROC_HOSTNAME,
    PROC_OSRELEASE,
    PROC_OSTYPE,
    PROC_KERNEL_VERSION,
    PROC_RANDOM_BOOT_ID,
    PROC_OVERCOMMIT,
    PROC_DOMAINNAME,
    PROC_PANDO_COUNTS,
    PROC_PANDO_FAIL_KERNEL, // how many allocations go well until one fails, 0: all
    PROC_PANDO_FAIL_PM,
    PROC_PANDO_SERVERS,
    PROC_PANDO_RESTART, // pm asks root: ROOT_SERVERS; a write to the latter is ROOT_RESTART
};

#define ERESTART_TTY 512 // PM_TTY_CHECK's "signalled": never seen by a program
