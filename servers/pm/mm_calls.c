// SPDX-License-Identifier: MIT
// brk, mmap, munmap, mprotect, mremap, madvise and what else works on address spaces (the manual pages in section 2).
#include "calls.h"
#include "mm.h"
#include "process.h"
#include "state.h"
#include "vfs_client.h"

#include <errno.h>
#include <heap.h>
#include <linux/mman.h>
#include <linux_arch.h>
#include <server.h>

#define MMAP_MINIMUM 0x10000ul // vm.mmap_min_addr
#define SHARED_FLAGS (MAP_SHARED_BIT | MAP_MAYWRITE_BIT)

static unsigned long page_up(unsigned long length) { return (length + PAGE_SIZE - 1) & PAGE_MASK; }

static bool over_address_limit(struct thread *thread, unsigned long more)
{
    uint64_t limit = thread->process->limits[RLIMIT_AS].current;
    if (limit == RLIMIT_INFINITY)
        return false;
    struct mm_usage usage;
    mm_usage(thread->mm, &usage);
    return usage.mapped * PAGE_SIZE + more > limit;
}

long call_brk(struct thread *caller, const unsigned long args[6])
{
    struct mm *mm = caller->mm;
    unsigned long wanted = args[0];
    if (wanted < mm->start_brk || wanted > USER_END)
        return (long)mm->brk;
    unsigned long old = page_up(mm->brk), new = page_up(wanted);
    uint64_t limit = caller->process->limits[RLIMIT_DATA].current;
    if (limit != RLIMIT_INFINITY && wanted - mm->start_brk + (mm->end_data - mm->start_data) > limit)
        return (long)mm->brk;
    if (new < old && space_unmap(mm->space, new, old - new) < 0)
        return (long)mm->brk;
    if (new > old) {
        unsigned flags = PROT_READ_BIT | PROT_WRITE_BIT | MAP_FIXED_BIT | MAP_NOREPLACE_BIT;
        if (over_address_limit(caller, new - old) ||
            IS_ERROR(space_map(mm->space, old, new - old, flags, 0, 0, MM_HEAP, 0)))
            return (long)mm->brk;
    }
    mm->brk = wanted;
    return (long)wanted;
}

// --- mmap

struct mapping {
    unsigned long address, length, prot, flags;
    uint64_t offset;
    handle_t memory;
    unsigned long tag;
    unsigned kernel_flags; // MAP_*_BIT beyond place and protection
};

static unsigned kernel_prot(unsigned long prot) { return prot & (PROT_READ | PROT_WRITE | PROT_EXEC); }

// Puts a mapping where it was asked for, or below mmap_base.
static long place(struct mm *mm, const struct mapping *mapping)
{
    unsigned flags = kernel_prot(mapping->prot) | mapping->kernel_flags;
    if (mapping->flags & MAP_POPULATE)
        flags |= MAP_POPULATE_BIT;
    bool fixed = mapping->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    unsigned long address = mapping->address & (fixed ? ~0ul : PAGE_MASK);
    if (!fixed && address < MMAP_MINIMUM)
        address = 0;
    if (fixed || address) {
        unsigned how =
            MAP_FIXED_BIT | (mapping->flags & MAP_FIXED_NOREPLACE || !fixed ? MAP_NOREPLACE_BIT : 0);
        long result = space_map(mm->space, address, mapping->length, flags | how, mapping->memory,
                                mapping->offset, mapping->tag, 0);
        if (fixed || !IS_ERROR(result))
            return result;
    }
    long result = space_map(mm->space, mm->mmap_base, mapping->length, flags | MAP_BELOW_BIT, mapping->memory,
                            mapping->offset, mapping->tag, 0);
    if (result != -ENOMEM)
        return result;
    return space_map(mm->space, USER_END, mapping->length, flags | MAP_BELOW_BIT, mapping->memory,
                     mapping->offset, mapping->tag, 0);
}

static long map_shared_anonymous(struct mm *mm, struct mapping *mapping)
{
    long memory = memory_create(pm->user_quota, mapping->length, 0, 0);
    if (memory < 0)
        return memory;
    mapping->memory = (handle_t)memory;
    mapping->kernel_flags = SHARED_FLAGS;
    mapping->offset = 0;
    mapping->tag = MM_SHARED;
    long result = place(mm, mapping);
    handle_close(mapping->memory);
    return result;
}

static long map_anonymous(struct thread *caller, struct mapping *mapping)
{
    mapping->offset = 0;
    if ((mapping->flags & MAP_TYPE) != MAP_PRIVATE)
        return map_shared_anonymous(caller->mm, mapping);
    if (mapping->flags & MAP_GROWSDOWN)
        mapping->kernel_flags = MAP_GROWSDOWN_BIT;
    return place(caller->mm, mapping);
}

static long check(struct thread *caller, struct mapping *mapping)
{
    unsigned long type = mapping->flags & MAP_TYPE;
    if (mapping->length == 0)
        return -EINVAL;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    mapping->length = page_up(mapping->length);
    if (mapping->length == 0 || mapping->length > USER_END)
        return -ENOMEM;
    if (mapping->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (mapping->address & ~PAGE_MASK)
            return -EINVAL;
        if (mapping->address > USER_END - mapping->length)
            return -ENOMEM;
        if (mapping->address < MMAP_MINIMUM && !capable(caller, CAP_SYS_ADMIN))
            return -EPERM;
    }
    if (mapping->offset + mapping->length < mapping->offset)
        return -EOVERFLOW;
    return over_address_limit(caller, mapping->length) ? -ENOMEM : 0;
}

// args: address, length, prot, flags, fd, offset in pages.
static long map_file(struct thread *caller, const unsigned long *args)
{
    struct mapping mapping = {
        .address = args[0],
        .length = page_up(args[1]),
        .prot = args[2],
        .flags = args[3],
        .offset = (uint64_t)args[5] << PAGE_SHIFT,
    };
    bool shared = (mapping.flags & MAP_TYPE) != MAP_PRIVATE;
    struct open_file *file = heap_alloc_raw(sizeof *file);
    if (!file)
        return -ENOMEM;
    long result = vfs_mmap(caller, (int)args[4], kernel_prot(mapping.prot), shared, file);
    if (result < 0)
        goto out;
    long tag = mm_file_tag(caller->mm, file->path, file->info.device, file->info.inode);
    mapping.memory = file->memory;
    mapping.tag = tag < 0 ? MM_ANONYMOUS : (unsigned long)tag;
    if (shared) {
        mapping.kernel_flags = MAP_SHARED_BIT;
        KCALL1(handle_info, file->memory);
        if (message_page->result[0] & RIGHT_WRITE)
            mapping.kernel_flags |= MAP_MAYWRITE_BIT;
    }
    result = place(caller->mm, &mapping);
    if (file->memory)
        handle_close(file->memory);
out:
    heap_free(file);
    return result;
}

static long do_mmap(struct thread *caller, unsigned long address, unsigned long length, unsigned long prot,
                    unsigned long flags, unsigned long fd, unsigned long page_offset)
{
    struct mapping mapping = {
        .address = address,
        .length = length,
        .prot = prot,
        .flags = flags,
        .offset = (uint64_t)page_offset << PAGE_SHIFT,
    };
    long error = check(caller, &mapping);
    if (error < 0)
        return error;
    if (flags & MAP_ANONYMOUS)
        return map_anonymous(caller, &mapping);
    return thread_on_fiber(caller, map_file,
                           (const unsigned long[6]){ address, length, prot, flags, fd, page_offset });
}

long call_mmap(struct thread *caller, const unsigned long args[6])
{
    if (args[5] & ~PAGE_MASK)
        return -EINVAL;
    return do_mmap(caller, args[0], args[1], args[2], args[3], args[4], args[5] >> PAGE_SHIFT);
}

long call_mmap2(struct thread *caller, const unsigned long args[6]) // the offset counts 4096 byte units
{
    return do_mmap(caller, args[0], args[1], args[2], args[3], args[4], args[5]);
}

long call_old_mmap(struct thread *caller, const unsigned long args[6]) // all arguments in memory
{
    unsigned long block[6];
    if (mm_read(caller->mm, block, args[0], sizeof block) < 0)
        return -EFAULT;
    return call_mmap(caller, block);
}

long call_munmap(struct thread *caller, const unsigned long args[6])
{
    unsigned long length = page_up(args[1]);
    if ((args[0] & ~PAGE_MASK) || length == 0 || length > USER_END || args[0] > USER_END - length)
        return -EINVAL;
    return space_unmap(caller->mm->space, args[0], length);
}

// The kernel changes all or nothing; Linux changes what lies before the first hole.
static long protect_up_to_hole(struct mm *mm, unsigned long start, unsigned long end, unsigned prot)
{
    struct region_info region;
    unsigned long at = start;
    while (at < end && space_query(mm->space, at, &region) == 0 && region.start <= at)
        at = region.end;
    if (at > start && at < end)
        space_protect(mm->space, start, at - start, prot);
    return -ENOMEM;
}

long call_mprotect(struct thread *caller, const unsigned long args[6])
{
    unsigned long start = args[0], length = page_up(args[1]), prot = args[2];
    if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP) || (start & ~PAGE_MASK))
        return -EINVAL;
    if (args[1] == 0)
        return 0;
    if (length == 0 || start + length < start)
        return -ENOMEM;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (start > USER_END - length)
        return -ENOMEM;
    struct region_info region;
    if ((prot & PROT_GROWSDOWN) && space_query(caller->mm->space, start, &region) == 0 &&
        (region.flags & MAP_GROWSDOWN_BIT) && region.start < start) {
        length += start - region.start;
        start = region.start;
    }
    long error = space_protect(caller->mm->space, start, length, kernel_prot(prot));
    return error == -ENOMEM ? protect_up_to_hole(caller->mm, start, start + length, kernel_prot(prot))
                            : error;
}

// --- mremap

struct resize {
    unsigned long old, old_length, new_length, flags, target;
    struct region_info region; // what lies at `old`
};

static long shrink(struct mm *mm, const struct resize *resize)
{
    long error =
        space_unmap(mm->space, resize->old + resize->new_length, resize->old_length - resize->new_length);
    return error < 0 ? error : (long)resize->old;
}

static bool room_behind(struct mm *mm, const struct resize *resize)
{
    unsigned long end = resize->old + resize->old_length, more = resize->new_length - resize->old_length;
    struct region_info next;
    if (resize->region.end != end || end + more > USER_END || end + more < end)
        return false;
    return space_query(mm->space, end, &next) < 0 || next.start >= end + more;
}

// Growing by moving to itself keeps object and offset, which only the kernel knows.
static long grow_in_place(struct mm *mm, const struct resize *resize)
{
    return space_move(mm->space, resize->old, resize->old_length, resize->old, resize->new_length);
}

static long find_room(struct mm *mm, unsigned long length)
{
    long found = space_map(mm->space, mm->mmap_base, length, MAP_BELOW_BIT, 0, 0, 0, 0);
    if (!IS_ERROR(found))
        space_unmap(mm->space, (unsigned long)found, length);
    return found;
}

static long move(struct thread *caller, const struct resize *resize)
{
    struct mm *mm = caller->mm;
    long target = (long)resize->target;
    if (resize->flags & MREMAP_FIXED) {
        if ((resize->target & ~PAGE_MASK) || resize->target > USER_END - resize->new_length ||
            (resize->target < resize->old + resize->old_length &&
             resize->old < resize->target + resize->new_length))
            return -EINVAL;
        long error = space_unmap(mm->space, resize->target, resize->new_length);
        if (error < 0)
            return error;
    } else {
        target = find_room(mm, resize->new_length);
        if (IS_ERROR(target))
            return target;
    }
    unsigned long length = resize->old_length;
    if (length > resize->new_length) {
        long error = shrink(mm, resize);
        if (IS_ERROR(error))
            return error;
        length = resize->new_length;
    }
    return space_move(mm->space, resize->old, length, (unsigned long)target, resize->new_length);
}

long call_mremap(struct thread *caller, const unsigned long args[6])
{
    struct resize resize = { args[0], page_up(args[1]), page_up(args[2]), args[3], args[4], { 0 } };
    if ((resize.flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) || (resize.old & ~PAGE_MASK) ||
        resize.new_length == 0)
        return -EINVAL;
    if ((resize.flags & MREMAP_FIXED) && !(resize.flags & MREMAP_MAYMOVE))
        return -EINVAL;
    struct mm *mm = caller->mm;
    if (space_query(mm->space, resize.old, &resize.region) < 0 || resize.region.start > resize.old)
        return -EFAULT;
    if (resize.old_length > resize.region.end - resize.old)
        return -EFAULT;
    if (resize.new_length > resize.old_length &&
        over_address_limit(caller, resize.new_length - resize.old_length))
        return -ENOMEM;
    if (resize.flags & MREMAP_FIXED)
        return move(caller, &resize);
    if (resize.new_length < resize.old_length)
        return shrink(mm, &resize);
    if (resize.new_length == resize.old_length)
        return (long)resize.old;
    if (room_behind(mm, &resize)) {
        long result = grow_in_place(mm, &resize);
        if (!IS_ERROR(result))
            return result;
    }
    return resize.flags & MREMAP_MAYMOVE ? move(caller, &resize) : -ENOMEM;
}

// --- advice and residency

// Is every page of the range mapped? -> 0, -ENOMEM
static long whole_range_mapped(struct mm *mm, unsigned long start, unsigned long end)
{
    struct region_info region;
    while (start < end) {
        if (space_query(mm->space, start, &region) < 0 || region.start > start)
            return -ENOMEM;
        start = region.end;
    }
    return 0;
}

long call_madvise(struct thread *caller, const unsigned long args[6])
{
    unsigned long start = args[0], length = page_up(args[1]);
    if ((start & ~PAGE_MASK) || start + length < start)
        return -EINVAL;
    switch ((int)args[2]) {
    case MADV_DONTNEED:
    case MADV_FREE: {
        if (length == 0)
            return 0;
        long unmapped = whole_range_mapped(caller->mm, start, start + length);
        long error = space_discard(caller->mm->space, start, length);
        return unmapped < 0 ? unmapped : error;
    }
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT: return length == 0 ? 0 : whole_range_mapped(caller->mm, start, start + length);
    default: return -EINVAL;
    }
}

long call_msync(struct thread *caller, const unsigned long args[6])
{
    unsigned long start = args[0], length = page_up(args[1]);
    if ((args[2] & ~(unsigned long)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
        (args[2] & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (start + length < start)
        return -ENOMEM;
    return whole_range_mapped(caller->mm, start, start + length);
}

// What is mapped counts as resident where a region's pages all are; pages are asked for one by one otherwise.
long call_mincore(struct thread *caller, const unsigned long args[6])
{
    unsigned long start = args[0], pages = page_up(args[1]) >> PAGE_SHIFT;
    if (start & ~PAGE_MASK)
        return -EINVAL;
    long error = whole_range_mapped(caller->mm, start, start + (pages << PAGE_SHIFT));
    if (error < 0)
        return error;
    for (unsigned long i = 0; i < pages; i++) {
        struct region_info region;
        unsigned long address = start + (i << PAGE_SHIFT);
        uint8_t resident = space_query(caller->mm->space, address, &region) == 0 && region.resident > 0;
        if (mm_write(caller->mm, args[2] + i, &resident, 1) < 0)
            return -EFAULT;
    }
    return 0;
}

// Nothing is ever paged out, so locking is a matter of checks.
static long lock(struct thread *caller, unsigned long start, unsigned long length)
{
    uint64_t limit = caller->process->limits[RLIMIT_MEMLOCK].current;
    if (!capable(caller, CAP_IPC_LOCK)) {
        if (limit == 0)
            return -EPERM;
        if (length > limit)
            return -ENOMEM;
    }
    unsigned long end = page_up(start + length);
    return whole_range_mapped(caller->mm, start & PAGE_MASK, end);
}

long call_mlock(struct thread *caller, const unsigned long args[6])
{
    return args[0] + args[1] < args[0] ? -EINVAL : lock(caller, args[0], args[1]);
}

long call_mlock2(struct thread *caller, const unsigned long args[6])
{
    return args[2] > 1 ? -EINVAL : call_mlock(caller, args);
}

long call_munlock(struct thread *caller, const unsigned long args[6])
{
    return args[0] + args[1] < args[0]
               ? -EINVAL
               : whole_range_mapped(caller->mm, args[0] & PAGE_MASK, page_up(args[0] + args[1]));
}

long call_mlockall(struct thread *caller, const unsigned long args[6])
{
    if (!args[0] || (args[0] & ~7ul) || args[0] == MCL_ONFAULT)
        return -EINVAL;
    bool allowed = capable(caller, CAP_IPC_LOCK) || caller->process->limits[RLIMIT_MEMLOCK].current > 0;
    return allowed ? 0 : -EPERM;
}

long call_munlockall(struct thread *caller, const unsigned long args[6]) { return 0; }

long call_riscv_flush_icache(struct thread *caller, const unsigned long args[6])
{
    return args[2] & ~1ul ? -EINVAL : 0; // the kernel fences before it runs a page that was written
}
