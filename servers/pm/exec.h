// SPDX-License-Identifier: MIT
// What the parts of execve share: strings copied from the caller, the loader, the first stack.
#pragma once

#include "mm.h"
#include "vfs_client.h"

#include <linux/elf.h>

#define ARG_STRING_MAX 131072u // MAX_ARG_STRLEN
#define EXEC_HEAD 512          // bytes read of each file; a #! line has at most 255

struct strings { // one after the other, each with its NUL
    char *data;
    size_t length, capacity;
    unsigned count;
};

struct image {                                             // of a loaded ELF file
    unsigned long bias, entry, program_headers, low, high; // addresses; low and high as mapped
    unsigned long start_code, end_code, start_data, end_data, brk;
    unsigned program_count;
};

struct piece { // of the caller's memory, read last
    unsigned long start;
    bool valid;
    char data[256];
};

struct exec {
    struct thread *thread;
    struct mm *mm; // being built
    char *filename;
    struct strings args, env;
    bool has_loader, executable_stack;
    struct image image, loader_image;
    bool secure, set_id;
    bool changes;            // ids, those of the thread included
    struct sighand *sighand; // replaces a shared one
    struct piece piece;
    struct open_file file, loader;
    struct credentials cred; // in force after exec
    uint8_t head[EXEC_HEAD];
};

// exec_args.c
long strings_copy(struct exec *exec, struct strings *to, unsigned long pointers); // a NULL-terminated array
long strings_prepend(struct strings *to, const char *text);
void strings_drop_first(struct strings *to);
void strings_free(struct strings *strings);
char *path_copy(struct exec *exec, unsigned long address, long *error); // in the heap

// elf.c. Maps file into exec->mm.
long elf_check(const struct elf_header *header);
long elf_read_segments(const struct open_file *file, const struct elf_header *header,
                       struct elf_program **segments);
long elf_load(struct exec *exec, struct open_file *file, const struct elf_header *header, bool is_loader,
              struct image *image);

// exec_stack.c
void exec_layout(struct exec *exec); // mmap_base
long exec_stack(struct exec *exec);  // maps the stack and writes arguments and auxv; mm->start_stack
long exec_vdso(struct exec *exec);
long exec_first(struct thread *thread, const char *const *args,
                const char *const *env); // process 1; from a fiber
