// SPDX-License-Identifier: MIT
// Copies by software walk: they reach user memory and objects through the kernel's own windows, page by page, never
// fault and never wait; they say how far they got. Slot 0 is the source's window, slot 1 the destination's.
//
// In each step the destination is brought in before the source: bringing in may copy a page or reuse window 0, and
// reading never replaces a page that is there.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <inline.h>
#include <memory.h>
#include <pagetable.h>
#include <space.h>
#include <string.h>

static size_t page_rest(uint64_t address) { return PAGE_SIZE - (size_t)(address & (PAGE_SIZE - 1)); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

INLINE void copy(void *to, const void *from, size_t length)
{
    if (length < BLOCK_MIN)
        memmove(to, from, length);
    else
        arch_copy(to, from, length);
}

INLINE void copy_physical(uint64_t to, uint64_t from, size_t length)
{
    copy(window_open(to, 1), window_open(from, 0), length);
    window_close(to, 1);
    window_close(from, 0);
}

size_t copy_from_space(struct space *space, void *to, unsigned long from, size_t length)
{
    size_t done = 0;
    while (done < length) {
        uint64_t physical;
        size_t part = least(length - done, page_rest(from + done));
        if (space_page(space, from + done, ACCESS_READ, &physical) < 0)
            break;
        memcpy((char *)to + done, window_open(physical, 0), part);
        window_close(physical, 0);
        done += part;
    }
    return done;
}

size_t copy_to_space(struct space *space, unsigned long to, const void *from, size_t length)
{
    size_t done = 0;
    while (done < length) {
        uint64_t physical;
        size_t part = least(length - done, page_rest(to + done));
        if (space_page(space, to + done, ACCESS_WRITE, &physical) < 0)
            break;
        memcpy(window_open(physical, 1), (const char *)from + done, part);
        window_close(physical, 1);
        done += part;
    }
    return done;
}

size_t copy_between_spaces(struct space *to_space, unsigned long to, struct space *from_space,
                           unsigned long from, size_t length)
{
    size_t done = 0;
    while (done < length) {
        uint64_t target, source;
        size_t part = least(length - done, least(page_rest(to + done), page_rest(from + done)));
        if (space_page(to_space, to + done, ACCESS_WRITE, &target) < 0 ||
            space_page(from_space, from + done, ACCESS_READ, &source) < 0)
            break;
        copy_physical(target, source, part);
        done += part;
    }
    return done;
}

bool copy_present(struct space *to_space, unsigned long to, struct space *from_space, unsigned long from,
                  size_t length)
{
    if (to >= USER_END || from >= USER_END || length > page_rest(to) || length > page_rest(from))
        return false;
    uint64_t target = pagetable_lookup(to_space, to), source = pagetable_lookup(from_space, from);
    if (!pte_writable(target) || !pte_readable(source))
        return false;
    copy_physical(pte_frame(target) + (to & ~PAGE_MASK), pte_frame(source) + (from & ~PAGE_MASK), length);
    return true;
}

long space_compare_exchange(struct space *space, unsigned long address, uint32_t expected, uint32_t desired,
                            uint32_t *found)
{
    uint64_t physical;
    if (address & (sizeof(uint32_t) - 1))
        return -EINVAL;
    long error = space_page(space, address, ACCESS_WRITE, &physical);
    if (error < 0)
        return error == -ENOMEM ? -ENOMEM : -EFAULT;
    uint32_t *word = window_open(physical, 0);
    __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    *found = expected;
    window_close(physical, 0);
    return 0;
}

// --- objects ------------------------------------------------------------------------------------------------------

enum purpose { READ, WRITE, WRITE_WHOLE }; // the last: all of the page, at once

// Where a byte of the object is. A page that an anonymous object lacks is made only for writing, and not zeroed first
// if all of it will be written; else *physical is 0 then (it reads as zeroes). -> 0, -ENOMEM, or an error that says
// that it is not to be had without its pager
static int object_byte(struct memory *memory, uint64_t offset, enum purpose purpose, uint64_t *physical)
{
    if (memory->kind == MEMORY_PHYSICAL) {
        *physical = memory->physical + offset;
        return 0;
    }
    struct frame *frame = memory_present(memory, offset >> PAGE_SHIFT);
    *physical = 0;
    if (!frame && purpose == READ && memory->kind == MEMORY_ANONYMOUS)
        return 0;
    int error;
    if (!frame)
        frame = memory_page(memory, offset >> PAGE_SHIFT, purpose == WRITE_WHOLE ? 0 : FRAME_ZERO, &error);
    if (!frame)
        return error;
    *physical = frame_address(frame) + (offset & (PAGE_SIZE - 1));
    return 0;
}

static size_t within(const struct memory *memory, uint64_t offset, size_t length)
{
    if (offset >= memory->size)
        return 0;
    return length < memory->size - offset ? length : (size_t)(memory->size - offset);
}

size_t memory_copy_in(struct memory *memory, uint64_t offset, const void *from, size_t length)
{
    size_t done = 0;
    length = within(memory, offset, length);
    while (done < length) {
        uint64_t physical;
        size_t part = least(length - done, page_rest(offset + done));
        if (object_byte(memory, offset + done, WRITE, &physical) < 0)
            break;
        copy(window_open(physical, 1), (const char *)from + done, part);
        window_close(physical, 1);
        done += part;
    }
    return done;
}

size_t memory_copy_out(struct memory *memory, uint64_t offset, void *to, size_t length)
{
    size_t done = 0;
    length = within(memory, offset, length);
    while (done < length) {
        uint64_t physical;
        size_t part = least(length - done, page_rest(offset + done));
        if (object_byte(memory, offset + done, READ, &physical) < 0)
            break;
        if (physical) {
            copy((char *)to + done, window_open(physical, 0), part);
            window_close(physical, 0);
        } else {
            arch_clear((char *)to + done, part);
        }
        done += part;
    }
    return done;
}

// Into one page of the object, from at most two of the space. Both are brought in before the object's is made, since
// one of them may be that page, mapped. -> bytes, -EFAULT if the space has no such page, or why the object has none
static long space_to_object(struct memory *memory, uint64_t offset, struct space *space,
                            unsigned long address, size_t length)
{
    uint64_t target, source, rest = 0;
    size_t part = least(length, page_rest(address));
    if (space_page(space, address, ACCESS_READ, &source) < 0)
        return -EFAULT;
    if (part < length && space_page(space, address + part, ACCESS_READ, &rest) < 0)
        length = part;
    int error = object_byte(memory, offset, length == PAGE_SIZE ? WRITE_WHOLE : WRITE, &target);
    if (error < 0)
        return error;
    copy_physical(target, source, part);
    if (part < length)
        copy_physical(target + part, rest, length - part);
    return (long)length;
}

static long object_to_space(struct memory *memory, uint64_t offset, struct space *space,
                            unsigned long address, size_t length)
{
    uint64_t target, source;
    length = least(length, page_rest(address));
    if (space_page(space, address, ACCESS_WRITE, &target) < 0)
        return -EFAULT;
    int error = object_byte(memory, offset, READ, &source);
    if (error < 0)
        return error;
    if (source) {
        copy_physical(target, source, length);
    } else {
        arch_clear(window_open(target, 1), length);
        window_close(target, 1);
    }
    return (long)length;
}

long memory_copy_space(struct memory *memory, uint64_t offset, struct space *space, unsigned long address,
                       size_t length, bool to_object)
{
    size_t done = 0;
    length = within(memory, offset, length);
    while (done < length) {
        size_t part = least(length - done, page_rest(offset + done));
        long copied = to_object ? space_to_object(memory, offset + done, space, address + done, part)
                                : object_to_space(memory, offset + done, space, address + done, part);
        if (copied == -ENOMEM && !done)
            return -ENOMEM;
        if (copied < 0)
            break;
        done += (size_t)copied;
    }
    return (long)done;
}
