// SPDX-License-Identifier: MIT
// The fake kernel and server library under vfs's unit tests. See vfs_fake.h.

#include "vfs_fake.h"
#include <errno.h>
#include <heap.h>
#include <server.h>
#include <stdlib.h>
#include <string.h>
#include "../../servers/vfs/dev.h"
#include "../../servers/vfs/pm_calls.h"
#include "../../servers/vfs/proc.h"
#include "../../servers/vfs/pty.h"
#include "../../servers/vfs/shortage.h"
#include "../../servers/vfs/tmpfs.h"

#define OBJECTS 4096
#define OBJECT_LIMIT (64u << 20)

struct object {
    uint8_t **pages;
    uint64_t size;
    unsigned references;
};

struct fake_reply last_reply;
uint64_t fake_time = 1000000000;
size_t fake_pages_left = 100000;
unsigned fake_memory_objects, fake_blocks;
long fake_pm_result;
unsigned fake_starve;
bool fake_starving;
static struct async_call *asked;

static struct object *handles[OBJECTS];
static struct message_page page;
struct message_page *message_page = &page;
static struct start_page start;
const struct start_page *start_page = &start;
handle_t self_space = 1, self_task = 2, self_quota = 3, self_port = 4;
unsigned heap_failure_countdown;

// --- the library
static void *fail(void) { return NULL; }

void *heap_alloc(size_t size)
{
    if (heap_failure_countdown && --heap_failure_countdown == 0)
        return fail();
    fake_blocks++;
    return calloc(1, size ? size : 1);
}

void *heap_alloc_raw(size_t size) { return heap_alloc(size); }

void *heap_resize(void *block, size_t size)
{
    if (heap_failure_countdown && --heap_failure_countdown == 0)
        return fail();
    fake_blocks += !block;
    return realloc(block, size);
}

void heap_free(void *block)
{
    fake_blocks -= block != NULL;
    free(block);
}

char *heap_string(const char *text)
{
    char *copy = heap_alloc(strlen(text) + 1);
    return copy ? memcpy(copy, text, strlen(text)) : NULL;
}

uint64_t clock_monotonic(void) { return fake_time; }
uint64_t clock_realtime(void) { return fake_time; }
handle_t start_handle(const char *name) { return strcmp(name, "tmpfs") ? 5 : 6; }
void print(const char *format, ...) {}

static bool on_fiber;
bool fiber_current(void) { return on_fiber; }

int fiber_run(void (*fn)(void *), void *argument, bool urgent)
{
    on_fiber = true;
    fn(argument);
    on_fiber = false;
    return 0;
}

handle_t pm_port(void) { return 7; }
void pm_tell(const struct message *message) {}
bool pm_holds_answers(void) { return false; }
bool pm_hold_answer(struct client *client, long result) { return false; }
long pm_ask(unsigned long number, struct message *message)
{
    return on_fiber ? fiber_call(pm_port(), message) : -EFIBER;
}

long fiber_call(handle_t port, struct message *message) { return fake_pm_result; }

void reply_value(token_t token, long value) { last_reply = (struct fake_reply){ token, true, 0, value }; }

// Nothing travels with answers here.
bool reply_waits(void) { return false; }
bool reply_takes(token_t token) { return false; }
void *reply_buffer(void) { return page.data; }
void reply_data(unsigned long address, size_t length) {}

void reply_divert(token_t token, unsigned long reason, long value)
{
    last_reply = (struct fake_reply){ token, true, reason, value };
}

void reply_message(token_t token, const struct message *message) { reply_value(token, message->value); }

// --- memory objects
static uint64_t page_count(uint64_t size) { return (size + PAGE_SIZE - 1) / PAGE_SIZE; }

static uint8_t *page_of(struct object *object, uint64_t index, bool make)
{
    if (!object->pages[index] && make && fake_pages_left > 0) {
        fake_pages_left--;
        object->pages[index] = calloc(1, PAGE_SIZE);
    }
    return object->pages[index];
}

static void free_pages(struct object *object, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i < last; i++) {
        fake_pages_left += object->pages[i] != NULL;
        free(object->pages[i]);
        object->pages[i] = NULL;
    }
}

static long move(struct object *object, uint64_t offset, char *memory, size_t length, bool to_object)
{
    size_t done = 0;
    while (done < length && offset + done < object->size) {
        uint64_t at = offset + done;
        size_t part = PAGE_SIZE - at % PAGE_SIZE;
        if (part > length - done)
            part = length - done;
        uint8_t *bytes = page_of(object, at / PAGE_SIZE, to_object);
        if (to_object && !bytes)
            break;
        if (to_object)
            memcpy(bytes + at % PAGE_SIZE, memory + done, part);
        else if (bytes)
            memcpy(memory + done, bytes + at % PAGE_SIZE, part);
        else
            memset(memory + done, 0, part);
        done += part;
    }
    return (long)done;
}

static long create_object(uint64_t size)
{
    for (handle_t h = 16; h < OBJECTS; h++) {
        if (handles[h])
            continue;
        struct object *object = calloc(1, sizeof(*object));
        object->pages = calloc(page_count(OBJECT_LIMIT), sizeof(*object->pages));
        object->size = size;
        object->references = 1;
        handles[h] = object;
        fake_memory_objects++;
        return h;
    }
    return -ENOMEM;
}

static long close_handle(handle_t h)
{
    struct object *object = handles[h];
    handles[h] = NULL;
    if (object && --object->references == 0) {
        free_pages(object, 0, page_count(OBJECT_LIMIT));
        free(object->pages);
        free(object);
        fake_memory_objects--;
    }
    return 0;
}

static long duplicate_handle(handle_t h)
{
    handle_t to = 16;
    while (handles[to])
        to++;
    handles[to] = handles[h];
    handles[h]->references++;
    return to;
}

static long info(struct object *object)
{
    page.result[0] = object->size;
    page.result[1] = 0;
    for (uint64_t i = 0; i < page_count(OBJECT_LIMIT); i++)
        page.result[1] += object->pages[i] != NULL;
    return 0;
}

long kernel_call(unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long number)
{
    struct object *object = a < OBJECTS ? handles[a] : NULL;
    switch (number) {
    case CALL_memory_create: return create_object(page.wide[0]);
    case CALL_memory_read: return move(object, page.wide[0], (char *)b, c, false);
    case CALL_memory_write: return move(object, page.wide[0], (char *)b, c, true);
    case CALL_memory_resize:
        if (page.wide[0] < object->size)
            free_pages(object, page_count(page.wide[0]), page_count(object->size));
        object->size = page.wide[0];
        return 0;
    case CALL_memory_evict:
        free_pages(object, page.wide[0] / PAGE_SIZE, (page.wide[0] + page.wide[1]) / PAGE_SIZE);
        return 0;
    case CALL_memory_info: return info(object);
    case CALL_handle_close: return close_handle((handle_t)a);
    case CALL_handle_duplicate: return duplicate_handle((handle_t)a);
    case CALL_quota_info:
        page.result[0] = 100000;
        page.result[1] = 100000 - fake_pages_left;
        return 0;
    default: return -ENOSYS;
    }
}

// -> how many of length bytes this copy makes
static size_t copyable(size_t length)
{
    if (fake_starving)
        return 0;
    if (!fake_starve || --fake_starve > 0)
        return length;
    fake_starving = true;
    return length / 2;
}

long copy_prepare(token_t token, handle_t space, unsigned long remote, size_t length, unsigned access)
{
    if (fake_starving)
        return -ENOMEM;
    return remote < PAGE_SIZE ? -EFAULT : 0;
}

long copy_in_all(token_t token, handle_t space, void *to, unsigned long from, size_t length)
{
    bool all = copy_in(token, space, to, from, length) == (long)length;
    return all ? 0 : fake_starving ? -ENOMEM : -EFAULT;
}

long copy_out_all(token_t token, handle_t space, const void *from, unsigned long to, size_t length)
{
    bool all = copy_out(token, space, from, to, length) == (long)length;
    return all ? 0 : fake_starving ? -ENOMEM : -EFAULT;
}

int async_init(struct async_call *async, void (*done)(struct async_call *, const struct message *))
{
    async->done = done;
    return 0;
}

int async_begin(struct async_call *async, handle_t port, const struct message *message)
{
    asked = async;
    async->busy = true;
    return 0;
}

bool fake_memory_back(void)
{
    struct async_call *async = asked;
    fake_starving = false;
    asked = NULL;
    if (!async)
        return false;
    async->busy = false;
    async->done(async, &(struct message){ .value = 1 });
    park_run();
    return true;
}

// Reads what is behind a string's end in its page, as the kernel does.
__attribute__((no_sanitize("address"))) long copy_in(token_t token, handle_t space, void *to,
                                                     unsigned long from, size_t length)
{
    const volatile char *bytes = (const volatile char *)from;
    if (from < PAGE_SIZE)
        return -EFAULT;
    length = copyable(length);
    for (size_t i = 0; i < length; i++)
        ((volatile char *)to)[i] = bytes[i];
    return (long)length;
}

long copy_out(token_t token, handle_t space, const void *from, unsigned long to, size_t length)
{
    if (to < PAGE_SIZE)
        return -EFAULT;
    length = copyable(length);
    memcpy((void *)to, from, length);
    return (long)length;
}

long copy_object(token_t token, handle_t memory, uint64_t offset, unsigned long remote, size_t length,
                 bool to_object)
{
    if (remote < PAGE_SIZE)
        return -EFAULT;
    long done = move(handles[memory], offset, (char *)remote, copyable(length), to_object);
    return done > 0 ? done : to_object ? -ENOMEM : -EFAULT;
}

// --- what other modules have
static struct dentry *mount_nothing(struct file_system *fs, const char *data, int *error)
{
    struct inode *inode = inode_create(fs, S_IFDIR | 0555, 0, 0);
    struct dentry *root = dentry_create(NULL, "/", 1, inode);
    root->parent = root;
    return root;
}
const struct file_system_type proc_type = { "proc", true, 1, mount_nothing };
const struct file_system_type devpts_type = { "devpts", true, 2, mount_nothing };
const struct file_system_type sysfs_type = { "sysfs", true, 3, mount_nothing };

// --- clients
void fake_start(void)
{
    if (root_mount)
        return;
    tmpfs_quota = 6;
    if (shortage_init() < 0 || mount_add(&tmpfs_type, NULL, 0, "root", "mode=755") < 0 || dev_init() < 0)
        abort();
}

struct client *fake_client(struct client *parent, unsigned long flags)
{
    static int next = 1;
    struct client *client = client_create(parent, flags, next, next, (unsigned long)next);
    next++;
    return client;
}

long fake_call(struct client *client, call_handler *handler, unsigned long a, unsigned long b,
               unsigned long c, unsigned long d, unsigned long e, unsigned long f)
{
    static token_t token = 1;
    const unsigned long args[MESSAGE_WORDS] = { a, b, c, d, e, f };
    client->token = ++token;
    client->cancelled = false;
    last_reply.answered = false;
    client_run(client, handler, args);
    if (!last_reply.answered || last_reply.token != token)
        return NO_REPLY;
    struct fake_reply reply = last_reply;
    park_run();
    last_reply = reply;
    return reply.value;
}

bool fake_answered(struct client *client)
{
    last_reply.answered = false;
    timers_expire();
    park_run();
    return client->token == 0;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from), part = length < size ? length : size - 1;
    memcpy(to, from, part);
    to[part] = 0;
    return length;
}
