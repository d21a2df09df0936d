// SPDX-License-Identifier: MIT
// Files of /proc: text made when it is read from the start and kept while the file is open, so that a reader in
// steps sees one state.
#include "proc.h"

#include <errno.h>
#include <heap.h>
#include <printf.h>
#include <server.h>
#include <string.h>
#include "pm_calls.h"
#include "tty.h"

#define WRITE_LIMIT 256u

static bool make_room(struct proc_text *text, size_t size)
{
    if (size <= text->size)
        return true;
    size_t grown = text->size ? text->size : 1024;
    while (grown < size)
        grown *= 2;
    char *bytes = heap_resize(text->bytes, grown);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->size = grown;
    return true;
}

void proc_print(struct proc_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (make_room(text, text->length + (size_t)length + 1)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

// What pm writes. It may be longer than the room it was given: then asked again.
static int text_from_pm(struct client *caller, struct inode *inode, struct proc_text *text)
{
    size_t room = 2048;
    for (int attempt = 0; attempt < 8; attempt++) {
        if (!make_room(text, room))
            return -ENOMEM;
        struct client *subject = proc_client(inode);
        const struct tty *tty = subject ? tty_of(subject) : NULL;
        struct message message = { .args = { (unsigned long)inode->proc.pid,
                                             (unsigned long)(proc_node(inode)->file - 1),
                                             tty ? tty->device : 0, tty ? (unsigned long)tty->group : 0 } };
        message.writable = (struct window){ (unsigned long)text->bytes, text->size };
        long length = pm_ask(PM_PROC_READ, &message);
        if (length < 0)
            return (int)length;
        text->length = (size_t)length;
        if (text->length <= text->size)
            return 0;
        room = text->length + text->length / 4;
    }
    return -EAGAIN;
}

// Replaces the file's text. A new one is made apart from it: while pm writes, another thread may read the file.
static int make_text(struct client *caller, struct inode *inode, struct proc_text *text)
{
    const struct proc_node *node = proc_node(inode);
    struct proc_text made = { 0 };
    int error = node->text   ? node->text(caller, inode, &made)
                : node->file ? text_from_pm(caller, inode, &made)
                             : -EINVAL;
    if (error == 0 && made.failed)
        error = -ENOMEM;
    if (error < 0) {
        heap_free(made.bytes);
        return error;
    }
    heap_free(text->bytes);
    *text = made;
    return 0;
}

static struct proc_text *text_of(struct file *file)
{
    if (!file->state)
        file->state = heap_alloc(sizeof(struct proc_text));
    return file->state;
}

static long proc_read(struct client *caller, struct file *file, struct transfer *transfer, uint64_t *position)
{
    struct proc_text *text = text_of(file);
    if (!text)
        return -ENOMEM;
    if (*position == 0 || !text->bytes) { // bytes: NULL if never read, or if empty
        int error = make_text(caller, file->inode, text);
        if (error < 0)
            return error;
    }
    if (*position >= text->length)
        return 0;
    long got = transfer_out(transfer, text->bytes + *position, text->length - (size_t)*position);
    if (got < 0)
        return got;
    *position += (uint64_t)got;
    return 0;
}

static long write_to_pm(const struct inode *inode, const char *line, size_t length)
{
    struct message message = { .args = { (unsigned long)inode->proc.pid,
                                         (unsigned long)(proc_node(inode)->file - 1) } };
    message.readable = (struct window){ (unsigned long)line, length };
    return pm_ask(PM_PROC_WRITE, &message);
}

static long proc_write(struct client *caller, struct file *file, struct transfer *transfer,
                       uint64_t *position)
{
    const struct proc_node *node = proc_node(file->inode);
    char line[WRITE_LIMIT + 1] = "";
    if ((!node->file && !node->write) || transfer->left > WRITE_LIMIT)
        return -EINVAL;
    if (node->file && !fiber_current())
        return -EFIBER; // before the bytes are taken
    long length = transfer_in(transfer, line, transfer->left);
    if (length <= 0)
        return length;
    long result = node->file ? write_to_pm(file->inode, line, (size_t)length) : node->write(line);
    if (result < 0) {
        transfer->done = 0; // nothing counts as written
        return result;
    }
    *position += (uint64_t)length;
    return 0;
}

static void proc_release(struct file *file)
{
    struct proc_text *text = file->state;
    if (!text)
        return;
    heap_free(text->bytes);
    heap_free(text);
}

const struct file_operations proc_file_operations = {
    .read = proc_read,
    .write = proc_write,
    .release = proc_release,
    .seekable = true,
};
