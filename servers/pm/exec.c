// SPDX-License-Identifier: MIT
// execve and execveat. The new address space is built completely before anything of the old one is given up; what
// fails until then returns to an intact caller. The commit: other threads die, vfs closes what is close-on-exec,
// and from the last of these waits on nothing can fail.
#include "exec.h"

#include "calls.h"
#include "exit_mm.h"
#include "itimer.h"
#include "process.h"
#include "state.h"

#include <errno.h>
#include <heap.h>
#include <linux/fcntl.h>
#include <linux/process.h>
#include <linux/stat.h>
#include <printf.h>
#include <random.h>
#include <server.h>
#include <stddef.h>
#include <string.h>

#define SCRIPT_DEPTH 5
#define SCRIPT_LINE 255

// --- opening: scripts lead to other files

static long read_head(struct exec *exec)
{
    size_t size = exec->file.info.size < sizeof exec->head ? (size_t)exec->file.info.size : sizeof exec->head;
    if (size == 0)
        return -ENOEXEC;
    long n = memory_read(exec->file.memory, 0, exec->head, size);
    if (n < 0)
        return n;
    memset(exec->head + n, 0, sizeof exec->head - (size_t)n);
    return 0;
}

static bool blank(char c) { return c == ' ' || c == '\t'; }

// Splits "#! interpreter [argument]" in place. -> false if there is no complete name.
static bool parse_script(char *line, char **interpreter, char **argument)
{
    line[SCRIPT_LINE] = '\0';
    char *end = strchr(line, '\n');
    char *start = line + 2;
    while (blank(*start))
        start++;
    if (!end) { // a truncated line will do if the name is whole
        end = line + strlen(line);
        bool whole = end < line + SCRIPT_LINE;
        for (char *c = start; c < end; c++)
            whole = whole || blank(*c);
        if (!whole)
            return false;
    }
    while (end > start && blank(end[-1]))
        end--;
    *end = '\0';
    if (start == end)
        return false;
    *interpreter = start;
    while (*start && !blank(*start))
        start++;
    *argument = NULL;
    if (!*start)
        return true;
    *start++ = '\0';
    while (blank(*start))
        start++;
    if (*start)
        *argument = start;
    return true;
}

static long enter_script(struct exec *exec, char **script_name)
{
    char *interpreter, *argument;
    if (!parse_script((char *)exec->head, &interpreter, &argument))
        return -ENOEXEC;
    strings_drop_first(&exec->args);
    long error = strings_prepend(&exec->args, *script_name);
    if (error == 0 && argument)
        error = strings_prepend(&exec->args, argument);
    if (error == 0)
        error = strings_prepend(&exec->args, interpreter);
    if (error < 0)
        return error;
    char *name = heap_string(interpreter);
    if (!name)
        return -ENOMEM;
    heap_free(*script_name);
    *script_name = name;
    vfs_close_exec(&exec->file);
    return vfs_open_exec(exec->thread, AT_FDCWD, name, 0, &exec->file);
}

static long open_program(struct exec *exec, int dirfd, unsigned flags)
{
    long error = vfs_open_exec(exec->thread, dirfd, exec->filename, flags, &exec->file);
    char *name = heap_string(exec->filename);
    if (error == 0 && !name)
        error = -ENOMEM;
    for (int depth = 0; error == 0; depth++) {
        error = read_head(exec);
        if (error < 0 || memcmp(exec->head, "#!", 2) != 0)
            break;
        error = depth == SCRIPT_DEPTH ? -ELOOP : enter_script(exec, &name);
    }
    heap_free(name);
    return error;
}

// --- building the new address space

static long open_loader(struct exec *exec, const struct elf_program *segment)
{
    size_t length = segment->filesz;
    if (length < 2 || length > 4096)
        return -ENOEXEC;
    char *path = heap_alloc(length + 1);
    if (!path)
        return -ENOMEM;
    long error = -ENOEXEC;
    if (memory_read(exec->file.memory, segment->offset, path, length) == (long)length)
        error = vfs_open_exec(exec->thread, AT_FDCWD, path, 0, &exec->loader);
    heap_free(path);
    exec->has_loader = error == 0;
    return error;
}

static long scan_segments(struct exec *exec, const struct elf_header *header)
{
    struct elf_program *segments;
    long error = elf_read_segments(&exec->file, header, &segments);
    if (error < 0)
        return error;
    for (unsigned i = 0; i < header->program_count && error == 0; i++) {
        if (segments[i].type == SEGMENT_INTERPRETER && !exec->has_loader)
            error = open_loader(exec, &segments[i]);
        if (segments[i].type == SEGMENT_GNU_STACK)
            exec->executable_stack = segments[i].flags & SEGMENT_X;
    }
    heap_free(segments);
    return error;
}

static long load_loader(struct exec *exec)
{
    struct elf_header header;
    if (memory_read(exec->loader.memory, 0, &header, sizeof header) != sizeof header)
        return -ELIBBAD;
    if (elf_check(&header) < 0)
        return -ELIBBAD;
    return elf_load(exec, &exec->loader, &header, true, &exec->loader_image);
}

static void place_heap(struct exec *exec, bool relocated_alone)
{
    struct mm *mm = exec->mm;
    const struct image *image = &exec->image;
    mm->start_code = image->start_code;
    mm->end_code = image->end_code;
    mm->start_data = image->start_data;
    mm->end_data = image->end_data;
    unsigned long brk = relocated_alone ? ELF_DYNAMIC_BASE : image->brk;
    brk += random_long() % RANDOM_BRK_RANGE;
    mm->start_brk = mm->brk = (brk + PAGE_SIZE - 1) & PAGE_MASK;
}

static long build(struct exec *exec)
{
    struct elf_header header;
    memcpy(&header, exec->head, sizeof header);
    long error = elf_check(&header);
    if (error == 0)
        error = scan_segments(exec, &header);
    if (error < 0)
        return error;
    int cause;
    exec->mm = mm_create(&cause);
    if (!exec->mm)
        return cause;
    exec_layout(exec);
    error = elf_load(exec, &exec->file, &header, false, &exec->image);
    if (error == 0 && exec->has_loader)
        error = load_loader(exec);
    if (error < 0)
        return error;
    place_heap(exec, header.type == ELF_DYNAMIC && !exec->has_loader);
    exec->mm->executable = mapped_file_create(exec->file.path, exec->file.info.device, exec->file.info.inode);
    if (!exec->mm->executable)
        return -ENOMEM;
    error = exec_vdso(exec);
    return error < 0 ? error : exec_stack(exec);
}

// --- credentials after exec (execve(2), capabilities(7))

static void compute_credentials(struct exec *exec)
{
    struct credentials *cred = &exec->cred;
    *cred = exec->thread->cred;
    const struct vfs_exec_file *info = &exec->file.info;
    if (!info->nosuid && !exec->thread->no_new_privs) {
        if (info->mode & S_ISUID)
            cred->euid = info->uid;
        if ((info->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
            cred->egid = info->gid;
    }
    exec->set_id = cred->euid != exec->thread->cred.euid || cred->egid != exec->thread->cred.egid;
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    cred->keep_capabilities = false;
    if (exec->set_id)
        cred->ambient = 0;
    bool root = cred->uid == 0 || cred->euid == 0;
    cred->permitted = root ? cred->inheritable | cred->bounding : cred->ambient;
    cred->effective = cred->euid == 0 ? cred->permitted : cred->ambient;
    exec->secure = cred->euid != cred->uid || cred->egid != cred->gid;
    exec->secure = exec->secure || (root && cred->uid != 0 && cred->permitted);
}

// Of what vfs knows: does exec leave it as it was? It never changes real ids and groups.
static bool same_identity(const struct credentials *after, const struct credentials *before)
{
    return after->euid == before->euid && after->suid == before->suid && after->fsuid == before->fsuid &&
           after->egid == before->egid && after->sgid == before->sgid && after->fsgid == before->fsgid &&
           after->effective == before->effective;
}

// --- commit

// Linux's de_thread: the caller's thread is alone afterwards and its process's leader.
static long be_alone(struct thread *thread)
{
    struct process *process = thread->process;
    if (process->exec_thread || process->group_exit)
        return -EAGAIN;
    process->exec_thread = thread;
    for_each_thread(other, process) if (other != thread) thread_kill(other);
    process->exec_fiber = fiber_self();
    while (process->live > 1)
        fiber_wait();
    process->exec_fiber = NULL;
    process->exec_thread = NULL;
    if (thread->dying)
        return -EINTR;
    if (process->leader != thread)
        thread_take_lead(thread);
    return 0;
}

static void reset_handlers(struct exec *exec)
{
    struct thread *thread = exec->thread;
    if (exec->sighand) { // still shared with other processes
        sighand_set(exec->sighand, thread->sighand);
        sighand_put(thread->sighand);
        thread->sighand = exec->sighand;
        exec->sighand = NULL;
        lend_signals(thread);
    }
    sighand_reset(thread->sighand);
}

static void set_comm(struct exec *exec)
{
    const char *slash = strrchr(exec->filename, '/');
    strlcpy(exec->thread->comm, slash ? slash + 1 : exec->filename, sizeof exec->thread->comm);
}

static void switch_mm(struct exec *exec)
{
    struct thread *thread = exec->thread;
    struct mm *old = thread->mm;
    unsigned long entry = exec->has_loader ? exec->loader_image.entry : exec->image.entry;
    unsigned long landing = exec->mm->vdso ? exec->mm->vdso + pm->vdso_landing : 0;
    task_reset(thread->task, exec->mm->space, entry, exec->mm->start_stack, landing);
    if (old) {
        struct mm_usage usage;
        mm_usage(old, &usage);
        if (old->peak_pages > thread->process->dead.peak_pages)
            thread->process->dead.peak_pages = old->peak_pages;
        exit_robust_list(thread);
        clear_child_tid(thread);
        vfork_done(thread);
    }
    thread->mm = exec->mm;
    exec->mm = NULL;
    thread->mm->dumpable = !exec->secure;
    mm_put(old);
}

// Past the last wait: nothing fails.
static void become(struct exec *exec)
{
    struct thread *thread = exec->thread;
    struct process *process = thread->process;
    switch_mm(exec);
    reset_handlers(exec);
    timers_exec(process);
    set_comm(exec);
    thread->cred = exec->cred;
    thread->alternate = (struct stack_info){ .flags = SS_DISABLE };
    thread->block.kind = BLOCK_NONE;
    if (exec->set_id)
        thread->parent_death_signal = 0;
    process->exit_signal = SIGCHLD;
    process->executed = true;
    if (exec->changes)
        constants_set_ids(thread);
}

static long do_exec(struct exec *exec, int dirfd, unsigned flags)
{
    struct thread *thread = exec->thread;
    long error = open_program(exec, dirfd, flags);
    if (error < 0)
        return error;
    compute_credentials(exec);
    error = build(exec);
    if (error < 0 && exec->mm && exec->mm->starved && thread->mm) {
        thread->mm->starved = true; // the call is made again when there is memory
        return -EFAULT;
    }
    if (error < 0)
        return error;
    if (thread->sighand->references > thread->process->live) {
        exec->sighand = sighand_create();
        if (!exec->sighand)
            return -ENOMEM;
    }
    bool leads = thread->process->leader == thread;
    error = be_alone(thread);
    if (error < 0)
        return error;
    exec->changes = !leads || !same_identity(&exec->cred, &thread->cred);
    if (exec->sighand && thread->sighand->references == 1) {
        sighand_put(exec->sighand);
        exec->sighand = NULL;
    }
    vfs_close_exec(&exec->loader);
    vfs_exec(thread, &exec->file, exec->changes ? &exec->cred : NULL);
    become(exec);
    return 0;
}

// The large members are filled before they are read.
static struct exec *exec_create(struct thread *thread)
{
    struct exec *exec = heap_alloc_raw(sizeof *exec);
    if (!exec)
        return NULL;
    memset(exec, 0, offsetof(struct exec, file));
    open_file_init(&exec->file);
    open_file_init(&exec->loader);
    exec->thread = thread;
    return exec;
}

static void exec_free(struct exec *exec)
{
    vfs_close_exec(&exec->file);
    vfs_close_exec(&exec->loader);
    mm_put(exec->mm);
    sighand_put(exec->sighand);
    strings_free(&exec->args);
    strings_free(&exec->env);
    heap_free(exec->filename);
    heap_free(exec);
}

static long exec_user(struct thread *caller, int dirfd, unsigned long path, unsigned long args,
                      unsigned long env, unsigned flags)
{
    struct exec *exec = exec_create(caller);
    if (!exec)
        return -ENOMEM;
    long error;
    exec->filename = path_copy(exec, path, &error);
    if (error == 0)
        error = strings_copy(exec, &exec->args, args);
    if (error == 0)
        error = strings_copy(exec, &exec->env, env);
    if (error == 0 && exec->args.count == 0)
        error = strings_prepend(&exec->args, ""); // Linux since 5.18
    if (error == 0)
        error = do_exec(exec, dirfd, flags);
    exec_free(exec);
    if (error < 0)
        return error;
    thread_return_frame(caller);
    return NO_REPLY;
}

static long execve_fiber(struct thread *caller, const unsigned long *args)
{
    return exec_user(caller, AT_FDCWD, args[0], args[1], args[2], 0);
}

static long execveat_fiber(struct thread *caller, const unsigned long *args)
{
    return exec_user(caller, (int)args[0], args[1], args[2], args[3], (unsigned)args[4]);
}

long call_execve(struct thread *caller, const unsigned long args[6])
{
    return thread_on_fiber(caller, execve_fiber, args);
}

long call_execveat(struct thread *caller, const unsigned long args[6])
{
    if (args[4] & ~(unsigned long)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return thread_on_fiber(caller, execveat_fiber, args);
}

long exec_first(struct thread *thread, const char *const *args, const char *const *env)
{
    struct exec *exec = exec_create(thread);
    if (!exec)
        return -ENOMEM;
    exec->filename = heap_string(args[0]);
    long error = exec->filename ? 0 : -ENOMEM;
    size_t count = 0;
    while (args[count])
        count++;
    while (error == 0 && count > 0)
        error = strings_prepend(&exec->args, args[--count]);
    while (env[count])
        count++;
    while (error == 0 && count > 0)
        error = strings_prepend(&exec->env, env[--count]);
    if (error == 0)
        error = do_exec(exec, AT_FDCWD, 0);
    exec_free(exec);
    return error;
}
