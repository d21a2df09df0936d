// SPDX-License-Identifier: MIT
// Moving bytes between a caller's vector (or vfs's own memory) and buffers or memory objects.

#include "transfer.h"
#include <errno.h>
#include <heap.h>
#include <kernel.h>
#include <string.h>
#include "client.h"

void transfer_init(struct transfer *transfer, struct client *caller, unsigned long base, size_t length)
{
    *transfer = (struct transfer){ .caller = caller, .one = { base, length }, .count = 1, .left = length };
}

void transfer_local(struct transfer *transfer, void *base, size_t length)
{
    transfer_init(transfer, NULL, (unsigned long)base, length);
}

int transfer_vector(struct transfer *transfer, struct client *caller, unsigned long vector,
                    unsigned long count)
{
    *transfer = (struct transfer){ .caller = caller, .count = (unsigned)count };
    if (count > IOV_MAX)
        return -EINVAL;
    if (count == 0)
        return 0;
    struct linux_iovec *parts = &transfer->one;
    if (count > 1)
        parts = transfer->many = heap_alloc(count * sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    if (user_read(caller, parts, vector, count * sizeof(*parts)) < 0) {
        transfer_release(transfer);
        return -EFAULT;
    }
    for (unsigned i = 0; i < count; i++) {
        if ((long)parts[i].length < 0) {
            transfer_release(transfer);
            return -EINVAL;
        }
        // As Linux: one call moves at most INT_MAX rounded down to a page; the rest is cut off.
        size_t room = 0x7ffff000 - transfer->left;
        if (parts[i].length > room)
            parts[i].length = room;
        transfer->left += parts[i].length;
    }
    return 0;
}

void transfer_free(struct transfer *transfer)
{
    heap_free(transfer->many);
    transfer->many = NULL;
}

// The address and length of the next contiguous piece, at most `length`.
static size_t piece(struct transfer *transfer, size_t length, unsigned long *address)
{
    for (;;) {
        struct linux_iovec *part = transfer->many ? &transfer->many[transfer->index] : &transfer->one;
        size_t rest = part->length - transfer->within;
        if (rest > 0) {
            *address = part->base + transfer->within;
            return rest < length ? rest : length;
        }
        transfer->index++;
        transfer->within = 0;
    }
}

static void advance(struct transfer *transfer, size_t length)
{
    transfer->within += length;
    transfer->left -= length;
    transfer->done += length;
}

enum source { FROM_BUFFER, TO_BUFFER, FROM_OBJECT, TO_OBJECT };

struct side {
    enum source kind;
    char *buffer;
    handle_t memory;
    uint64_t offset;
};

static long move_own(unsigned long address, size_t length, const struct side *side, size_t done)
{
    switch (side->kind) {
    case FROM_BUFFER: memcpy((void *)address, side->buffer + done, length); return (long)length;
    case TO_BUFFER: memcpy(side->buffer + done, (void *)address, length); return (long)length;
    case FROM_OBJECT: return memory_read(side->memory, side->offset + done, (void *)address, length);
    default: return memory_write(side->memory, side->offset + done, (void *)address, length);
    }
}

static long move_once(token_t token, unsigned long address, size_t length, const struct side *side,
                      size_t done)
{
    switch (side->kind) {
    case FROM_BUFFER: return copy_out(token, 0, side->buffer + done, address, length);
    case TO_BUFFER: return copy_in(token, 0, side->buffer + done, address, length);
    default:
        return copy_object(token, side->memory, side->offset + done, address, length,
                           side->kind == TO_OBJECT);
    }
}

// A copy ends early where a page of the caller's is missing; if that can be had it goes on. Else it is the object that
// takes or has no more, which is its owner's affair (tmpfs).
static long move(struct client *caller, unsigned long address, size_t length, const struct side *side,
                 size_t done)
{
    unsigned access = side->kind == TO_BUFFER || side->kind == TO_OBJECT ? ACCESS_READ : ACCESS_WRITE;
    size_t moved = 0;
    bool there = false; // the caller's next byte
    long got;
    for (;;) {
        got = move_once(caller->token, address + moved, length - moved, side, done + moved);
        moved += got > 0 ? (size_t)got : 0;
        if (moved == length || (got <= 0 && there))
            break;
        if (user_prepare(caller, address + moved, 1, access) < 0) {
            got = -EFAULT;
            break;
        }
        there = true;
    }
    return moved > 0 ? (long)moved : got < 0 ? got : -EFAULT;
}

static long run(struct transfer *transfer, const struct side *side, size_t length)
{
    size_t done = 0;
    if (length > transfer->left)
        length = transfer->left;
    while (done < length) {
        unsigned long address;
        size_t part = piece(transfer, length - done, &address);
        long got = transfer->caller ? move(transfer->caller, address, part, side, done)
                                    : move_own(address, part, side, done);
        if (got <= 0)
            return done > 0 ? (long)done : got < 0 ? got : -EFAULT;
        advance(transfer, (size_t)got);
        done += (size_t)got;
        if ((size_t)got < part)
            break;
    }
    return (long)done;
}

// One part, in a caller's memory, and nothing missing: what nearly all reads and writes are.
static bool is_simple(const struct transfer *transfer) { return transfer->caller && !transfer->many; }

static bool moved(struct transfer *transfer, long got, size_t length)
{
    if (got <= 0 || (size_t)got < length)
        return false;
    advance(transfer, length);
    return true;
}

static size_t within(const struct transfer *transfer, size_t length)
{
    return length < transfer->left ? length : transfer->left;
}

long transfer_prepare(struct transfer *transfer, size_t length)
{
    size_t within_part = transfer->within;
    length = within(transfer, length);
    for (unsigned i = transfer->index; transfer->caller && length > 0; i++) {
        const struct linux_iovec *part = transfer->many ? &transfer->many[i] : &transfer->one;
        size_t rest = part->length - within_part, size = rest < length ? rest : length;
        if (size > 0 && user_prepare(transfer->caller, part->base + within_part, size, ACCESS_WRITE) < 0 &&
            transfer->caller->starved)
            return -EFAULT;
        length -= size;
        within_part = 0;
    }
    return 0;
}

long transfer_out(struct transfer *transfer, const void *from, size_t length)
{
    length = within(transfer, length);
    if (is_simple(transfer) && length > 0 &&
        moved(transfer,
              copy_out(transfer->caller->token, 0, from, transfer->one.base + transfer->within, length),
              length))
        return (long)length;
    return run(transfer, &(struct side){ .kind = FROM_BUFFER, .buffer = (char *)(uintptr_t)from }, length);
}

long transfer_in(struct transfer *transfer, void *to, size_t length)
{
    length = within(transfer, length);
    if (is_simple(transfer) && length > 0 &&
        moved(transfer,
              copy_in(transfer->caller->token, 0, to, transfer->one.base + transfer->within, length), length))
        return (long)length;
    return run(transfer, &(struct side){ .kind = TO_BUFFER, .buffer = to }, length);
}

static __attribute__((noinline)) long zero_pieces(struct transfer *transfer, size_t length)
{
    static const char zeroes[4096];
    size_t done = 0;
    while (done < length && transfer->left > 0) {
        size_t part = length - done < sizeof(zeroes) ? length - done : sizeof(zeroes);
        long got = transfer_out(transfer, zeroes, part);
        if (got <= 0)
            return done > 0 ? (long)done : got;
        done += (size_t)got;
    }
    return (long)done;
}

long transfer_zero(struct transfer *transfer, size_t length)
{
    // The only piece of a call that changes nothing else, and a short one, goes with the answer.
    if (is_simple(transfer) && transfer->done == 0 && length == transfer->left && length <= 64) {
        char *room = user_room(transfer->caller, transfer->one.base, length);
        if (room) {
            for (size_t i = 0; i < length; i++)
                room[i] = 0;
            advance(transfer, length);
            return (long)length;
        }
    }
    return zero_pieces(transfer, within(transfer, length));
}

long transfer_object(struct transfer *transfer, handle_t memory, uint64_t offset, size_t length,
                     bool to_object)
{
    struct side side = { .kind = to_object ? TO_OBJECT : FROM_OBJECT, .memory = memory, .offset = offset };
    return run(transfer, &side, length);
}
