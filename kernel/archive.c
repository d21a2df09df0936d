// SPDX-License-Identifier: MIT
// The initial archive: one or several concatenated cpio archives in the "newc" format (cpio(5)), with zero
// padding between them. Only looked at here to find the first program; root and vfs read it themselves.
#include <boot.h>
#include <string.h>

#define HEADER 110u
#define NAME_LIMIT 64u

// Field i (of 13, after the magic) of a header: eight hexadecimal digits.
static uint64_t field(const char *header, unsigned i)
{
    uint64_t value = 0;
    for (const char *c = header + 6 + 8 * i, *end = c + 8; c < end; c++) {
        unsigned char digit = (unsigned char)*c;
        value = value << 4 | (digit >= 'a'   ? digit - 'a' + 10u
                              : digit >= 'A' ? digit - 'A' + 10u
                                             : digit - '0');
    }
    return value;
}

// The archive need not lie in the direct map.
void physical_read(void *to, uint64_t physical, size_t length)
{
    char *t = to;
    while (length) {
        size_t offset = physical & (PAGE_SIZE - 1);
        size_t part = PAGE_SIZE - offset < length ? PAGE_SIZE - offset : length;
        const char *page = arch_window_open(physical - offset, 0);
        memcpy(t, page + offset, part);
        arch_window_close(0);
        t += part;
        physical += part;
        length -= part;
    }
}

static uint64_t align4(uint64_t value) { return (value + 3) & ~3ull; }

// Offsets are relative to the start, which is where newc's alignment counts from. A later file of the same name
// wins, as it does when the archive is unpacked.
bool archive_find(struct boot_range archive, const char *name, struct archive_member *member)
{
    bool found = false;
    size_t wanted = strlen(name) + 1;
    uint64_t size = archive.end - archive.start;
    for (uint64_t at = 0; at + HEADER <= size;) {
        char header[HEADER], entry[NAME_LIMIT];
        physical_read(header, archive.start + at, HEADER);
        if (memcmp(header, "07070", 5) != 0) {
            at += 4; // padding
            continue;
        }
        uint64_t bytes = field(header, 6), name_size = field(header, 11);
        uint64_t contents = align4(at + HEADER + name_size);
        if (contents + bytes > size)
            break;
        if (name_size == wanted && wanted <= sizeof entry) {
            physical_read(entry, archive.start + at + HEADER, wanted);
            if (memcmp(entry, name, wanted) == 0) {
                *member = (struct archive_member){ .physical = archive.start + contents, .size = bytes };
                found = true;
            }
        }
        at = align4(contents + bytes);
    }
    return found;
}
