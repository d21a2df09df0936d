// SPDX-License-Identifier: MIT
// Memory of a space that can be reached at once, for the short ways: a page that is there, with the right to it, in
// the direct map.
#pragma once

#include <inline.h>
#include <table.h>

// Where the kernel reaches a byte of a page of a space and all of the length, NULL if it is not at hand.
INLINE void *at_hand(struct space *space, unsigned long address, size_t length, bool write)
{
    if (address >= USER_END || length > PAGE_SIZE - (address & ~PAGE_MASK))
        return NULL;
    uint64_t entry = table_lookup(space, address);
    if (!(write ? pte_writable(entry) : pte_readable(entry)) || pte_frame(entry) >= DIRECT_LIMIT)
        return NULL;
    return (char *)direct_address(pte_frame(entry)) + (address & ~PAGE_MASK);
}

// Some words or bytes, as most of what travels with messages is, take less than a call of memcpy. -> false: more
INLINE bool copy_few(char *to, const char *from, size_t length)
{
    if (length <= 8 * sizeof(long) && !(((uintptr_t)to | (uintptr_t)from | length) % sizeof(long))) {
        for (size_t i = 0; i < length; i += sizeof(long))
            *(long *)(to + i) = *(const long *)(from + i);
        return true;
    }
    if (length > sizeof(long))
        return false;
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
    return true;
}
