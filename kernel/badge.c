// SPDX-License-Identifier: MIT
// Badges: the many doors of one port. A badge lives as long as a handle with it, plus until its going has been
// reported if that was asked for. The handles hold the port, so the port outlives its badges.
#include <errno.h>
#include <frame.h>
#include <message.h>
#include <port.h>
#include <task.h>

static struct badge *find(struct port *port, unsigned long value)
{
    list_for_each(badge, &port->badges, struct badge,
                  link) if (badge->value == value && !badge->revoked && badge->references) return badge;
    return NULL;
}

struct badge *badge_get(struct port *port, unsigned long value, bool report)
{
    struct badge *badge = find(port, value);
    if (!badge) {
        badge = kmalloc(port->quota, sizeof *badge);
        if (!badge)
            return NULL;
        badge->port = port;
        badge->value = value;
        list_append(&port->badges, &badge->link);
        list_init(&badge->gone_link);
    }
    badge->report |= report;
    return badge;
}

void badge_free(struct badge *badge)
{
    list_remove(&badge->link);
    list_remove(&badge->gone_link);
    kfree(badge->port->quota, badge, sizeof *badge);
}

void badge_put(struct badge *badge)
{
    struct port *port = badge->port;
    assert(badge->references > 0);
    if (--badge->references > 0)
        return;
    if (!badge->report || badge->revoked || port->dead) {
        badge_free(badge);
        return;
    }
    struct task *receiver = port->receiver;
    if (!receiver) {
        list_append(&port->gone, &badge->gone_link);
        return;
    }
    message_badge_gone(receiver, badge->value);
    badge_free(badge);
    port_wake_receiver(receiver, 0);
}

// Handles with the badge stay where they are, but are dead; a new badge of the same value is another one.
long badge_revoke(struct port *port, unsigned long value)
{
    struct badge *badge = find(port, value);
    if (!badge)
        return -ENOENT;
    badge->revoked = true;
    return 0;
}
