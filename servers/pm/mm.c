// SPDX-License-Identifier: MIT
// Address spaces: creation, copy at fork, release; the files that mappings are of; access to user memory.
#include "mm.h"

#include "shortage.h"
#include "state.h"

#include <errno.h>
#include <heap.h>
#include <string.h>

struct mm *mm_create(int *error)
{
    *error = -ENOMEM;
    struct mm *mm = heap_alloc(sizeof *mm);
    if (!mm)
        return NULL;
    long space = space_create(pm->user_quota);
    if (space < 0) {
        *error = (int)space;
        heap_free(mm);
        return NULL;
    }
    mm->space = (handle_t)space;
    mm->users = 1;
    mm->dumpable = true;
    return mm;
}

static bool copy_files(struct mm *mm, const struct mm *parent)
{
    mm->file_count = 0;
    mm->files = NULL;
    if (parent->file_count == 0)
        return true;
    mm->files = heap_alloc(parent->file_count * sizeof mm->files[0]);
    if (!mm->files)
        return false;
    for (uint32_t i = 0; i < parent->file_count; i++) {
        mm->files[i] = parent->files[i];
        mm->files[i]->references++;
    }
    mm->file_count = parent->file_count;
    return true;
}

// All but its space, which task_clone makes.
struct mm *mm_clone(struct mm *parent)
{
    struct mm *mm = heap_alloc_raw(sizeof *mm);
    if (!mm)
        return NULL;
    memcpy(mm, parent, sizeof *mm);
    mm->users = 1;
    mm->starved = false;
    mm->space = 0;
    if (!copy_files(mm, parent)) {
        heap_free(mm);
        return NULL;
    }
    if (mm->executable)
        mm->executable->references++;
    return mm;
}

struct mm *mm_get(struct mm *mm)
{
    mm->users++;
    return mm;
}

void mm_put(struct mm *mm)
{
    if (!mm || --mm->users > 0)
        return;
    if (mm->space)
        handle_close(mm->space);
    memory_freed();
    for (uint32_t i = 0; i < mm->file_count; i++)
        mapped_file_put(mm->files[i]);
    heap_free(mm->files);
    mapped_file_put(mm->executable);
    heap_free(mm);
}

struct mapped_file *mapped_file_create(const char *path, uint64_t device, uint64_t inode)
{
    size_t length = strlen(path) + 1;
    struct mapped_file *file = heap_alloc(sizeof *file + length);
    if (!file)
        return NULL;
    *file = (struct mapped_file){ .references = 1, .device = device, .inode = inode };
    memcpy(file->path, path, length);
    return file;
}

void mapped_file_put(struct mapped_file *file)
{
    if (file && --file->references == 0)
        heap_free(file);
}

long mm_file_tag(struct mm *mm, const char *path, uint64_t device, uint64_t inode)
{
    for (uint32_t i = 0; i < mm->file_count; i++) {
        struct mapped_file *file = mm->files[i];
        if (file->device == device && file->inode == inode && strcmp(file->path, path) == 0)
            return MM_FILE + (long)i;
    }
    struct mapped_file *file = mapped_file_create(path, device, inode);
    if (!file)
        return -ENOMEM;
    struct mapped_file **files = heap_resize(mm->files, (mm->file_count + 1) * sizeof files[0]);
    if (!files) {
        mapped_file_put(file);
        return -ENOMEM;
    }
    mm->files = files;
    files[mm->file_count++] = file;
    return MM_FILE + (long)mm->file_count - 1;
}

const char *mm_tag_name(const struct mm *mm, unsigned long tag)
{
    static const char *const names[] = {
        [MM_ANONYMOUS] = "",
        [MM_HEAP] = "[heap]",
        [MM_STACK] = "[stack]",
        [MM_VDSO] = "[vdso]",
        [MM_SHARED] = "/dev/zero (deleted)",
    };
    if (tag >= MM_FILE)
        return tag - MM_FILE < mm->file_count ? mm->files[tag - MM_FILE]->path : "";
    return tag < sizeof names / sizeof names[0] ? names[tag] : "";
}

void mm_usage(struct mm *mm, struct mm_usage *usage)
{
    *usage = (struct mm_usage){ 0 };
    if (KCALL1(space_usage, mm->space) < 0)
        return;
    const uint64_t *result = message_page->result;
    *usage = (struct mm_usage){ .mapped = result[0], .resident = result[1], .tables = result[2] };
    mm_note_resident(mm, usage->resident);
}

void mm_note_resident(struct mm *mm, uint64_t pages)
{
    if (pages > mm->peak_pages)
        mm->peak_pages = pages;
}

static long copied(struct mm *mm, long error)
{
    mm->starved = mm->starved || error == -ENOMEM;
    return error < 0 ? -EFAULT : 0;
}

// Not inlined, nor the next: whose argument came along saves no registers for them.
__attribute__((noinline)) long mm_read(struct mm *mm, void *to, unsigned long from, size_t length)
{
    return copied(mm, copy_in_all(0, mm->space, to, from, length));
}

__attribute__((noinline)) long mm_write(struct mm *mm, unsigned long to, const void *from, size_t length)
{
    return copied(mm, copy_out_all(0, mm->space, from, to, length));
}

bool mm_prepare(struct mm *mm, unsigned long address, size_t length)
{
    return copied(mm, copy_prepare(0, mm->space, address, length, ACCESS_WRITE)) == 0 || !mm->starved;
}

long mm_reached(struct mm *mm, long error) { return copied(mm, error); }

bool mm_starved(struct mm *mm)
{
    bool starved = mm->starved;
    mm->starved = false;
    return starved;
}
