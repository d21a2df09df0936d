// SPDX-License-Identifier: MIT
// Interrupt lines and ranges of I/O ports as objects. A line that fired stays masked until its driver's irq_ack.
#include <arch.h>
#include <errno.h>
#include <frame.h>
#include <irq.h>
#include <port.h>

#define IRQ_LIMIT 256u

static struct irq *lines[IRQ_LIMIT];

struct object system_object = { .references = 1, .type = HANDLE_SYSTEM };

struct irq *irq_create(struct quota *quota, unsigned line, int *error)
{
    *error = -EINVAL;
    if (line >= arch_irq_lines() || line >= IRQ_LIMIT || arch_irq_reserved(line))
        return NULL;
    *error = -EBUSY;
    if (lines[line])
        return NULL;
    *error = -ENOMEM;
    struct irq *irq = kmalloc(quota, sizeof *irq);
    if (!irq)
        return NULL;
    object_init(&irq->object, HANDLE_IRQ);
    object_get(&quota->object);
    irq->quota = quota;
    irq->line = line;
    lines[line] = irq;
    return irq;
}

void irq_bind(struct irq *irq, struct port *port, unsigned long bits)
{
    struct port *old = irq->port;
    object_get(&port->object);
    irq->port = port;
    irq->bits = bits;
    if (old)
        object_put(&old->object);
    else
        arch_irq_unmask(irq->line);
}

void irq_destroy(struct object *object)
{
    struct irq *irq = (struct irq *)object;
    struct quota *quota = irq->quota;
    arch_irq_mask(irq->line);
    lines[irq->line] = NULL;
    if (irq->port)
        object_put(&irq->port->object);
    kfree(quota, irq, sizeof *irq);
    object_put(&quota->object);
}

void trap_irq(unsigned line)
{
    struct irq *irq = line < IRQ_LIMIT ? lines[line] : NULL;
    if (irq && irq->port)
        port_notify(irq->port, irq->bits);
}

struct ioports *ioports_create(struct quota *quota, unsigned first, unsigned count)
{
    struct ioports *ioports = kmalloc(quota, sizeof *ioports);
    if (!ioports)
        return NULL;
    object_init(&ioports->object, HANDLE_IOPORTS);
    object_get(&quota->object);
    ioports->quota = quota;
    ioports->first = first;
    ioports->count = count;
    return ioports;
}

void ioports_destroy(struct object *object)
{
    struct ioports *ioports = (struct ioports *)object;
    struct quota *quota = ioports->quota;
    kfree(quota, ioports, sizeof *ioports);
    object_put(&quota->object);
}
