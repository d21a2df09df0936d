// SPDX-License-Identifier: MIT
// The start: command line, initial archive, program loading and the first task.
#pragma once

#include <arch.h>

struct space;
struct archive_member {
    uint64_t physical; // of its contents
    uint64_t size;
};

// boot.c: words `name` and `name=value` of the command line. -> false if there is none
bool boot_option(const struct boot_info *info, const char *name, char *value, size_t size);
// archive.c: the initial archive, cpio newc
bool archive_find(struct boot_range archive, const char *name, struct archive_member *member);
void physical_read(void *to, uint64_t physical, size_t length);
// elf.c: maps and fills the segments of a static executable. -> entry point; panics on anything malformed
unsigned long elf_load(struct space *space, const struct archive_member *member);
// root.c
void root_start(const struct boot_info *info);
size_t boot_entropy(const struct boot_info *info, uint8_t *to, size_t length); // -> bytes worth anything
