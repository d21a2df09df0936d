// SPDX-License-Identifier: MIT
// The table of clients, their shared contexts, and running the call in hand on the loop's stack or a fiber.

#include "client.h"
#include <errno.h>
#include <heap.h>
#include <server.h>
#include <slots.h>
#include <string.h>
#include "calls.h"
#include "file.h"
#include "pm_calls.h"

#define TID_BUCKETS 256
#define CLIENT_INDEX_BITS 16

static struct slots clients = { .index_bits = CLIENT_INDEX_BITS };
static struct list tids[TID_BUCKETS];
static bool tids_ready;

static struct list *tid_bucket(int tid)
{
    if (!tids_ready) {
        for (unsigned i = 0; i < TID_BUCKETS; i++)
            list_init(&tids[i]);
        tids_ready = true;
    }
    return &tids[(unsigned)tid % TID_BUCKETS];
}

struct client *client_find(unsigned long label) { return slots_find(&clients, CLIENT_INDEX_BITS, label); }

struct client *client_by_tid(int tid)
{
    list_for_each(client, tid_bucket(tid), struct client, tid_link) if (client->tid == tid) return client;
    return NULL;
}

struct client *client_next(unsigned *index) { return slots_next(&clients, index); }

unsigned client_count(void) { return clients.used; }

bool client_in_group(const struct client *client, uint32_t gid)
{
    if (client->identity.fsgid == gid)
        return true;
    for (unsigned i = 0; i < client->identity.group_count && i < CREDENTIAL_GROUPS; i++)
        if (client->identity.groups[i] == gid)
            return true;
    return false;
}

struct fs *fs_create(void)
{
    struct fs *fs = heap_alloc(sizeof(*fs));
    if (!fs)
        return NULL;
    fs->references = 1;
    fs->umask = 022;
    return fs;
}

struct fs *fs_copy(const struct fs *from)
{
    struct fs *fs = fs_create();
    if (!fs)
        return NULL;
    fs->cwd = from->cwd;
    fs->root = from->root;
    fs->umask = from->umask;
    path_get(&fs->cwd);
    path_get(&fs->root);
    return fs;
}

void fs_put(struct fs *fs)
{
    if (--fs->references > 0)
        return;
    path_put(&fs->cwd);
    path_put(&fs->root);
    heap_free(fs);
}

void client_set_exe(struct client *client, const struct path *exe)
{
    if (exe && exe->dentry) {
        path_get(exe);
        exe->dentry->inode->execs++;
    }
    if (client->exe.dentry)
        client->exe.dentry->inode->execs--;
    path_put(&client->exe);
    if (exe)
        client->exe = *exe;
}

// The first process: root directory everywhere, no descriptors, all capabilities until pm says otherwise.
static bool contexts_first(struct client *client)
{
    client->files = files_create();
    client->fs = fs_create();
    if (!client->files || !client->fs)
        return false;
    client->fs->root = client->fs->cwd = (struct path){ root_mount, root_mount->root };
    path_get(&client->fs->root);
    path_get(&client->fs->cwd);
    client->identity.capabilities = ~0ull;
    client->limits = (struct vfs_limits){ .open_files = 1024, .file_size = UINT64_MAX };
    return true;
}

static bool contexts_clone(struct client *client, struct client *parent, unsigned long flags)
{
    client->files = flags & VFS_SHARE_FILES ? parent->files : files_copy(parent->files);
    if (!client->files)
        return false;
    if (flags & VFS_SHARE_FILES)
        client->files->references++;
    client->fs = flags & VFS_SHARE_FS ? parent->fs : fs_copy(parent->fs);
    if (!client->fs)
        return false;
    if (flags & VFS_SHARE_FS)
        client->fs->references++;
    client_set_exe(client, &parent->exe);
    client->identity = parent->identity;
    client->limits = parent->limits;
    client->terminal = parent->terminal;
    return true;
}

static void contexts_put(struct client *client)
{
    if (client->files)
        files_put(client, client->files);
    if (client->fs)
        fs_put(client->fs);
    client_set_exe(client, NULL);
}

struct client *client_create(struct client *parent, unsigned long flags, int tid, int tgid,
                             unsigned long pm_label)
{
    if (!slots_reserve(&clients))
        return NULL;
    struct client *client = heap_alloc(sizeof(*client));
    if (!client)
        return NULL;
    if (parent ? !contexts_clone(client, parent, flags) : !contexts_first(client)) {
        contexts_put(client);
        heap_free(client);
        return NULL;
    }
    client->label = slots_add(&clients, client, ~0ul);
    client->pm_label = pm_label;
    client->tid = tid;
    client->tgid = tgid;
    client->identity.tid = tid;
    client->identity.tgid = tgid;
    client->parked.client = client;
    list_init(&client->held_link);
    list_init(&client->parked.ready);
    list_init(&client->parked.starving);
    list_init(&client->parked.waiter.link);
    list_append(tid_bucket(tid), &client->tid_link);
    return client;
}

void client_end_call(struct client *client)
{
    if (client->on_fiber)
        client->ended = true;
    else
        park_drop(client);
    list_remove(&client->held_link);
    client->token = 0;
}

void client_exit(struct client *client)
{
    park_drop(client);
    list_remove(&client->held_link);
    list_remove(&client->tid_link);
    contexts_put(client);
    slots_remove(&clients, client->label);
    heap_free(client);
}

// The plain case of client_finish.
static bool answer_value(struct client *client, long result)
{
    if (result < 0 || client->divert || !client->token || reply_waits() || pm_holds_answers())
        return false;
    reply_value(client->token, result);
    client->token = 0;
    if (client->store_length) {
        reply_data(client->store_address, client->store_length);
        client->store_length = 0;
    }
    return true;
}

void client_finish(struct client *client, long result)
{
    if (result != NO_REPLY && !pm_hold_answer(client, result))
        client_answer(client, result);
}

void client_answer(struct client *client, long result)
{
    token_t token = client->token;
    unsigned long divert = client->divert;
    client->divert = 0;
    client->token = 0;
    if (!token)
        return;
    if (divert) {
        reply_divert(token, divert, result);
        return;
    }
    reply_value(token, result);
    if (client->store_length && result >= 0)
        reply_data(client->store_address, client->store_length);
    client->store_length = 0;
}

// The thread left while the fiber worked for it: what VFS_EXIT asked for is done now.
static bool client_left(struct client *client)
{
    client->on_fiber = client->cancelled = false;
    if (client->ended) {
        client->ended = false;
        client->divert = 0;
        park_drop(client);
    }
    if (!client->exiting)
        return false;
    token_t token = client->exit_token;
    client_exit(client);
    reply_value(token, 0);
    return true;
}

static long again_if_starved(struct client *client, call_handler *handler,
                             const unsigned long args[MESSAGE_WORDS], long result)
{
    return result == -EFAULT && client->starved ? park_starving(client, handler, args) : result;
}

static void run_on_fiber(void *argument)
{
    struct client *client = argument;
    long result =
        again_if_starved(client, client->handler, client->args, client->handler(client, client->args));
    bool ended = client->ended;
    if (client_left(client) || ended)
        return;
    client_finish(client, result);
    if (client->parked.woken)
        park_wake(client);
    client->parked.woken = false;
}

static __attribute__((noinline)) void run_on(struct client *client, call_handler *handler,
                                             const unsigned long args[MESSAGE_WORDS], long result)
{
    if (result != -EFIBER) {
        client_finish(client, again_if_starved(client, handler, args, result));
        return;
    }
    client->starved = false;
    client->handler = handler;
    memcpy(client->args, args, sizeof(client->args));
    client->on_fiber = true;
    client->ended = false;
    if (fiber_run(run_on_fiber, client, false) < 0) {
        client->on_fiber = false;
        client_finish(client, -ENOMEM);
    }
}

void client_run(struct client *client, call_handler *handler, const unsigned long args[MESSAGE_WORDS])
{
    client->starved = false;
    long result = handler(client, args);
    if (!answer_value(client, result))
        run_on(client, handler, args, result);
}

static int reached(struct client *caller, long error)
{
    caller->starved = caller->starved || error == -ENOMEM;
    return error < 0 ? -EFAULT : 0;
}

int user_prepare(struct client *caller, unsigned long address, size_t length, unsigned access)
{
    return reached(caller, copy_prepare(caller->token, 0, address, length, access));
}

int user_read(struct client *caller, void *to, unsigned long from, size_t length)
{
    return reached(caller, copy_in_all(caller->token, 0, to, from, length));
}

__attribute__((noinline)) int user_write(struct client *caller, unsigned long to, const void *from,
                                         size_t length)
{
    return reached(caller, copy_out_all(caller->token, 0, from, to, length));
}

int user_store(struct client *caller, unsigned long to, const void *from, size_t length)
{
    void *room = user_room(caller, to, length);
    if (!room)
        return user_write(caller, to, from, length);
    memcpy(room, from, length);
    return 0;
}

int user_clear(struct client *caller, unsigned long to, size_t length)
{
    static const char zeroes[256];
    while (length > 0) {
        size_t part = length < sizeof(zeroes) ? length : sizeof(zeroes);
        if (user_write(caller, to, zeroes, part) < 0)
            return -EFAULT;
        to += part;
        length -= part;
    }
    return 0;
}

// Copies up to page ends only, so that a string just before an unmapped page is read whole.
long user_string(struct client *caller, char *to, unsigned long from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t part = PAGE_SIZE - ((from + done) & (PAGE_SIZE - 1));
        if (part > 256)
            part = 256;
        if (part > size - done)
            part = size - done;
        long got = copy_in(caller->token, 0, to + done, from + done, part);
        char *end = got > 0 ? memchr(to + done, 0, (size_t)got) : NULL;
        if (end)
            return end - to;
        done += got > 0 ? (size_t)got : 0;
        if (got < (long)part && user_prepare(caller, from + done, 1, ACCESS_READ) < 0)
            return -EFAULT;
    }
    return -ENAMETOOLONG;
}
