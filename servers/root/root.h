// SPDX-License-Identifier: MIT
// Root's record of each server. manifest.c fills it from the manifest, load.c starts instances from it.
#pragma once

#include "archive.h"

#include <devices.h>
#include <kernel.h>
#include <stdint.h>

#define SERVERS 16
#define DEVICES_MAX 64
#define SERVER_GIVES 24

enum give_kind { GIVE_SEND, GIVE_FILE, GIVE_ARCHIVE, GIVE_SYSTEM, GIVE_DEVICE, GIVE_QUOTA, GIVE_HEAP };

// One line of the manifest: something an instance is given. Handles are made once and kept for restarts.
struct give {
    enum give_kind kind;
    char name[24];
    char path[64];   // file of the archive; the server that a send handle reaches
    unsigned amount; // percent, MiB
    handle_t handle; // made at the first start
    uint64_t value;
};

struct server {
    char name[24];
    unsigned priority, percent;
    bool restart;
    struct give gives[SERVER_GIVES];
    unsigned give_count;
    handle_t port, quota;
    struct archive_file program; // in the archive, or a copy for servers that can be restarted
    handle_t space, task;        // the running instance
    unsigned restarts;
    uint64_t started_at;
};

extern struct server servers[SERVERS];
extern unsigned server_count;
extern uint64_t machine_frames;
extern const char *archive;
extern size_t archive_size;
extern const struct boot_page *boot;
extern struct device devices[DEVICES_MAX];
extern unsigned device_count;

int manifest_read(const char *text, size_t size); // -EINVAL: said in the log
struct server *server_find(const char *name);
int server_prepare(struct server *server); // port and quota, before any server starts
int server_start_instance(struct server *server);
void server_end_instance(struct server *server);
