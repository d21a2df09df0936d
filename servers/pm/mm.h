// SPDX-License-Identifier: MIT
// An address space as Linux sees it. The regions themselves are the kernel's (space_query); here is what it does
// not know: where heap, arguments and stack lie, and which file a region's tag means. Shared by CLONE_VM.
#pragma once

#include <kernel.h>
#include <stdbool.h>
#include <stdint.h>

// Tags of regions.
enum { MM_ANONYMOUS, MM_HEAP, MM_STACK, MM_VDSO, MM_SHARED, MM_FILE = 16 }; // MM_FILE + i: mm->files[i]

struct mapped_file { // shared by the address spaces that were forked from one another
    uint32_t references;
    uint64_t device, inode;
    char path[];
};

#define AUXV_WORDS 48

struct mm {
    uint32_t users;          // threads (and one exec that is building it)
    handle_t space;          // 0: not yet, or gone with the last thread
    unsigned long mmap_base; // mappings are placed below
    unsigned long start_brk, brk;
    unsigned long start_code, end_code, start_data, end_data;
    unsigned long start_stack, arg_start, arg_end, env_start, env_end;
    unsigned long vdso;
    unsigned long auxv[AUXV_WORDS];
    uint32_t auxv_words;
    bool dumpable;
    bool starved; // a copy failed for lack of frames since mm_starved() was asked
    uint32_t file_count;
    struct mapped_file **files;
    struct mapped_file *executable;
    uint64_t peak_pages; // highest resident size seen
};

struct mm *mm_create(int *error);
struct mm *mm_clone(struct mm *parent); // fork's copy_mm; without a space
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm);

// The tag for mappings of a file. -> tag, or a negative error
long mm_file_tag(struct mm *mm, const char *path, uint64_t device, uint64_t inode);
struct mapped_file *mapped_file_create(const char *path, uint64_t device, uint64_t inode);
void mapped_file_put(struct mapped_file *file);
const char *mm_tag_name(const struct mm *mm, unsigned long tag); // path or "[heap]" ...; "" for anonymous

struct mm_usage {
    uint64_t mapped, resident, tables; // pages
};
void mm_usage(struct mm *mm, struct mm_usage *usage);
void mm_note_resident(struct mm *mm, uint64_t pages); // for peak_pages

// User memory through the address space. -> 0, -EFAULT. A call that ends with EFAULT is made again if frames were what
// it lacked (thread_return): so it may change nothing before its copies, or undoes it, or asks mm_prepare first.
long mm_read(struct mm *mm, void *to, unsigned long from, size_t length);
long mm_write(struct mm *mm, unsigned long to, const void *from, size_t length);
bool mm_prepare(struct mm *mm, unsigned long address,
                size_t length);             // false: no frames for it: the call ends with EFAULT
long mm_reached(struct mm *mm, long error); // the same for what another kernel call on the space answered
bool mm_starved(struct mm *mm);             // tells it once
