// SPDX-License-Identifier: MIT
// execve's strings: copied from the caller's memory a piece at a time, so that strings side by side are read at once.
#include "exec.h"
#include "process.h"

#include <errno.h>
#include <heap.h>
#include <string.h>

#define PATH_MAX 4096
#define STACK_DEFAULT (8ul << 20)

// -> the bytes from `address` to the end of their piece; NULL: not readable
static const char *load(struct exec *exec, unsigned long address, size_t *available)
{
    struct piece *piece = &exec->piece;
    unsigned long offset = address % sizeof piece->data, start = address - offset;
    if (!piece->valid || piece->start != start) {
        piece->valid = mm_read(exec->thread->mm, piece->data, start, sizeof piece->data) == 0;
        piece->start = start;
    }
    *available = sizeof piece->data - offset;
    return piece->valid ? piece->data + offset : NULL;
}

static bool reserve(struct strings *strings, size_t more)
{
    if (strings->length + more <= strings->capacity)
        return true;
    size_t capacity = (strings->length + more) * 2;
    char *data = heap_resize(strings->data, capacity);
    if (!data)
        return false;
    strings->data = data;
    strings->capacity = capacity;
    return true;
}

static long copy_string(struct exec *exec, struct strings *to, unsigned long address)
{
    size_t start = to->length;
    for (;;) {
        size_t available;
        const char *from = load(exec, address, &available);
        if (!from)
            return -EFAULT;
        const char *end = memchr(from, '\0', available);
        size_t n = end ? (size_t)(end - from) + 1 : available;
        if (to->length - start + n > ARG_STRING_MAX)
            return -E2BIG;
        if (!reserve(to, n))
            return -ENOMEM;
        memcpy(to->data + to->length, from, n);
        to->length += n;
        if (end)
            break;
        address += n;
    }
    to->count++;
    return 0;
}

// A quarter of the stack limit, at least 128 KiB, at most three quarters of 8 MiB.
static size_t space_for_arguments(const struct exec *exec)
{
    uint64_t limit = exec->thread->process->limits[RLIMIT_STACK].current / 4;
    if (limit > STACK_DEFAULT / 4 * 3)
        limit = STACK_DEFAULT / 4 * 3;
    return limit < ARG_STRING_MAX ? ARG_STRING_MAX : (size_t)limit;
}

long strings_copy(struct exec *exec, struct strings *to, unsigned long pointers)
{
    size_t limit = space_for_arguments(exec);
    for (; pointers; pointers += sizeof(long)) {
        unsigned long address = 0;
        size_t available;
        const char *pointer = load(exec, pointers, &available);
        if (pointer && available >= sizeof address)
            memcpy(&address, pointer, sizeof address);
        else if (mm_read(exec->thread->mm, &address, pointers, sizeof address) < 0)
            return -EFAULT;
        if (!address)
            return 0;
        long error = copy_string(exec, to, address);
        if (error < 0)
            return error;
        size_t total =
            exec->args.length + exec->env.length + (exec->args.count + exec->env.count) * sizeof(long);
        if (total > limit)
            return -E2BIG;
    }
    return 0;
}

long strings_prepend(struct strings *to, const char *text)
{
    size_t size = strlen(text) + 1;
    if (!reserve(to, size))
        return -ENOMEM;
    memmove(to->data + size, to->data, to->length);
    memcpy(to->data, text, size);
    to->length += size;
    to->count++;
    return 0;
}

void strings_drop_first(struct strings *to)
{
    if (to->count == 0)
        return;
    size_t size = strlen(to->data) + 1;
    to->length -= size;
    to->count--;
    memmove(to->data, to->data + size, to->length);
}

void strings_free(struct strings *strings)
{
    heap_free(strings->data);
    *strings = (struct strings){ 0 };
}

char *path_copy(struct exec *exec, unsigned long address, long *error)
{
    struct strings path = { 0 };
    *error = copy_string(exec, &path, address);
    if (*error == -E2BIG || (*error == 0 && path.length > PATH_MAX))
        *error = -ENAMETOOLONG;
    if (*error == 0)
        return path.data;
    strings_free(&path);
    return NULL;
}
