// SPDX-License-Identifier: MIT
// The layout of a new address space and the first stack: strings, auxiliary vector, environment, arguments.
#include "exec.h"
#include "process.h"
#include "state.h"

#include <errno.h>
#include <heap.h>
#include <linux/auxv.h>
#include <linux/process.h>
#include <random.h>
#include <string.h>

#define STACK_INITIAL (128ul << 10)
#define GAP_MINIMUM (128ul << 20)
#define GUARD_GAP (256 * PAGE_SIZE)
#define AT_RANDOM_BYTES 16
#define PAGETABLE_SPAN (512 * PAGE_SIZE) // bytes that one page table covers

// So that one page table holds the pages that a small program needs of the stack, and the vDSO above it.
static unsigned long stack_top(void)
{
    unsigned long top = USER_END - PAGE_SIZE - ((random_long() & RANDOM_STACK_PAGES) << PAGE_SHIFT);
    unsigned long offset = top % PAGETABLE_SPAN, most = PAGETABLE_SPAN - PAGE_SIZE - pm->vdso_size;
    return top - offset + (offset < STACK_INITIAL ? STACK_INITIAL : offset > most ? most : offset);
}

void exec_layout(struct exec *exec)
{
    uint64_t limit = exec->thread->process->limits[RLIMIT_STACK].current;
    unsigned long most = USER_END / 6 * 5;
    unsigned long pad = ((unsigned long)RANDOM_STACK_PAGES << PAGE_SHIFT) + GUARD_GAP;
    unsigned long gap = limit > most ? most : (unsigned long)limit;
    if (gap + pad > gap)
        gap += pad;
    gap = gap < GAP_MINIMUM ? GAP_MINIMUM : gap > most ? most : gap;
    unsigned long random = (random_long() & ((1ul << RANDOM_MAP_BITS) - 1)) << PAGE_SHIFT;
    exec->mm->mmap_base = ((USER_END - gap - random) & PAGE_MASK);
    exec->mm->start_stack = stack_top();
}

// Somewhere above the stack, in the same page table, as on Linux (x86-64).
static unsigned long above_stack(const struct mm *mm)
{
    unsigned long top = mm->start_stack, end = ((top - 1) | (PAGETABLE_SPAN - 1)) + 1;
    end = end < USER_END - PAGE_SIZE ? end : USER_END - PAGE_SIZE;
    unsigned long places = ((end - top - pm->vdso_size) >> PAGE_SHIFT) + 1;
    return top + (random_long() % places << PAGE_SHIFT);
}

static long map_vdso(const struct mm *mm, unsigned long address, unsigned flags)
{
    return space_map(mm->space, address, pm->vdso_size, PROT_READ_BIT | PROT_EXECUTE_BIT | flags, pm->vdso, 0,
                     MM_VDSO, 0);
}

long exec_vdso(struct exec *exec)
{
    struct mm *mm = exec->mm;
    if (!pm->vdso_size)
        return 0;
    long address = map_vdso(mm, above_stack(mm), MAP_FIXED_BIT | MAP_NOREPLACE_BIT);
    if (IS_ERROR(address))
        address = map_vdso(mm, mm->mmap_base, MAP_BELOW_BIT);
    if (IS_ERROR(address))
        return address;
    mm->vdso = (unsigned long)address;
    return 0;
}

static void put_auxv(struct mm *mm, unsigned long type, unsigned long value)
{
    mm->auxv[mm->auxv_words++] = type;
    mm->auxv[mm->auxv_words++] = value;
}

static void fill_auxv(struct exec *exec, unsigned long random, unsigned long platform, unsigned long filename)
{
    struct mm *mm = exec->mm;
    const struct image *image = &exec->image;
    const struct credentials *cred = &exec->cred;
    if (PROCESS_HAS_SYSINFO && mm->vdso)
        put_auxv(mm, AT_SYSINFO, mm->vdso + pm->vdso_syscall);
    if (mm->vdso)
        put_auxv(mm, AT_SYSINFO_EHDR, mm->vdso);
    put_auxv(mm, AT_HWCAP, arch_hwcap());
    put_auxv(mm, AT_PAGESZ, PAGE_SIZE);
    put_auxv(mm, AT_CLKTCK, CLOCK_TICKS_PER_SECOND);
    put_auxv(mm, AT_PHDR, image->program_headers);
    put_auxv(mm, AT_PHENT, sizeof(struct elf_program));
    put_auxv(mm, AT_PHNUM, image->program_count);
    put_auxv(mm, AT_BASE, exec->has_loader ? exec->loader_image.bias : 0);
    put_auxv(mm, AT_FLAGS, 0);
    put_auxv(mm, AT_ENTRY, image->entry);
    put_auxv(mm, AT_UID, cred->uid);
    put_auxv(mm, AT_EUID, cred->euid);
    put_auxv(mm, AT_GID, cred->gid);
    put_auxv(mm, AT_EGID, cred->egid);
    put_auxv(mm, AT_SECURE, exec->secure);
    put_auxv(mm, AT_RANDOM, random);
    put_auxv(mm, AT_HWCAP2, arch_hwcap2());
    put_auxv(mm, AT_EXECFN, filename);
    if (platform)
        put_auxv(mm, AT_PLATFORM, platform);
    put_auxv(mm, AT_NULL, 0);
}

static long map_stack(struct exec *exec, unsigned long top, size_t needed)
{
    uint64_t limit = exec->thread->process->limits[RLIMIT_STACK].current;
    if (limit > top - exec->mm->mmap_base - GUARD_GAP)
        limit = top - exec->mm->mmap_base - GUARD_GAP;
    size_t size = (needed + STACK_INITIAL + PAGE_SIZE - 1) & PAGE_MASK;
    if (size > limit)
        size = ((size_t)limit & PAGE_MASK) > needed ? (size_t)limit & PAGE_MASK
                                                    : (needed + 2 * PAGE_SIZE) & PAGE_MASK;
    unsigned prot = PROT_READ_BIT | PROT_WRITE_BIT | (exec->executable_stack ? PROT_EXECUTE_BIT : 0);
    unsigned long lowest = (unsigned long)(top - limit) & PAGE_MASK;
    if (lowest > top - size)
        lowest = top - size;
    long address = space_map(exec->mm->space, top - size, size, prot | MAP_FIXED_BIT | MAP_GROWSDOWN_BIT, 0,
                             0, MM_STACK, lowest);
    return IS_ERROR(address) ? address : 0;
}

// Fills the pointers of one array of strings that lie one after the other from `address` on.
static unsigned long *put_pointers(unsigned long *words, const struct strings *strings, unsigned long address)
{
    const char *text = strings->data;
    for (unsigned i = 0; i < strings->count; i++) {
        *words++ = address + (unsigned long)(text - strings->data);
        text += strlen(text) + 1;
    }
    *words++ = 0;
    return words;
}

static long write_table(struct exec *exec, unsigned long below)
{
    struct mm *mm = exec->mm;
    size_t words = 1 + exec->args.count + 1 + exec->env.count + 1 + mm->auxv_words;
    unsigned long *table = heap_alloc(words * sizeof *table);
    if (!table)
        return -ENOMEM;
    unsigned long *next = table;
    *next++ = exec->args.count;
    next = put_pointers(next, &exec->args, mm->arg_start);
    next = put_pointers(next, &exec->env, mm->env_start);
    memcpy(next, mm->auxv, mm->auxv_words * sizeof *next);
    mm->start_stack = (below - words * sizeof *table) & ~15ul;
    long error = mm_write(mm, mm->start_stack, table, words * sizeof *table);
    heap_free(table);
    return error;
}

long exec_stack(struct exec *exec)
{
    struct mm *mm = exec->mm;
    unsigned long top = mm->start_stack;
    size_t name_size = strlen(exec->filename) + 1, platform_size = sizeof PROCESS_PLATFORM;
    size_t strings = exec->args.length + exec->env.length + name_size + sizeof(long);
    size_t words = exec->args.count + exec->env.count + 3 + AUXV_WORDS;
    long error = map_stack(exec, top, strings + words * sizeof(long) + 256);
    if (error < 0)
        return error;
    unsigned long filename = top - sizeof(long) - name_size;
    mm->env_end = filename;
    mm->env_start = mm->arg_end = filename - exec->env.length;
    mm->arg_start = mm->env_start - exec->args.length;
    unsigned long platform = mm->arg_start - platform_size;
    unsigned long random = (platform - AT_RANDOM_BYTES) & ~15ul;
    uint8_t bytes[AT_RANDOM_BYTES];
    random_bytes(bytes, sizeof bytes);
    fill_auxv(exec, random, platform_size > 1 ? platform : 0, filename);
    if (mm_write(mm, filename, exec->filename, name_size) < 0 ||
        (exec->env.length && mm_write(mm, mm->env_start, exec->env.data, exec->env.length) < 0) ||
        (exec->args.length && mm_write(mm, mm->arg_start, exec->args.data, exec->args.length) < 0) ||
        mm_write(mm, platform, PROCESS_PLATFORM, platform_size) < 0 ||
        mm_write(mm, random, bytes, sizeof bytes) < 0)
        return -ENOMEM;
    return write_table(exec, random);
}
