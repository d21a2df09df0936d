// SPDX-License-Identifier: MIT
// Root: the first server. Starts the others by the manifest, holds their ports and quotas, hears when one
// fails, and starts a new instance or stops the system.
#include "root.h"

#include <errno.h>
#include <heap.h>
#include <printf.h>
#include <protocol_root.h>
#include <random.h>
#include <server.h>
#include <string.h>

#define STATUS_SERVER_FAILED 102    // QEMU's exit status when a server that cannot be restarted fails
#define RESTART_PAUSE 1000000000ull // an instance that failed sooner than this after its start ...
#define RESTART_LIMIT 5             // ... more often than this is given up

uint64_t machine_frames;
const char *archive;
size_t archive_size;
const struct boot_page *boot;
struct device devices[DEVICES_MAX];
unsigned device_count;

_Noreturn static void stop(int status)
{
    for (;;)
        KCALL3(system_power, ROOT_SYSTEM, POWER_OFF, status);
}

static const void *map_object(handle_t memory, size_t size)
{
    long address = space_map(self_space, 0xA0000000ul, (size + PAGE_SIZE - 1) & PAGE_MASK,
                             PROT_READ_BIT | MAP_SHARED_BIT | MAP_BELOW_BIT, memory, 0, 0, 0);
    if (IS_ERROR(address)) {
        print("root: cannot map a boot object: %ld\n", address);
        stop(STATUS_SERVER_FAILED);
    }
    return (const void *)address;
}

static void read_boot_objects(void)
{
    boot = map_object(ROOT_BOOT, sizeof(*boot));
    archive_size = boot->archive_bytes;
    archive = map_object(ROOT_ARCHIVE, archive_size);
    archive_read(archive, archive_size);
    const void *tree = boot->devices_bytes ? map_object(ROOT_DEVICES, boot->devices_bytes) : NULL;
    int count = devices_find(tree, boot->devices_bytes, boot->command_line, devices, DEVICES_MAX);
    random_init(boot->entropy);
    random_stir(boot->entropy + RANDOM_SEED_BYTES, sizeof(boot->entropy) - RANDOM_SEED_BYTES);
    device_count = count < 0 ? 0 : (unsigned)count;
    machine_frames = boot->memory_bytes / PAGE_SIZE;
}

// The program of a server that can be restarted is kept; the archive goes once everybody has what it needs.
static int find_program(struct server *server)
{
    char path[64];
    snprintf(path, sizeof(path), "boot/%s", server->name);
    int error = archive_find(path, &server->program);
    if (error < 0 || !server->restart)
        return error;
    char *copy = heap_alloc(server->program.size);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, server->program.data, server->program.size);
    server->program.data = copy;
    return 0;
}

static int start_all(void)
{
    for (unsigned i = 0; i < server_count; i++) {
        int error = server_prepare(&servers[i]);
        if (error == 0)
            error = find_program(&servers[i]);
        if (error < 0) {
            print("root: %s cannot be prepared: error %d\n", servers[i].name, -error);
            return error;
        }
    }
    for (unsigned i = 0; i < server_count; i++) {
        int error = server_start_instance(&servers[i]);
        if (error < 0) {
            print("root: %s cannot be started: error %d\n", servers[i].name, -error);
            return error;
        }
    }
    return 0;
}

static void release_archive(void)
{
    space_unmap(self_space, (unsigned long)archive, (archive_size + PAGE_SIZE - 1) & PAGE_MASK);
    handle_close(ROOT_ARCHIVE);
}

static void server_failed(struct server *server)
{
    bool quick = clock_monotonic() - server->started_at < RESTART_PAUSE;
    server_end_instance(server);
    if (!server->restart) {
        print("panic: server %s failed\n", server->name);
        stop(STATUS_SERVER_FAILED);
    }
    server->restarts++;
    if (quick && server->restarts > RESTART_LIMIT) {
        print("root: %s fails again and again; given up\n", server->name);
        return;
    }
    int error = server_start_instance(server);
    print("root: %s restarted: %d\n", server->name, error);
}

static void on_fault(const struct message *message)
{
    if (message->label >= server_count)
        return;
    struct server *server = &servers[message->label];
    print("root: %s: fault %lu at %#lx, pc %#lx\n", server->name, message->number, message->args[0],
          message->args[1]);
    server_failed(server);
}

static long list_servers(const struct message *message)
{
    char text[1024];
    int length = 0;
    for (unsigned i = 0; i < server_count && length < (int)sizeof(text); i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s %s %u\n", servers[i].name,
                           servers[i].task ? "running" : "ended", servers[i].restarts);
    size_t size = length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1;
    if (size > message->writable.length)
        size = message->writable.length;
    return copy_out(message->token, 0, text, message->writable.base, size);
}

static long restart(const struct message *message)
{
    char name[24] = { 0 };
    size_t length = message->readable.length;
    if (length >= sizeof(name))
        return -ENOENT;
    long copied = copy_in(message->token, 0, name, message->readable.base, length);
    if (copied < 0)
        return copied;
    struct server *server = server_find(name);
    if (!server)
        return -ENOENT;
    if (!server->restart)
        return -EPERM;
    server_failed(server);
    return 0;
}

static void on_call(const struct message *message)
{
    switch (message->number) {
    case ROOT_POWER: KCALL3(system_power, ROOT_SYSTEM, message->args[0], message->args[1]); break;
    case ROOT_SERVERS: reply_value(message->token, list_servers(message)); break;
    case ROOT_RESTART: reply_value(message->token, restart(message)); break;
    default: reply_value(message->token, -ENOSYS);
    }
}

int main(void)
{
    static const struct server_handlers handlers = { .call = on_call, .fault = on_fault };
    struct archive_file manifest;
    read_boot_objects();
    long port = port_create(ROOT_QUOTA);
    self_port = port < 0 ? 0 : (handle_t)port;
    if (port < 0 || archive_find("boot/manifest", &manifest) < 0 ||
        manifest_read(manifest.data, manifest.size) < 0 || start_all() < 0) {
        print("panic: root cannot start the system\n");
        stop(STATUS_SERVER_FAILED);
    }
    release_archive();
    server_loop(&handlers);
}
