// SPDX-License-Identifier: MIT
// The newc form of cpio: a header of 8-digit hexadecimal fields, the name, the data, each padded to 4 bytes;
// TRAILER!!! ends an archive, zero bytes pad it (cpio(5)).
#include "archive.h"

#include <errno.h>
#include <server.h>
#include <string.h>

#define HEADER_BYTES 110
#define FIELD_FILE_SIZE 6
#define FIELD_NAME_SIZE 11

#define DIRECTORY "boot/"
#define MEMBERS 64u

static unsigned long field(const char *header, unsigned index)
{
    unsigned long value = 0;
    for (unsigned i = 0; i < 8; i++) {
        char c = header[6 + 8 * index + i];
        value = value << 4 | (unsigned long)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

static struct member {
    const char *path;
    struct archive_file file;
} members[MEMBERS];
static unsigned member_count;

static void add(const char *path, struct archive_file file)
{
    if (member_count < MEMBERS)
        members[member_count++] = (struct member){ path, file };
    else
        print("root: the archive has more than %u files in %s\n", MEMBERS, DIRECTORY);
}

static size_t padded(size_t size) { return (size + 3) & ~(size_t)3; }

void archive_read(const char *archive, size_t size)
{
    size_t at = 0;
    member_count = 0;
    while (at + HEADER_BYTES <= size) {
        const char *header = archive + at;
        if (memcmp(header, "07070", 5) != 0) {
            at += 4; // padding between archives
            continue;
        }
        size_t name_size = field(header, FIELD_NAME_SIZE), file_size = field(header, FIELD_FILE_SIZE);
        size_t data = at + padded(HEADER_BYTES + name_size);
        if (name_size == 0 || name_size > size || file_size > size || data > size - file_size)
            return;
        if (strncmp(header + HEADER_BYTES, DIRECTORY, sizeof(DIRECTORY) - 1) == 0)
            add(header + HEADER_BYTES, (struct archive_file){ archive + data, file_size });
        at = data + padded(file_size);
    }
}

int archive_find(const char *path, struct archive_file *file)
{
    for (unsigned i = member_count; i-- > 0;) {
        if (strcmp(members[i].path, path) == 0) {
            *file = members[i].file;
            return 0;
        }
    }
    return -ENOENT;
}
