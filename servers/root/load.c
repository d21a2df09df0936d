// SPDX-License-Identifier: MIT
// Starts an instance of a server: a space with the program's segments, stack, start page and the handles that
// the manifest gives. Ports, quotas and other lasting things are made once and outlive the instance.
#include "root.h"

#include <elf.h>
#include <errno.h>
#include <heap.h>
#include <printf.h>
#include <random.h>
#include <server.h>
#include <string.h>

// A server's image lies from 4 MiB on, its heap from 5 MiB: what it touches at every call is reached by one page
// table, which saves time after each switch.
#define START_PAGE_ADDRESS 0x4d0000ul
#define MESSAGE_PAGE_ADDRESS 0x4e0000ul
#define STACK_TOP 0x500000ul
#define STACK_BYTES 65536ul
#define READ_WRITE (PROT_READ_BIT | PROT_WRITE_BIT)

_Static_assert(sizeof(struct start_page) <= PAGE_SIZE, "the start page is one page");

int server_prepare(struct server *server)
{
    message_page->wide[0] = 0;
    long quota = KCALL4(quota_create, ROOT_QUOTA, machine_frames * server->percent / 100, 16, 1);
    if (quota < 0)
        return (int)quota;
    server->quota = (handle_t)quota;
    long port = port_create(server->quota);
    server->port = port < 0 ? 0 : (handle_t)port;
    return port < 0 ? (int)port : 0;
}

static struct start_page page; // being filled for the instance that starts

static int give_handle(struct server *server, const char *name, handle_t handle, unsigned rights,
                       uint64_t value)
{
    if (page.handle_count == START_HANDLES)
        return -ENOSPC;
    long index = KCALL3(space_give, server->space, handle, rights);
    if (index < 0)
        return (int)index;
    struct start_handle *entry = &page.handles[page.handle_count++];
    strlcpy(entry->name, name, sizeof(entry->name));
    entry->handle = (handle_t)index;
    entry->value = value;
    return 0;
}

static int give_device(struct server *server, const struct device *device, unsigned n)
{
    char name[24];
    long irq = KCALL2(irq_create, ROOT_SYSTEM, device->irq);
    if (irq < 0)
        return (int)irq;
    snprintf(name, sizeof(name), "irq%u", n);
    int error = give_handle(server, name, (handle_t)irq, RIGHT_ALL, device->irq);
    handle_close((handle_t)irq);
    if (error < 0)
        return error;
    bool ports = device->ioports != 0;
    long window = ports ? KCALL3(ioports_create, ROOT_SYSTEM, device->ioport, device->ioports)
                        : memory_physical(ROOT_SYSTEM, device->address & PAGE_MASK,
                                          PAGE_SIZE + (device->length + (device->address & ~PAGE_MASK) - 1) /
                                                          PAGE_SIZE * PAGE_SIZE,
                                          MEMORY_UNCACHED);
    if (window < 0)
        return (int)window;
    if (ports)
        error = (int)KCALL2(space_add_ioports, server->space, window);
    snprintf(name, sizeof(name), ports ? "ioports%u" : "mmio%u", n);
    if (error >= 0)
        error =
            give_handle(server, name, (handle_t)window, RIGHT_ALL, ports ? device->ioport : device->address);
    handle_close((handle_t)window);
    return error;
}

static int give_devices(struct server *server, const char *kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < device_count; i++) {
        if (strcmp(devices[i].name, kind) != 0)
            continue;
        int error = give_device(server, &devices[i], n++);
        if (error < 0)
            return error;
    }
    return 0;
}

// A memory object with a copy of a file of the archive, in whole pages.
static long file_object(struct give *give)
{
    struct archive_file file;
    int error = archive_find(give->path, &file);
    if (error < 0)
        return error;
    long memory = memory_create(ROOT_QUOTA, file.size, 0, 0);
    if (memory < 0)
        return memory;
    give->value = file.size;
    long done = memory_write((handle_t)memory, 0, file.data, file.size);
    return done == (long)file.size ? memory : done < 0 ? done : -ENOMEM;
}

// The lasting object behind a manifest line, made at the first start.
static long give_object(struct give *give)
{
    struct server *other;
    switch (give->kind) {
    case GIVE_SEND:
        other = server_find(give->path);
        if (!other && strcmp(give->path, "root") != 0)
            return -ENOENT;
        return port_badge(other ? other->port : self_port, 0, RIGHT_SEND | RIGHT_TRANSFER, false);
    case GIVE_FILE: return file_object(give);
    case GIVE_QUOTA:
        return KCALL4(quota_create, ROOT_QUOTA, machine_frames * give->amount / 100, machine_frames, 0);
    case GIVE_HEAP: return memory_create(ROOT_QUOTA, (uint64_t)give->amount << 20, 0, 0);
    case GIVE_ARCHIVE: give->value = archive_size; return ROOT_ARCHIVE;
    case GIVE_SYSTEM: return ROOT_SYSTEM;
    case GIVE_DEVICE: break;
    }
    return -EINVAL;
}

static int give_all(struct server *server)
{
    for (unsigned i = 0; i < server->give_count; i++) {
        struct give *give = &server->gives[i];
        if (give->kind == GIVE_DEVICE) {
            int error = give_devices(server, give->name);
            if (error < 0)
                return error;
            continue;
        }
        if (!give->handle) {
            long handle = give_object(give);
            if (handle < 0)
                return (int)handle;
            give->handle = (handle_t)handle;
        }
        int error = give_handle(server, give->name, give->handle, RIGHT_ALL, give->value);
        if (error < 0)
            return error;
    }
    return 0;
}

static int map_segment(struct server *server, const char *image, const struct elf_program *segment)
{
    unsigned long start = segment->vaddr & PAGE_MASK;
    unsigned long end = (segment->vaddr + segment->memsz + PAGE_SIZE - 1) & PAGE_MASK;
    unsigned protection = (segment->flags & ELF_READ ? PROT_READ_BIT : 0) |
                          (segment->flags & ELF_WRITE ? PROT_WRITE_BIT : 0) |
                          (segment->flags & ELF_EXECUTE ? PROT_EXECUTE_BIT : 0);
    long address = space_map(server->space, start, end - start, READ_WRITE | MAP_FIXED_BIT | MAP_POPULATE_BIT,
                             0, 0, 0, 0);
    if (IS_ERROR(address))
        return (int)address;
    if (segment->filesz && copy_out(0, server->space, image + segment->offset, segment->vaddr,
                                    segment->filesz) != (long)segment->filesz)
        return -ENOMEM;
    return (int)space_protect(server->space, start, end - start, protection);
}

static long map_program(struct server *server)
{
    const struct archive_file *file = &server->program;
    const struct elf_header *header = (const void *)file->data;
    if (file->size < sizeof(*header) || memcmp(header->ident, ELF_IDENT, sizeof(ELF_IDENT) - 1) != 0)
        return -ENOEXEC;
    if (header->phoff + (uint64_t)header->phnum * sizeof(struct elf_program) > file->size)
        return -ENOEXEC;
    const struct elf_program *segments = (const void *)(file->data + header->phoff);
    for (unsigned i = 0; i < header->phnum; i++) {
        if (segments[i].type != ELF_LOAD || segments[i].memsz == 0)
            continue;
        if ((uint64_t)segments[i].offset + segments[i].filesz > file->size ||
            segments[i].filesz > segments[i].memsz)
            return -ENOEXEC;
        int error = map_segment(server, file->data, &segments[i]);
        if (error < 0)
            return error;
    }
    return (long)header->entry;
}

static int fill_start_page(struct server *server)
{
    page = (struct start_page){ .message_page = MESSAGE_PAGE_ADDRESS };
    strlcpy(page.command_line, boot->command_line, sizeof(page.command_line));
    random_bytes(page.entropy, sizeof(page.entropy));
    int error = give_handle(server, "space", server->space, RIGHT_ALL, 0);
    if (error == 0)
        error = give_handle(server, "port", server->port, RIGHT_ALL, 0);
    if (error == 0)
        error = give_handle(server, "quota", server->quota, RIGHT_ALL & ~RIGHT_WRITE, 0);
    return error == 0 ? give_all(server) : error;
}

static int create_task(struct server *server, unsigned long entry)
{
    struct task_start start = {
        .entry = entry,
        .stack = STACK_TOP,
        .argument = START_PAGE_ADDRESS,
        .message_page = MESSAGE_PAGE_ADDRESS,
    };
    long task =
        task_create(server->space, server->quota, self_port, (unsigned long)(server - servers), &start);
    if (task < 0)
        return (int)task;
    server->task = (handle_t)task;
    int error = give_handle(server, "task", server->task, RIGHT_ALL, 0);
    if (error < 0)
        return error;
    if (copy_out(0, server->space, &page, START_PAGE_ADDRESS, sizeof(page)) != sizeof(page))
        return -ENOMEM;
    task_set_schedule(server->task, SCHEDULE_FIXED, server->priority);
    return (int)task_start(server->task);
}

int server_start_instance(struct server *server)
{
    server->task = 0;
    long space = space_create(server->quota);
    if (space < 0)
        return (int)space;
    server->space = (handle_t)space;
    long entry = map_program(server);
    if (IS_ERROR(entry))
        goto fail;
    unsigned flags = READ_WRITE | MAP_FIXED_BIT | MAP_NOREPLACE_BIT | MAP_POPULATE_BIT;
    entry =
        (long)(IS_ERROR(space_map(server->space, STACK_TOP - STACK_BYTES, STACK_BYTES, flags, 0, 0, 0, 0)) ||
                       IS_ERROR(space_map(server->space, START_PAGE_ADDRESS, PAGE_SIZE, flags, 0, 0, 0, 0))
                   ? -ENOMEM
                   : entry);
    if (IS_ERROR(entry))
        goto fail;
    int error = fill_start_page(server);
    if (error == 0)
        error = create_task(server, (unsigned long)entry);
    if (error == 0) {
        server->started_at = clock_monotonic();
        return 0;
    }
    entry = error;
fail:
    server_end_instance(server);
    return (int)entry;
}

void server_end_instance(struct server *server)
{
    if (server->task) {
        task_destroy(server->task);
        handle_close(server->task);
    }
    if (server->space)
        handle_close(server->space);
    server->task = server->space = 0;
}
