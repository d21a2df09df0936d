// SPDX-License-Identifier: MIT
// Character devices by number, and the nodes of /dev.
#pragma once

#include "file.h"

#define MEMORY_MAJOR 1
#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define PTS_MAJOR 136
#define PORT_MAJOR 250
#define TTY_GROUP 5

struct device_class {
    unsigned major;
    int (*open)(struct client *caller, struct file *file); // gives file its operations; -ENXIO: no such minor
    struct list link;
};
void device_register(struct device_class *class);
int device_open(struct client *caller, struct file *file);

// Makes a node in /dev; directories on the way are made. -> 0 or an error
int device_node(const char *name, uint32_t mode, uint32_t device, uint32_t gid);
int dev_init(void);
