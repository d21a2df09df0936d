// SPDX-License-Identifier: MIT
// Objects of the machine: interrupt lines, ranges of I/O ports, and the system itself.
#pragma once

#include <object.h>
#include <stdbool.h>

struct port;
struct quota;

struct irq {
    struct object object;
    struct quota *quota;
    unsigned line;
    struct port *port; // reference; NULL: not bound
    unsigned long bits;
};

struct ioports {
    struct object object;
    struct quota *quota;
    unsigned first, count;
};

struct irq *irq_create(struct quota *quota, unsigned line, int *error); // EBUSY: somebody has the line
void irq_bind(struct irq *irq, struct port *port, unsigned long bits);
void irq_destroy(struct object *object);
struct ioports *ioports_create(struct quota *quota, unsigned first, unsigned count);
void ioports_destroy(struct object *object);

extern struct object system_object; // HANDLE_SYSTEM: never destroyed
